"""The proxy between the suite and a server: credentials are added, and nothing else is changed."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from conformance.proxy import CredentialProxy
from local.bearer.client import Bearer
from local.listener import Listener


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what has come."""
    message = await receive()
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    told = {"path": scope["path"], "query": scope["query_string"].decode(), "body": message["body"].decode()}
    await send({"type": "http.response.start", "status": 418, "headers": [(b"x-kept", b"yes")]})
    await send({"type": "http.response.body", "body": json.dumps(told | {"headers": headers}).encode()})


async def asked(**headers: str) -> tuple[httpx2.Response, dict[str, Any], str]:
    """Return the answer to a request by way of the proxy, what reached the server, and the server's authority."""
    async with (
        Listener(echo) as server,
        CredentialProxy(f"http://{server.authority}/mcp", Bearer("secret")) as proxy,
        Listener(proxy) as listener,
        httpx2.AsyncClient() as http,
    ):
        url = f"http://{listener.authority}/mcp?a=b"
        response = await http.post(url, content="body", headers={"mcp-method": "ping", **headers})
        return response, response.json(), server.authority


def test_a_request_is_passed_on_with_credentials_and_its_answer_back() -> None:
    response, told, server = asyncio.run(asked())
    assert (told["path"], told["query"], told["body"]) == ("/mcp", "a=b", "body")
    assert told["headers"]["authorization"] == "Bearer secret"
    assert told["headers"]["host"] == server
    assert told["headers"]["mcp-method"] == "ping"
    assert (response.status_code, response.headers["x-kept"]) == (418, "yes")


@pytest.mark.parametrize("header", ["host", "origin"])
def test_what_is_somebody_elses_stays_so(header: str) -> None:
    _, told, _ = asyncio.run(asked(**{header: "evil.example"}))
    assert told["headers"][header] == "evil.example"


def test_a_stream_arrives_as_it_is_made() -> None:
    heard = asyncio.Event()

    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await heard.wait()
        await send({"type": "http.response.body", "body": b"last"})

    async def stream() -> list[bytes]:
        async with (
            Listener(waiting) as server,
            CredentialProxy(f"http://{server.authority}/", Bearer("secret")) as proxy,
            Listener(proxy) as listener,
            httpx2.AsyncClient() as http,
            http.stream("GET", f"http://{listener.authority}/") as response,
        ):
            chunks = []
            async for chunk in response.aiter_raw():
                chunks.append(chunk)
                heard.set()
            return chunks

    assert asyncio.run(stream()) == [b"first", b"last"]
