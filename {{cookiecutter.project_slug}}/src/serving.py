"""Serves one request to an ASGI application within the time that the function has."""

import asyncio
import logging
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Scope

import envelope
import events
import limits
from events import Response

_logger = logging.getLogger(__name__)

# What is left of the function's time when a call is cut off: enough to cancel it and to say so.
FAREWELL_SECONDS = 1.0
TOO_LATE = "The call took longer than this server may run. Ask for less at a time."


async def finished(serving: Awaitable[None], seconds: float) -> bool:
    """Return whether `serving` came to its end within `seconds`; what did not is cancelled, what failed is logged.

    `limits.remaining_seconds()` tells it of the time.
    """
    with limits.lasting(seconds):
        call = asyncio.ensure_future(serving)
    try:
        done, _ = await asyncio.wait({call}, timeout=max(seconds, 0))
    except asyncio.CancelledError:
        # Whoever waited is gone; a tool must not go on for nobody.
        call.cancel()
        raise
    if not done:
        call.cancel()
        await asyncio.wait({call}, timeout=FAREWELL_SECONDS / 4)
    elif failure := call.exception():
        _logger.error("The application failed", exc_info=failure)
    return bool(done)


async def buffered(app: ASGIApp, scope: Scope, body: bytes, seconds: float) -> Response:
    """Return the whole response to a request, of whatever size; one that is late says so."""
    if envelope.body_lacks_id(body):
        return events.error(400, envelope.REFUSAL)
    requests: asyncio.Queue[Message] = asyncio.Queue()
    requests.put_nowait({"type": "http.request", "body": body, "more_body": False})
    start: Message = {}
    chunks: list[bytes] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            chunks.append(message.get("body", b""))

    if not await finished(app(scope, requests.get, send), seconds):
        return events.error(504, TOO_LATE)
    if not start:
        return events.error(500, "The server failed; its log says why.")
    return events.response(start["status"], start["headers"], b"".join(chunks))
