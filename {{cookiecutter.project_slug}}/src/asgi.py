"""Runs an ASGI application on Lambda: an HTTP API event (payload format 2.0) in, its response out.

Mangum would enter the session manager's lifespan at every invocation, which the MCP SDK forbids, and would raise on an
event that it does not know. Here one event loop and one lifespan live as long as the execution environment.
"""

import asyncio
import base64
import json
import logging
from http import HTTPStatus
from typing import Any, TypedDict
from urllib.parse import unquote

from aws_lambda_powertools.utilities.typing import LambdaContext
from mcp_types import INTERNAL_ERROR, INVALID_REQUEST
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_logger = logging.getLogger(__name__)

# "Lambda quotas": the most bytes that a synchronous invocation may answer with.
MAX_RESPONSE_BYTES = 6_291_556
# JSON makes at most six bytes of one (a control character), so a body below this need not be measured.
_SURELY_SMALL_BYTES = MAX_RESPONSE_BYTES // 6 - 10_000
# What is left of the function's time when a call is cut off: enough to cancel it and to say so.
_FAREWELL_SECONDS = 1.0


class Response(TypedDict):
    """A Lambda proxy response, payload format 2.0."""

    statusCode: int
    headers: dict[str, str]
    body: str
    isBase64Encoded: bool


class PostOnly:
    """Answers 405 to every method but POST.

    The SDK's stateless transport would answer a GET with a stream that never ends, and bill it until the timeout.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http" or scope["method"] == "POST":
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 405, "headers": [(b"allow", b"POST")]})
        await send({"type": "http.response.body", "body": b""})


class LambdaAsgi:
    """An ASGI application as a Lambda handler; made once, at init."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._start())

    def __call__(self, event: Any, context: LambdaContext) -> Response:
        """Serve one event. Whatever the event holds, the answer is a response, never an exception.

        Args:
            event: An HTTP API or function URL event, payload format 2.0.
            context: The invocation's context; its remaining time bounds the call.
        """
        try:
            scope, body = _request(event)
        except (AttributeError, KeyError, TypeError, ValueError):
            return _error(400, "This is not an HTTP request as API Gateway sends it (payload format 2.0).")
        seconds = context.get_remaining_time_in_millis() / 1000 - _FAREWELL_SECONDS
        response = self._loop.run_until_complete(self._serve(scope, body, seconds))
        if len(response["body"]) > _SURELY_SMALL_BYTES:
            size = len(json.dumps(response, ensure_ascii=False).encode())
            if size > MAX_RESPONSE_BYTES:
                return _too_large(body, size)
        return response

    async def _start(self) -> None:
        incoming: asyncio.Queue[Message] = asyncio.Queue()
        outgoing: asyncio.Queue[Message] = asyncio.Queue()
        incoming.put_nowait({"type": "lifespan.startup"})
        # The reference keeps the lifespan from being collected, which would shut the session manager down.
        self._lifespan = asyncio.ensure_future(
            self._app({"type": "lifespan", "asgi": {"version": "3.0"}}, incoming.get, outgoing.put)
        )
        started = await outgoing.get()
        if started["type"] != "lifespan.startup.complete":
            raise RuntimeError(f"The application did not start: {started.get('message')}")

    async def _serve(self, scope: Scope, body: bytes, seconds: float) -> Response:
        requests: asyncio.Queue[Message] = asyncio.Queue()
        requests.put_nowait({"type": "http.request", "body": body, "more_body": False})
        start: Message = {}
        chunks: list[bytes] = []

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))

        call = asyncio.ensure_future(self._app(scope, requests.get, send))
        done, _ = await asyncio.wait({call}, timeout=max(seconds, 0))
        if not done:
            call.cancel()
            await asyncio.wait({call}, timeout=_FAREWELL_SECONDS / 4)
            return _error(504, "The call took longer than this server may run. Ask for less at a time.")
        if failure := call.exception():
            _logger.error("The application failed", exc_info=failure)
        if not start:
            return _error(500, "The server failed; its log says why.")
        return _response(start["status"], start["headers"], b"".join(chunks))


def _request(event: Any) -> tuple[Scope, bytes]:
    """Return the ASGI scope and the body; raise what a missing or mistyped member raises."""
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


def _response(status: int, raw_headers: list[tuple[bytes, bytes]], content: bytes) -> Response:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw_headers}
    try:
        body, encoded = content.decode(), False
    except UnicodeDecodeError:
        body, encoded = base64.b64encode(content).decode(), True
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": encoded}


def _json(status: int, content: dict[str, Any]) -> Response:
    body = json.dumps({"jsonrpc": "2.0", **content})
    return _response(status, [(b"content-type", b"application/json")], body.encode())


def _error(status: int, message: str) -> Response:
    code = INTERNAL_ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else INVALID_REQUEST
    return _json(status, {"id": None, "error": {"code": code, "message": message}})


def _too_large(request_body: bytes, size: int) -> Response:
    """Answer instead of a result that Lambda would drop: the model reads it if it called a tool."""
    request = json.loads(request_body)
    message = f"The result has {size:,} bytes, and Lambda carries {MAX_RESPONSE_BYTES:,}. Ask for less at a time."
    if request["method"] == "tools/call":
        result = {"content": [{"type": "text", "text": message}], "isError": True, "resultType": "complete"}
        return _json(200, {"id": request["id"], "result": result})
    return _json(200, {"id": request["id"], "error": {"code": INTERNAL_ERROR, "message": message}})
