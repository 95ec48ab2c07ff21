"""The request that every subject answers, as each takes it, and what a good answer to it is."""

import json
from typing import Any

from local.request import HttpRequest
from local.request import event as http_api_event

MODERN = "2026-07-28"
# What all of them speak.
COMMON = "2025-11-25"
_PATH = "/mcp"


class AnswerError(Exception):
    """An answer that is not a good one: its time would say nothing."""


def message(method: str, revision: str = COMMON, **params: Any) -> dict[str, Any]:
    """Return a JSON-RPC request of a client that speaks a revision of the protocol."""
    if revision == MODERN:
        keys = ("io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities")
        params["_meta"] = dict(zip(keys, (revision, {}), strict=True))
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


ADD = message("tools/call", name="add", arguments={"a": 2, "b": 3})
SUM = "5"
NOTHING = b"null"


def over_http(request: dict[str, Any], host: str) -> bytes:
    """Return the event that an HTTP API makes of a JSON-RPC request to `host`."""
    params = request["params"]
    revision = params.get("_meta", {}).get("io.modelcontextprotocol/protocolVersion", COMMON)
    headers = {
        "host": host,
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": revision,
    }
    if revision == MODERN:
        headers |= {"mcp-method": request["method"], **({"mcp-name": params["name"]} if "name" in params else {})}
    return _event("POST", _PATH, headers, json.dumps(request).encode())


def document(path: str, host: str) -> bytes:
    """Return the event that an HTTP API makes of a request for a document at `host`."""
    return _event("GET", path, {"host": host, "accept": "application/json"}, b"")


def by_invocation(request: dict[str, Any]) -> bytes:
    """Return the event that a JSON-RPC request is by itself."""
    return json.dumps(request).encode()


def text_of(answer: bytes) -> str:
    """Return the text that a call's result begins with, whatever the answer is wrapped in.

    Raises:
        AnswerError: If it is not the result of a call that went well.
    """
    try:
        result = result_of(answer)
        if not result.get("isError"):
            return str(result["content"][0]["text"])
    except (IndexError, KeyError, TypeError) as error:
        raise AnswerError(f"This is no result of a tool: {answer[:1000]!r}") from error
    raise AnswerError(f"The tool failed: {answer[:1000]!r}")


def result_of(answer: bytes) -> dict[str, Any]:
    """Return the result of a JSON-RPC response that came by itself, as JSON over HTTP, or as a server-sent event.

    Raises:
        AnswerError: If it is none.
    """
    try:
        found = json.loads(answer)
        if "statusCode" in found:
            body = found["body"]
            events = [line.removeprefix("data: ") for line in body.splitlines() if line.startswith("data: {")]
            found = json.loads(events[-1] if events else body)
        result = found["result"]
    except (ValueError, KeyError, TypeError) as error:
        raise AnswerError(f"This is no JSON-RPC result: {answer[:1000]!r}") from error
    if not isinstance(result, dict):
        raise AnswerError(f"This is no JSON-RPC result: {answer[:1000]!r}")
    return result


def _event(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    request = HttpRequest(method, path, path, "", "HTTP/1.1", "https", "192.0.2.1", headers, (), 0, body)
    claims = {"sub": "benchmark", "client_id": "benchmark", "scope": "mcp/invoke"}
    context = {
        "apiId": headers["host"].partition(".")[0],
        "routeKey": f"{method} {path}",
        "requestId": "benchmark",
        "authorizer": {"jwt": {"claims": claims, "scopes": ["mcp/invoke"]}},
    }
    return json.dumps(http_api_event(request, context, {})).encode()
