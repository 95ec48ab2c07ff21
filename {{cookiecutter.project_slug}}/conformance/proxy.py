"""Stands between the suite, which can send neither tokens nor signatures, and a server that asks for them."""

from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx2
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from local.request import HOP_BY_HOP

_SECONDS = 60


class CredentialProxy:
    """An ASGI application that passes requests on to the origin of `url`, authorized by `auth`, and the answers back.

    Everything else stays as it came, a Host or an Origin of somebody else's above all: refusing them is the server's.
    """

    def __init__(self, url: str, auth: httpx2.Auth) -> None:
        """Connect to nothing yet."""
        parts = urlsplit(url)
        self._origin, self._host = f"{parts.scheme}://{parts.netloc}", parts.netloc.encode()
        self._http = httpx2.AsyncClient(auth=auth, timeout=_SECONDS)

    async def __aenter__(self) -> Self:
        """Open the connections to the server as they are needed."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        await self._http.__aexit__(kind, error, trace)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request, and its answer piece by piece as it comes."""
        target = scope["raw_path"].decode("latin-1")
        if scope["query_string"]:
            target += f"?{scope['query_string'].decode('latin-1')}"
        request = self._http.build_request(
            scope["method"],
            self._origin + target,
            headers=self._headers(scope),
            content=await Request(scope, receive).body(),
        )
        answer = await self._http.send(request, stream=True)
        try:
            headers = [(name, value) for name, value in answer.headers.raw if _is_kept(name)]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
            async for chunk in answer.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()

    def _headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        own = "{}:{}".format(*scope["server"]).encode()
        kept = [(name, value) for name, value in scope["headers"] if _is_kept(name)]
        return [(name, self._host if (name, value) == (b"host", own) else value) for name, value in kept]


def _is_kept(name: bytes) -> bool:
    return name.decode("latin-1").lower() not in HOP_BY_HOP
