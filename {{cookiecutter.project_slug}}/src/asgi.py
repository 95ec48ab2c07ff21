"""Runs an ASGI application on Lambda: an HTTP event (payload format 2.0) in, its response out.

Mangum would enter the session manager's lifespan at every invocation, which the MCP SDK forbids, and would raise on an
event that it does not know. Here one event loop and one lifespan live as long as the execution environment.
"""

import asyncio
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from starlette.types import ASGIApp, Message, Scope

import events
import serving
from events import Response


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
        except events.NotHttpError as error:
            return events.error(400, str(error))
        return events.bounded(self.answer(scope, body, context), body)

    def answer(self, scope: Scope, body: bytes, context: LambdaContext) -> Response:
        """Return the response to a request, even if it is larger than Lambda carries."""
        seconds = context.get_remaining_time_in_millis() / 1000 - serving.FAREWELL_SECONDS
        return self._loop.run_until_complete(serving.buffered(self._app, scope, body, seconds))

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
