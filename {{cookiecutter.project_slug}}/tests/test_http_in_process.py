"""The Lambda handler: HTTP events in, responses out, whatever the event holds."""

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given, settings

import caller
import limits
from any_json import NO_IDS, json_values
from app import lambda_handler
from asgi import LambdaAsgi
from caller import Caller
from conftest import Context
from http_events import http_event, messages, rpc_event
from sdk import Context as ToolContext
from server import build_server

Handler = Callable[[Any, Any], Any]
handle: Handler = lambda_handler

LEGACY = ("2025-03-26", "2025-06-18", "2025-11-25")


@pytest.mark.parametrize("version", [*LEGACY, "2026-07-28"])
def test_every_revision_is_served_cold_and_warm(context: Context, version: str) -> None:
    for _ in range(2):
        response = handle(rpc_event("tools/list", version), context)
        assert response["statusCode"] == 200
        assert messages(response)[-1]["result"]["tools"]


def test_a_subscription_is_refused_at_once(context: Context) -> None:
    response = handle(rpc_event("subscriptions/listen", notifications={}), context)
    assert response["statusCode"] == 404
    assert messages(response)[0]["error"]["code"] == -32601


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_other_methods_are_refused_at_once(context: Context, method: str) -> None:
    response = handle(http_event(None, method=method, accept="text/event-stream"), context)
    assert response["statusCode"] == 405
    assert response["headers"]["allow"] == "POST"


def test_a_base64_body_is_decoded(context: Context) -> None:
    event = rpc_event("tools/list")
    response = handle(event | http_event(event["body"].encode()) | {"headers": event["headers"]}, context)
    assert response["statusCode"] == 200


def test_odd_casing_of_headers_is_understood(context: Context) -> None:
    event = rpc_event("tools/list")
    event["headers"] = {name.upper(): value for name, value in event["headers"].items()}
    assert handle(event, context)["statusCode"] == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"headers": None}, 400),
        ({"headers": {}}, 400),
        ({"body": None}, 400),
        ({"body": ""}, 400),
        ({"body": "{"}, 400),
        ({"body": "[]"}, 400),
        ({"body": "no base64", "isBase64Encoded": True}, 400),
        ({"body": 7}, 400),
        ({"rawPath": None}, 400),
        ({"rawPath": "/elsewhere"}, 404),
        ({"requestContext": None}, 400),
        ({"requestContext": {}}, 400),
    ],
)
def test_a_malformed_event_is_a_bad_request(context: Context, change: dict[str, Any], status: int) -> None:
    assert handle(rpc_event("tools/list") | change, context)["statusCode"] == status


@pytest.mark.parametrize("call_id", NO_IDS)
@pytest.mark.parametrize("version", [LEGACY[-1], "2026-07-28"])
def test_a_request_under_an_id_that_is_none_is_refused_and_not_taken_for_a_notification(
    context: Context, version: str, call_id: Any
) -> None:
    event = rpc_event("tools/list", version)
    event["body"] = json.dumps(json.loads(event["body"]) | {"id": call_id})
    response = handle(event, context)
    assert response["statusCode"] == 400
    (answer,) = messages(response)
    assert (answer["id"], answer["error"]["code"]) == (None, -32600)


def serve(tool: Callable[..., Any]) -> Handler:
    server = build_server()
    server.tool()(tool)
    return LambdaAsgi(server.streamable_http_app(stateless_http=True, host="mcp.example.com"))


def test_progress_reaches_the_client_in_the_buffered_answer(context: Context) -> None:
    async def work(ctx: ToolContext) -> str:
        await ctx.report_progress(1, message="half of it")
        return "done"

    handle = serve(work)
    for version in (LEGACY[-1], "2026-07-28"):
        event = rpc_event("tools/call", version, name="work", arguments={}, _meta={"progressToken": "p"})
        progress, result = messages(handle(event, context))
        assert (progress["method"], progress["params"]["message"]) == ("notifications/progress", "half of it")
        assert result["result"]["content"][0]["text"] == "done"


def test_a_tool_knows_its_caller(context: Context) -> None:
    def whoami() -> str:
        return f"{caller.current().subject} through {caller.current().client_id}"

    serving = serve(whoami)
    for version in (LEGACY[-1], "2026-07-28"):
        event = rpc_event("tools/call", version, name="whoami", arguments={})
        with caller.acting_for(Caller("alice", "people")):
            result = messages(serving(event, context))[-1]["result"]
        assert result["structuredContent"]["result"] == "alice through people"


