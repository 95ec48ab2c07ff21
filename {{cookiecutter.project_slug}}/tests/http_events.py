"""HTTP events for the tests, and what comes back in their responses."""

import base64
import json
from typing import Any

Event = dict[str, Any]
MODERN = "2026-07-28"


def http_event(body: str | bytes | None, *, method: str = "POST", **headers: str) -> Event:
    """Return an event of payload format 2.0, as an HTTP API or a function URL sends it."""
    encoded = isinstance(body, bytes)
    return {
        "version": "2.0",
        "routeKey": f"{method} /mcp",
        "rawPath": "/mcp",
        "rawQueryString": "",
        "headers": {
            "host": "mcp.example.com",
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
        "requestContext": {
            "domainName": "mcp.example.com",
            "http": {"method": method, "path": "/mcp"},
        },
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": encoded,
    }


def rpc_event(rpc_method: str, version: str = MODERN, **params: Any) -> Event:
    """Return the event of one JSON-RPC request, as a client of that protocol revision sends it."""
    headers = {"mcp_protocol_version": version}
    if version == MODERN:
        headers |= {"mcp_method": rpc_method}
        if name := params.get("name", params.get("uri")):
            headers |= {"mcp_name": name}
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
            **params.get("_meta", {}),
        }
    request = {"jsonrpc": "2.0", "id": 7, "method": rpc_method, "params": params}
    return http_event(json.dumps(request), **headers)


def messages(response: Any) -> list[dict[str, Any]]:
    """Return the JSON-RPC messages of a response, which are one JSON body or a stream of server-sent events."""
    if response["headers"]["content-type"].startswith("application/json"):
        return [json.loads(response["body"])]
    lines = response["body"].splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
