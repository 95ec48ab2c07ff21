"""The events of HTTP APIs and function URLs, and the responses to them: payload format 2.0.

Source: "Create AWS Lambda proxy integrations for HTTP APIs" in the API Gateway developer guide.
"""

import base64
import json
from http import HTTPStatus
from typing import Any, TypedDict
from urllib.parse import unquote

from mcp.types import INTERNAL_ERROR, INVALID_REQUEST
from starlette.types import Scope

import limits


class Response(TypedDict):
    """A Lambda proxy response, payload format 2.0."""

    statusCode: int
    headers: dict[str, str]
    body: str
    isBase64Encoded: bool


class NotHttpError(ValueError):
    """An event that is no HTTP request; the text says so to whoever sent it."""


def request(event: Any) -> tuple[Scope, bytes]:
    """Return the ASGI scope of an event, and its body.

    Raises:
        NotHttpError: If a member is missing or mistyped.
    """
    try:
        return _request(event)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise NotHttpError("This is not an HTTP request of payload format 2.0.") from None


def _request(event: Any) -> tuple[Scope, bytes]:
    http = event["requestContext"]["http"]
    headers = [
        (name.lower().encode("latin-1", "replace"), value.strip().encode("latin-1", "replace"))
        for name, value in (event.get("headers") or {}).items()
    ]
    body = event.get("body") or ""
    path = event["rawPath"]
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": http["method"].upper(),
        "scheme": "https",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": (event.get("rawQueryString") or "").encode(),
        "root_path": "",
        "headers": headers,
        "client": None,
        "server": None,
    }
    return scope, base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


def response(status: int, raw_headers: list[tuple[bytes, bytes]], content: bytes) -> Response:
    """Return the response with this body, in base64 if it is not text."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw_headers}
    try:
        body, encoded = content.decode(), False
    except UnicodeDecodeError:
        body, encoded = base64.b64encode(content).decode(), True
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": encoded}


def content(answer: Response) -> bytes:
    """Return the body of a response as it goes over the wire."""
    return base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()


def _json(status: int, content: dict[str, Any]) -> Response:
    return response(status, [(b"content-type", b"application/json")], json.dumps(content).encode())


def error(status: int, message: str, code: int | None = None) -> Response:
    """Return a JSON-RPC error that belongs to no request; `code` is by `status` unless it is given."""
    if code is None:
        code = INTERNAL_ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else INVALID_REQUEST
    return _json(status, {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}})


def bounded(answer: Response, request_body: bytes, added: int = 0) -> Response:
    """Return `answer`, or what stands for one that Lambda would drop: the model reads it if it called a tool.

    Args:
        answer: The answer to a JSON-RPC request.
        request_body: The request.
        added: How many bytes are added to the answer before Lambda has it.
    """
    if len(answer["body"]) < limits.SURELY_SMALL:
        return answer
    size = limits.size(answer) + added
    if size <= limits.MAX_RESPONSE_BYTES:
        return answer
    call = json.loads(request_body)
    return _json(200, limits.too_large(call["method"], call["id"], size))