@pytest.mark.parametrize("version", [LEGACY[-1], "2026-07-28"])
def test_a_tool_knows_what_is_left_of_its_time_in_a_thread_and_on_the_event_loop(version: str) -> None:
    def in_thread() -> float:
        return limits.remaining_seconds()

    async def on_loop() -> float:
        return limits.remaining_seconds()

    for tool in (in_thread, on_loop):
        serving = serve(tool)
        event = rpc_event("tools/call", version, name=tool.__name__, arguments={})
        for remaining_ms in (900_000, 60_000):
            result = messages(serving(event, Context(remaining_ms)))[-1]["result"]
            left = result["structuredContent"]["result"]
            assert remaining_ms / 1000 - 30 < left <= remaining_ms / 1000 - 1


@pytest.mark.parametrize("version", [LEGACY[-1], "2026-07-28"])
def test_half_of_a_surrogate_pair_in_a_result_does_not_lose_the_answer(context: Context, version: str) -> None:
    def cut() -> str:
        return "half of an emoji: \ud83d"

    answer = messages(serve(cut)(rpc_event("tools/call", version, name="cut", arguments={}), context))[-1]
    assert answer["result"]["content"][0]["text"] == "half of an emoji: ?"


@pytest.mark.parametrize("version", [LEGACY[-1], "2026-07-28"])
def test_a_result_that_lambda_would_drop_becomes_an_error_for_the_model(context: Context, version: str) -> None:
    def flood() -> str:
        return "\x01" * (limits.MAX_RESPONSE_BYTES // 7)

    response = serve(flood)(rpc_event("tools/call", version, name="flood", arguments={}), context)
    assert len(json.dumps(response)) < limits.MAX_RESPONSE_BYTES
    answer = messages(response)[-1]
    assert answer["id"] == 7
    assert answer["result"]["isError"] is True
    assert "Ask for less" in answer["result"]["content"][0]["text"]


@pytest.mark.parametrize("character", ["x", '"', "\x01", "é"])
def test_a_result_is_whole_up_to_the_last_byte_that_lambda_carries(context: Context, character: str) -> None:
    def flood(many: int, more: int) -> str:
        return character * many + "x" * more

    serving = serve(flood)

    def flooded(many: int, more: int = 0, call_id: str = "i") -> Any:
        event = rpc_event("tools/call", LEGACY[-1], name="flood", arguments={"many": many, "more": more})
        return serving(event | {"body": json.dumps(json.loads(event["body"]) | {"id": call_id})}, context)

    # As Lambda's runtime client sends it.
    def size(response: Any) -> int:
        return len(json.dumps(response, ensure_ascii=False).encode())

    frame = size(flooded(0))
    many, left = divmod(limits.MAX_RESPONSE_BYTES - frame, size(flooded(1)) - frame)
    # A result says a text twice, once as its structured answer.
    more, odd = divmod(left, 2)
    whole = flooded(many, more, "i" * (1 + odd))
    assert size(whole) == limits.MAX_RESPONSE_BYTES
    assert not messages(whole)[-1]["result"].get("isError")
    told = messages(flooded(many, more, "i" * (2 + odd)))[-1]["result"]
    assert told["isError"] is True
    assert f"{limits.MAX_RESPONSE_BYTES + 1:,} bytes" in told["content"][0]["text"]


def test_a_request_is_read_up_to_its_limit(context: Context) -> None:
    event = rpc_event("tools/list")
    for length, status in ((4_194_304, 200), (4_194_305, 413)):
        assert handle(event | {"body": event["body"].ljust(length)}, context)["statusCode"] == status


def test_an_id_of_megabytes_does_not_make_the_answer_too_large(context: Context) -> None:
    event = rpc_event("tools/list", LEGACY[-1])
    event["body"] = json.dumps({"jsonrpc": "2.0", "id": '"' * 2_000_000, "method": "tools/list"})
    assert len(json.dumps(handle(event, context))) < limits.MAX_RESPONSE_BYTES


def test_a_call_that_outlasts_the_function_is_cut_off_and_the_next_one_works() -> None:
    import anyio

    stopped: list[bool] = []

    async def linger() -> str:
        try:
            await anyio.sleep_forever()
        finally:
            stopped.append(True)
        return ""

    serving = serve(linger)
    for version in (LEGACY[-1], "2026-07-28"):
        late = serving(rpc_event("tools/call", version, name="linger", arguments={}), Context(1_100))
        assert late["statusCode"] == 504
        assert stopped.pop() is True
        assert serving(rpc_event("tools/list", version), Context())["statusCode"] == 200


@settings(max_examples=60, deadline=None)
@given(event=json_values, body=json_values, header=json_values)
def test_no_event_crashes_the_handler(event: Any, body: Any, header: Any) -> None:
    good = rpc_event("tools/list")
    for bad in (
        event,
        good | {"body": body},
        good | {"body": json.dumps(body)},
        good | {"headers": header},
        good | {"headers": good["headers"] | {"mcp-protocol-version": header}},
        good | {"requestContext": {"http": event, "authorizer": body}},
    ):
        assert 200 <= handle(bad, cast("Any", Context()))["statusCode"] < 500
