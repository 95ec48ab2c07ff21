"""Serves one request to an ASGI application, and sends its response while it is being made."""

import json
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

import envelope
import events
import limits
import serving

# More than the adapter puts before a response on its way to Lambda: its status and headers.
_MOST_BYTES = limits.MAX_STREAM_BYTES - 2_000
_JSON = [(b"content-type", b"application/json")]


async def streamed(app: ASGIApp, scope: Scope, receive: Receive, send: Send, seconds: float) -> None:
    """Serve one request; a response that is late, or larger than Lambda carries, says so."""
    body = await whole_body(receive)
    response = _Response(body, send)
    if envelope.body_lacks_id(body):
        await response.end(400, _error(400, envelope.REFUSAL))
        return
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        # After the body, what comes is that the client has gone.
        return first.pop() if first else await receive()

    if not await serving.finished(app(scope, received, response.send), seconds):
        await response.end_late()


async def whole_body(receive: Receive) -> bytes:
    """Return the body of a request."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    return bytes(body)


class _Response:
    """A response that starts with the first of its body, so that until then it can still become another one."""

    def __init__(self, request_body: bytes, send: Send) -> None:
        self._request_body = request_body
        self._send = send
        self._start: Message | None = None
        self._size = 0
        self._started = self._ended = False

    async def send(self, message: Message) -> None:
        """Take the next message of the application; what comes after the end is dropped."""
        if self._ended:
            return
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._size += len(message.get("body", b""))
        if self._size > _MOST_BYTES:
            call = json.loads(self._request_body)
            await self.end(200, limits.too_large(call["method"], call["id"], self._size, _MOST_BYTES))
            return
        if self._start and not self._started:
            self._started = True
            await self._send(self._start)
        await self._send(message)

    async def end_late(self) -> None:
        """Say that the call has taken too long, unless all has been said."""
        if not self._ended:
            late = _error(504, serving.TOO_LATE)
            await self.end(504, late | ({"id": json.loads(self._request_body).get("id")} if self._started else {}))

    async def end(self, status: int, answer: dict[str, Any]) -> None:
        """Send a JSON-RPC message as the last, or as all, of the response; `status` is for one that has not begun."""
        self._ended = True
        content = json.dumps(answer)
        if self._started:
            # It has begun as a stream of events, and as a 200, so what is wrong comes as its last event.
            content = f"event: message\r\ndata: {content}\r\n\r\n"
        else:
            await self._send({"type": "http.response.start", "status": status, "headers": _JSON})
        await self._send({"type": "http.response.body", "body": content.encode()})


def _error(status: int, message: str) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(events.error(status, message)["body"])
    return error
