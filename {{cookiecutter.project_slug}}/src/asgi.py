"""Runs an ASGI application on Lambda: an HTTP API event (payload format 2.0) in, its response out.

Mangum would enter the session manager's lifespan at every invocation, which the MCP SDK forbids, and would raise on an
event that it does not know. Here one event loop and one lifespan live as long as the execution environment.
"""

import asyncio
import logging
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import events
from events import Response

_logger = logging.getLogger(__name__)

# What is left of the function's time when a call is cut off: enough to cancel it and to say so.
_FAREWELL_SECONDS = 1.0


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
            scope, body = events.request(event)
        except (AttributeError, KeyError, TypeError, ValueError):
            return events.error(400, "This is not an HTTP request as API Gateway sends it (payload format 2.0).")
        seconds = context.get_remaining_time_in_millis() / 1000 - _FAREWELL_SECONDS
        return events.bounded(self._loop.run_until_complete(self._serve(scope, body, seconds)), body)

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
            return events.error(504, "The call took longer than this server may run. Ask for less at a time.")
        if failure := call.exception():
            _logger.error("The application failed", exc_info=failure)
        if not start:
            return events.error(500, "The server failed; its log says why.")
        return events.response(start["status"], start["headers"], b"".join(chunks))
