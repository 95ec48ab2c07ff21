"""A client that sends a bearer token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from mcp.client import Transport
from mcp.client.streamable_http import streamable_http_client

from local.tour import ANSWER_SECONDS, Connect, NoteRefusal


def bearer(url: str, token: str) -> Connect:
    """Return how to reach a Streamable HTTP server with a bearer token."""

    @asynccontextmanager
    async def connect(note: NoteRefusal) -> AsyncIterator[Transport]:
        headers, hooks = {"authorization": f"Bearer {token}"}, {"response": [note]}
        async with httpx2.AsyncClient(headers=headers, timeout=ANSWER_SECONDS, event_hooks=hooks) as http:
            yield streamable_http_client(url, http_client=http)

    return connect
