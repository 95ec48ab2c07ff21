"""Serves an ASGI application behind the Lambda Web Adapter, which turns Lambda's events into HTTP requests.

Source: "Lambda Context" and "Environment variables" in the guide of aws/aws-lambda-web-adapter.
"""

import json
import logging
import os
import time
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

import caller
import events
import principal
import serving
from streaming import streamed, whole_body
from telemetry import logger

# Lambda's Python runtime, which would set the log up, does not run here; the SDK would write each line a second time.
logging.basicConfig(handlers=[logger.registered_handler])
logging.getLogger(logger.name).propagate = False

_READY_PATH = os.environ.get("AWS_LWA_READINESS_CHECK_PATH", "/ready")
_BUFFERED = os.environ.get("AWS_LWA_INVOKE_MODE", "buffered") == "buffered"
# The adapter overwrites its headers, whatever a client sent. Nobody does where there is no adapter.
_TRUSTED = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
# Where there is no Lambda there is no deadline; an MCP client waits about this long.
_SECONDS_ELSEWHERE = 60.0
# More than comes to a response on its way to Lambda: headers of uvicorn, and what the adapter makes of all of them.
_ADDED_BYTES = 2_000


class BehindWebAdapter:
    """An ASGI application that acts for the verified caller, and answers before the function's time is up."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] == _READY_PATH:
            # uvicorn listens once the application has started, so that any answer means ready.
            await _send(send, 204, [], b"")
            return
        headers = dict(scope["headers"])
        context = _told(headers, b"x-amzn-lambda-context")
        deadline_ms = context.get("deadline") or (time.time() + _SECONDS_ELSEWHERE) * 1000
        seconds = float(deadline_ms) / 1000 - time.time() - serving.FAREWELL_SECONDS
        with (
            caller.acting_for(principal.of(_told(headers, b"x-amzn-request-context"))),
            logger.append_context_keys(function_request_id=context.get("request_id")),
        ):
            if _BUFFERED:
                await self._buffered(scope, receive, send, seconds)
            else:
                await streamed(self._app, scope, receive, send, seconds)

    async def _buffered(self, scope: Scope, receive: Receive, send: Send, seconds: float) -> None:
        body = await whole_body(receive)
        answer = events.bounded(await serving.buffered(self._app, scope, body, seconds), body, _ADDED_BYTES)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer["headers"].items()]
        await _send(send, answer["statusCode"], headers, events.content(answer))


def _told(headers: dict[bytes, bytes], name: bytes) -> dict[str, Any]:
    """Return what the adapter says in a header, or nothing where it is not the adapter that says it."""
    try:
        told = json.loads(headers.get(name, b"null")) if _TRUSTED else None
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {}


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
