"""An ASGI application under uvicorn on a loopback socket whose port is known before the application is."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"
LARGEST_HEAD = 1_048_576


class PortInUseError(OSError):
    """Somebody else listens on the port that was asked for."""


def bind(port: int = 0) -> socket.socket:
    """Return a socket that listens on the loopback `port` (0: any free one), so that nobody else can take it.

    Raises PortInUseError.
    """
    # asyncio turns Nagle's algorithm off only where the protocol is named, and with it every call would wait 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(f"Port {port} is in use.") from error
        raise
    return listening


class _Server(uvicorn.Server):
    """A uvicorn server among several in one event loop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Ctrl-C belongs to the program, which stops its servers in order; each server taking it would race.
        yield


class Listener:
    """Serves `app` on `listening`, or on a free loopback port, from `__aenter__` to `__aexit__`."""

    def __init__(self, app: ASGIApp, listening: socket.socket | None = None) -> None:
        """Take over the socket: it is closed on exit."""
        self._socket = listening or bind()
        self.port: int = self._socket.getsockname()[1]
        self.authority = f"{HOST}:{self.port}"
        config = uvicorn.Config(
            app,
            interface="asgi3",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=LARGEST_HEAD,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)

    async def __aenter__(self) -> Self:
        """Return once connections are answered."""
        self._serving = asyncio.create_task(self._server.serve([self._socket]))
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait({self._serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self._serving
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; answers under way get a second to finish."""
        self._server.should_exit = True
        await self._serving
