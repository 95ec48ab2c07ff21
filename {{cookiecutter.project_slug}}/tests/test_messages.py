"""JSON-RPC messages without HTTP: whatever one holds, there is an answer."""

import json
from collections.abc import Callable
from typing import Any, cast

import anyio
import pytest
from hypothesis import given, settings

from any_json import NO_IDS, json_values
from conftest import Context
from limits import MAX_RESPONSE_BYTES
from messages import MessageServer
from server import build_server

Serve = Callable[[Any, Any], dict[str, Any]]
LEGACY, MODERN = "2025-11-25", "2026-07-28"
SERVE: Serve = MessageServer(build_server())


def message(method: str, version: str = MODERN, **params: Any) -> dict[str, Any]:
    if version == MODERN:
        keys = ("io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities")
        params["_meta"] = dict(zip(keys, (MODERN, {}), strict=True))
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}


def serving(tool: Callable[..., Any]) -> Serve:
    server = build_server()
    server.tool()(tool)
    return MessageServer(server)


@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_requests_of_both_eras_are_answered_cold_and_warm(context: Context, version: str) -> None:
    for _ in range(2):
        answer = SERVE(message("tools/list", version), context)
        assert answer["id"] == 7
        assert answer["result"]["tools"]


def test_a_handshake_is_answered(context: Context) -> None:
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    answer = SERVE({"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": params}, context)
    assert answer["result"]["protocolVersion"] == "2025-06-18"


@pytest.mark.parametrize("method", ["notifications/initialized", "notifications/cancelled", "no/such/notification"])
def test_a_notification_is_answered_with_an_empty_object(context: Context, method: str) -> None:
    assert SERVE({"jsonrpc": "2.0", "method": method}, context) == {}


@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_progress_is_left_out_and_the_result_arrives(context: Context, version: str) -> None:
    from mcp.server.mcpserver import Context as ToolContext

    async def count(ctx: ToolContext) -> int:
        await ctx.report_progress(1)
        return 3

    asked = message("tools/call", version, name="count", arguments={})
    asked["params"].setdefault("_meta", {})["progressToken"] = "p"
    # Resolved from the module, where a local name of the test is not known.
    count.__annotations__ = {"ctx": ToolContext, "return": int}
    assert serving(count)(asked, context)["result"]["structuredContent"] == {"result": 3}


@pytest.mark.parametrize("name", ["größe", " spaced ", "new\nline", 7, None, {"a": 1}])
def test_a_name_that_no_header_can_hold_is_only_unknown(context: Context, name: Any) -> None:
    answer = SERVE(message("tools/call", name=name, arguments={}), context)
    assert answer["id"] == 7
    assert answer.get("error") or answer["result"]["isError"]


@pytest.mark.parametrize(
    "bad", [None, 7, "text", [], [message("ping")], {}, {"jsonrpc": "1.0", "id": 7, "method": "x"}]
)
def test_what_is_no_message_is_told_so(context: Context, bad: Any) -> None:
    answer = SERVE(bad, context)
    assert answer["error"]["code"] == -32600
    assert "JSON-RPC" in answer["error"]["message"]


@pytest.mark.parametrize("call_id", NO_IDS)
@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_a_request_under_an_id_that_is_none_is_refused(context: Context, version: str, call_id: Any) -> None:
    answer = SERVE(message("tools/list", version) | {"id": call_id}, context)
    assert (answer["id"], answer["error"]["code"]) == (None, -32600)


@pytest.mark.parametrize("odd", [{"name": "no\ud800such"}, {"name": "x", "arguments": {"\udfff": "\ud800"}}])
def test_a_message_with_half_of_a_surrogate_pair_is_refused(context: Context, odd: dict[str, Any]) -> None:
    answer = SERVE(message("tools/call", **odd), context)
    assert (answer["id"], answer["error"]["code"]) == (7, -32600)


@pytest.mark.parametrize("version", [LEGACY, MODERN])
def test_half_of_a_surrogate_pair_in_a_result_does_not_end_the_runtime(context: Context, version: str) -> None:
    def cut() -> str:
        return "half of an emoji: \ud83d"

    answer = serving(cut)(message("tools/call", version, name="cut", arguments={}), context)
    # As the runtime client does.
    json.dumps(answer, ensure_ascii=False).encode()
    assert answer["result"]["content"][0]["text"] == "half of an emoji: ?"


def test_a_result_that_lambda_would_drop_becomes_an_error_for_the_model(context: Context) -> None:
    def flood() -> str:
        return "\x01" * (MAX_RESPONSE_BYTES // 7)

    answer = serving(flood)(message("tools/call", name="flood", arguments={}), context)
    assert answer["result"]["isError"] is True
    assert len(json.dumps(answer)) < MAX_RESPONSE_BYTES


def test_a_result_is_whole_up_to_the_last_byte_that_lambda_carries(context: Context) -> None:
    # Quotes are escaped once in what Lambda carries, and were once more in the body that the SDK's application made.
    def flood(many: int) -> str:
        return '"' * many

    serve = serving(flood)

    def flooded(many: int, call_id: str = "i") -> dict[str, Any]:
        asked = message("tools/call", LEGACY, name="flood", arguments={"many": many})
        return serve(asked | {"id": call_id}, context)

    def size(answer: Any) -> int:
        return len(json.dumps(answer, ensure_ascii=False).encode())

    frame = size(flooded(0))
    many, more = divmod(MAX_RESPONSE_BYTES - frame, size(flooded(1)) - frame)
    whole = flooded(many, "i" * (1 + more))
    assert size(whole) == MAX_RESPONSE_BYTES
    assert not whole["result"].get("isError")
    assert flooded(many, "i" * (2 + more))["result"]["isError"] is True


def test_what_is_no_message_is_told_so_whatever_its_id(context: Context) -> None:
    answer = SERVE({"jsonrpc": "1.0", "id": "i" * (MAX_RESPONSE_BYTES - 100)}, context)
    assert answer["id"] is None
    assert "Ask for less" in answer["error"]["message"]


def test_a_message_as_large_as_lambda_takes_is_served(context: Context) -> None:
    def count(text: str) -> int:
        return len(text)

    answer = serving(count)(message("tools/call", name="count", arguments={"text": "ä" * 3_000_000}), context)
    assert answer["result"]["structuredContent"] == {"result": 3_000_000}


def test_a_call_that_outlasts_the_function_is_cut_off_and_the_next_one_works() -> None:
    async def linger() -> None:
        await anyio.sleep_forever()

    serve = serving(linger)
    late = serve(message("tools/call", name="linger", arguments={}), Context(1_100))
    assert (late["id"], late["error"]["code"]) == (7, -32603)
    assert serve(message("tools/list"), Context())["result"]


@settings(max_examples=60, deadline=None)
@given(value=json_values, other=json_values)
def test_no_event_crashes_the_handler(value: Any, other: Any) -> None:
    good = message("tools/list")
    for bad in (
        value,
        good | {"method": value},
        good | {"id": value},
        good | {"params": value},
        good | {"params": {"_meta": {"io.modelcontextprotocol/protocolVersion": value}, "name": other}},
        {"method": value, "params": other},
    ):
        answer = SERVE(bad, cast("Any", Context()))
        json.dumps(answer, ensure_ascii=False).encode()
        assert answer == {} or "error" in answer or "result" in answer
