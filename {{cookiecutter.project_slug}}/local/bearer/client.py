"""A client that sends a bearer token."""

from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager

import httpx2
from mcp.client import Transport
from mcp.client.streamable_http import streamable_http_client

from local.tour import ANSWER_SECONDS, Connect, NoteRefusal


class Bearer(httpx2.Auth):
    """Sends a bearer token with each request."""

    def __init__(self, token: str) -> None:
        """Take the token."""
        self._token = token

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the header."""
        request.headers["authorization"] = f"Bearer {self._token}"
        yield request


def bearer(url: str, token: str) -> Connect:
    """Return how to reach a Streamable HTTP server with a bearer token."""

    @asynccontextmanager
    async def connect(note: NoteRefusal) -> AsyncIterator[Transport]:
        auth, hooks = Bearer(token), {"response": [note]}
        async with httpx2.AsyncClient(auth=auth, timeout=ANSWER_SECONDS, event_hooks=hooks) as http:
            yield streamable_http_client(url, http_client=http)

    return connect
