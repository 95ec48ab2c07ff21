"""Trailers of a request: headers behind its body, for which ASGI has no place."""

from collections.abc import Mapping
from typing import Any

import h11
from starlette.requests import Request
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from local.listener import LARGEST_HEAD, Listener

_EXTENSION = "trailers"


class TrailerListener(Listener):
    """A listener whose application can ask for a request's `trailers`."""

    def __init__(self, app: ASGIApp) -> None:
        """Serve on a free loopback port."""
        super().__init__(app)
        self._server.config.http = _Protocol


def trailers(request: Request) -> Mapping[bytes, bytes]:
    """Return the trailers by lower-case name, once the body has been read; where there is no such listener, none."""
    found: Mapping[bytes, bytes] = request.scope.get("extensions", {}).get(_EXTENSION, {})
    return found


class _Protocol(H11Protocol):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.conn = _Connection(self)


class _Connection(h11.Connection):
    def __init__(self, protocol: H11Protocol) -> None:
        super().__init__(h11.SERVER, LARGEST_HEAD)
        self._protocol = protocol

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.EndOfMessage) and event.headers:
            self._protocol.scope["extensions"] = {_EXTENSION: dict(event.headers)}
        return event
