"""Whoever calls a served stack: the official client, with a token or a signature."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from e2e.conftest import Stack


class Signer(httpx2.Auth):
    """Signs as botocore does, for whoever has the keys."""

    requires_request_body = True

    def __init__(self, access_key: str, secret: str, service: str = "lambda", region: str = "us-east-1") -> None:
        self._signer = SigV4Auth(Credentials(access_key, secret), service, region)

    def auth_flow(self, request: httpx2.Request) -> Iterator[httpx2.Request]:  # type: ignore[override]
        signed = AWSRequest(request.method, str(request.url), {"host": request.headers["host"]}, request.content)
        self._signer.add_auth(signed)
        request.headers.update(dict(signed.headers))
        yield request


def signer(stack: Stack, **changes: str) -> Signer:
    """Return who may call a stack that takes signatures."""
    return Signer(**{"access_key": stack.access_key_id, "secret": stack.secret_access_key, **changes})


class Bearer(httpx2.Auth):
    """Sends a token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx2.Request) -> Iterator[httpx2.Request]:  # type: ignore[override]
        request.headers["authorization"] = f"Bearer {self._token}"
        yield request


@asynccontextmanager
async def connected(
    stack: Stack, mode: Any = "auto", auth: httpx2.Auth | None = None, **callbacks: Any
) -> AsyncIterator[Client]:
    """Connect the official client, as who may call the stack unless `auth` is somebody else."""
    if auth is None:
        auth = signer(stack) if stack.access_key_id else Bearer(stack.access_token)
    async with (
        httpx2.AsyncClient(auth=auth, timeout=120) as http,
        Client(streamable_http_client(stack.mcp_url, http_client=http), mode=mode, **callbacks) as client,
    ):
        yield client
