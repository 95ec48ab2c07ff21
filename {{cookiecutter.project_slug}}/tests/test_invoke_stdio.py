"""A stdio server by lambda:InvokeFunction: a JSON-RPC message in, its answer out, whatever the event holds."""

import json
from typing import Any, cast

import pytest
from hypothesis import given, settings
from mcp.types import JSONRPCRequest, JSONRPCResponse
from mcp_lambda import RequestHandler

from any_json import NO_IDS, json_values
from conftest import Context
from invoke_stdio import InvokeStdio
from limits import MAX_RESPONSE_BYTES


class Echo(RequestHandler):
    """Answers with as many bytes as it is asked for."""

    def handle_request(self, request: JSONRPCRequest, _: Any) -> JSONRPCResponse:
        padding = "x" * int((request.params or {}).get("bytes", 0))
        return JSONRPCResponse(jsonrpc="2.0", id=request.id, result={"padding": padding, "none": None})


SERVE = InvokeStdio(Echo())


def serve(event: Any) -> dict[str, Any]:
    return SERVE(event, cast("Any", Context()))


def test_a_request_is_answered_under_its_id() -> None:
    answer = serve({"jsonrpc": "2.0", "id": "a", "method": "ping"})
    assert answer == {"jsonrpc": "2.0", "id": "a", "result": {"padding": "", "none": None}}


def test_a_notification_is_answered_with_an_empty_object() -> None:
    assert serve({"jsonrpc": "2.0", "method": "notifications/initialized"}) == {}


@pytest.mark.parametrize(
    ("event", "call_id"),
    [
        (None, None),
        ([], None),
        ("text", None),
        ({}, None),
        ({"jsonrpc": "2.0", "id": 7}, 7),
        ({"jsonrpc": "2.0", "id": "a", "method": 7}, "a"),
        ({"jsonrpc": "1.0", "id": 7, "method": "ping"}, 7),
        ({"jsonrpc": "2.0", "id": 7, "result": {}}, 7),
        *(({"jsonrpc": "2.0", "id": call_id, "method": "ping"}, None) for call_id in NO_IDS),
        ([{"jsonrpc": "2.0", "id": 7, "method": "ping"}], None),
    ],
)
def test_what_is_neither_is_refused_under_the_id_it_has(event: Any, call_id: Any) -> None:
    answer = serve(event)
    assert (answer["id"], answer["error"]["code"]) == (call_id, -32600)


@pytest.mark.parametrize(("method", "kind"), [("tools/call", "result"), ("resources/read", "error")])
def test_an_answer_that_lambda_would_drop_becomes_an_error(method: str, kind: str) -> None:
    answer = serve({"jsonrpc": "2.0", "id": 7, "method": method, "params": {"bytes": MAX_RESPONSE_BYTES}})
    assert answer["id"] == 7
    assert "Ask for less" in json.dumps(answer[kind])


def test_an_answer_is_whole_up_to_the_last_byte_that_lambda_carries() -> None:
    def flooded(count: int) -> dict[str, Any]:
        return serve({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"bytes": count}})

    most = MAX_RESPONSE_BYTES - len(json.dumps(flooded(0)))
    assert len(json.dumps(flooded(most))) == MAX_RESPONSE_BYTES
    assert flooded(most + 1)["result"]["isError"] is True


def test_what_is_no_message_is_told_so_whatever_its_id() -> None:
    answer = serve({"jsonrpc": "1.0", "id": "i" * (MAX_RESPONSE_BYTES - 100)})
    assert answer["id"] is None
    assert "Ask for less" in answer["error"]["message"]


@settings(max_examples=200, deadline=None)
@given(event=json_values, call_id=json_values, method=json_values)
def test_no_event_crashes_the_handler(event: Any, call_id: Any, method: Any) -> None:
    for bad in (event, {"jsonrpc": "2.0", "id": call_id, "method": method}):
        json.dumps(serve(bad), ensure_ascii=False).encode()
