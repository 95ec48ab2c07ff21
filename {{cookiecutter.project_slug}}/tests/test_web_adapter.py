"""The ASGI application behind the Lambda Web Adapter, with the headers that the adapter sends."""

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx2
import pytest

import caller
import limits
import streaming
import web_adapter
from any_json import NO_IDS
from http_events import messages, rpc_event
from methods import PostOnly
from server import build_server
from web_adapter import BehindWebAdapter

pytestmark = pytest.mark.anyio
LEGACY, MODERN = "2025-11-25", "2026-07-28"
IDENTITY = {"jwt": {"claims": {"sub": "alice"}}, "iam": {"userId": "alice"}, "lambda": {"secret": "alice"}}
modes = pytest.mark.parametrize("buffered", [True, False])


@pytest.fixture(autouse=True)
def in_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_adapter, "_TRUSTED", True)


@asynccontextmanager
async def serving(tool: Callable[..., Any]) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve the sample server with one tool more."""
    server = build_server()
    server.tool()(tool)
    app = server.streamable_http_app(stateless_http=True, host="mcp.example.com")
    transport = httpx2.ASGITransport(BehindWebAdapter(PostOnly(app)))
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport) as client:
        yield client


async def call(client: httpx2.AsyncClient, tool: str, version: str = MODERN, **headers: str) -> httpx2.Response:
    event = rpc_event("tools/call", version, name=tool, arguments={})
    sent = event["headers"] | {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("https://mcp.example.com/mcp", content=event["body"], headers=sent)


def answer(response: httpx2.Response) -> dict[str, Any]:
    return messages({"headers": response.headers, "body": response.text})[-1]


def whoami() -> str:
    return str(caller.current().claims)


@modes
async def test_a_get_of_the_readiness_path_is_answered_and_no_other(
    monkeypatch: pytest.MonkeyPatch, buffered: bool
) -> None:
    monkeypatch.setattr(web_adapter, "_BUFFERED", buffered)
    async with serving(whoami) as client:
        assert (await client.get("https://mcp.example.com/ready")).status_code == 204
        assert (await client.get("https://mcp.example.com/mcp")).status_code == 405


@modes
async def test_a_tool_knows_the_caller_that_the_adapter_names(monkeypatch: pytest.MonkeyPatch, buffered: bool) -> None:
    monkeypatch.setattr(web_adapter, "_BUFFERED", buffered)
    context = {"authorizer": IDENTITY}
    async with serving(whoami) as client:
        for version in (LEGACY, MODERN):
            known = await call(client, "whoami", version, x_amzn_request_context=json.dumps(context))
            assert "alice" in answer(known)["result"]["structuredContent"]["result"]
            assert "alice" not in (await call(client, "whoami", version)).text


@modes
async def test_a_tool_knows_what_is_left_of_its_time(monkeypatch: pytest.MonkeyPatch, buffered: bool) -> None:
    monkeypatch.setattr(web_adapter, "_BUFFERED", buffered)

    def left() -> float:
        return limits.remaining_seconds()

    async with serving(left) as client:
        for version in (LEGACY, MODERN):
            for seconds in (900, 60):
                deadline = json.dumps({"deadline": int((time.time() + seconds) * 1000)})
                told = answer(await call(client, "left", version, x_amzn_lambda_context=deadline))
                assert seconds - 30 < told["result"]["structuredContent"]["result"] <= seconds - 1


@pytest.mark.parametrize("header", ["", "null", "[]", "{", '"alice"', '{"authorizer": "alice"}'])
async def test_a_header_that_makes_no_sense_names_nobody(header: str) -> None:
    async with serving(whoami) as client:
        response = await call(client, "whoami", x_amzn_request_context=header, x_amzn_lambda_context=header)
        assert answer(response)["result"]["structuredContent"]["result"] == "{}"


async def test_outside_of_lambda_nobody_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_adapter, "_TRUSTED", False)
    context = {"authorizer": IDENTITY}
    async with serving(whoami) as client:
        response = await call(client, "whoami", x_amzn_request_context=json.dumps(context))
        assert answer(response)["result"]["structuredContent"]["result"] == "{}"


@modes
@pytest.mark.parametrize("version", [LEGACY, MODERN])
async def test_a_call_that_outlasts_the_function_is_cut_off_and_the_next_one_works(
    monkeypatch: pytest.MonkeyPatch, buffered: bool, version: str
) -> None:
    monkeypatch.setattr(web_adapter, "_BUFFERED", buffered)
    stopped: list[bool] = []

    async def linger() -> str:
        try:
            await anyio.sleep_forever()
        finally:
            stopped.append(True)
        return ""

    async with serving(linger) as client:
        soon = json.dumps({"deadline": int(time.time() * 1000) + 1_100})
        late = answer(await call(client, "linger", version, x_amzn_lambda_context=soon))
        assert "took longer" in late["error"]["message"]
        assert stopped.pop() is True
        listing = rpc_event("tools/list", version)
        again = await client.post("https://mcp.example.com/mcp", content=listing["body"], headers=listing["headers"])
        assert again.status_code == 200


@modes
@pytest.mark.parametrize("call_id", NO_IDS)
async def test_a_request_under_an_id_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, buffered: bool, call_id: Any
) -> None:
    monkeypatch.setattr(web_adapter, "_BUFFERED", buffered)
    event = rpc_event("ping", LEGACY)
    body = json.dumps(json.loads(event["body"]) | {"id": call_id})
    async with serving(whoami) as client:
        response = await client.post("https://mcp.example.com/mcp", content=body, headers=event["headers"])
    assert response.status_code == 400
    assert (response.json()["id"], response.json()["error"]["code"]) == (None, -32600)


@modes
@pytest.mark.parametrize("version", [LEGACY, MODERN])
async def test_a_result_that_lambda_would_drop_becomes_an_error_for_the_model(
    monkeypatch: pytest.MonkeyPatch, buffered: bool, version: str
) -> None:
    monkeypatch.setattr(web_adapter, "_BUFFERED", buffered)
    monkeypatch.setattr(streaming, "_MOST_BYTES", limits.MAX_RESPONSE_BYTES)

    def flood() -> str:
        return "\x01" * (limits.MAX_RESPONSE_BYTES // 7)

    async with serving(flood) as client:
        told = answer(await call(client, "flood", version))
    assert told["id"] == 7
    assert told["result"]["isError"] is True
    assert "Ask for less" in told["result"]["content"][0]["text"]


async def test_what_the_adapter_adds_does_not_make_a_response_too_large() -> None:
    def flood(many: int) -> str:
        return "x" * many

    async with serving(flood) as client:

        async def flooded(many: int) -> httpx2.Response:
            event = rpc_event("tools/call", LEGACY, name="flood", arguments={"many": many})
            return await client.post("https://mcp.example.com/mcp", content=event["body"], headers=event["headers"])

        frame = len(json.dumps((await flooded(0)).text))
        # A result says a text twice, once as its structured answer; quotes aside, what is more is added.
        most = (limits.MAX_RESPONSE_BYTES - frame - web_adapter._ADDED_BYTES) // 2
        whole, told = answer(await flooded(most - 500)), answer(await flooded(most))
    assert not whole["result"].get("isError")
    assert told["result"]["isError"] is True
