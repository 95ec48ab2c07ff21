"""The HTTP front of a stdio server: HTTP events in, responses out, whatever the event holds."""

import json
import logging
from typing import Any, cast

import pytest
from hypothesis import given, settings
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ErrorData, JSONRPCError, JSONRPCRequest, JSONRPCResponse
from mcp_lambda import APIGatewayProxyEventV2Handler, RequestHandler

import caller
import security
from any_json import NO_IDS, json_values
from conftest import Context
from http_events import Event, http_event, rpc_event
from http_stdio import HttpStdio
from limits import MAX_RESPONSE_BYTES

LEGACY = "2025-11-25"
# Each endpoint reads its own.
IDENTITY = {"jwt": {"claims": {"sub": "alice"}}, "iam": {"userArn": "alice"}, "lambda": {"secret": "alice's"}}


class Echo(RequestHandler):  # A child costs half a second, and these tests make thousands of requests.
    """Answers with who is calling, and with as many bytes as it is asked for."""

    def handle_request(self, request: JSONRPCRequest, _: Any) -> JSONRPCResponse | JSONRPCError:
        if request.method == "fail":
            return JSONRPCError(jsonrpc="2.0", id=request.id, error=ErrorData(code=-32603, message="It failed."))
        padding = "\x01" * int((request.params or {}).get("arguments", {}).get("bytes", 0))
        return JSONRPCResponse(
            jsonrpc="2.0", id=request.id, result={"caller": caller.current().subject, "padding": padding}
        )


def serving() -> HttpStdio:
    return HttpStdio(APIGatewayProxyEventV2Handler(Echo()))


SERVE = serving()


def serve(event: Any) -> Any:
    return SERVE(event, cast("Any", Context()))


def from_alice(event: Event) -> Event:
    event["requestContext"]["authorizer"] = IDENTITY
    return event


def test_a_request_is_served_for_the_caller_that_aws_has_verified() -> None:
    response = serve(from_alice(rpc_event("ping", LEGACY)))
    assert response["statusCode"] == 200
    answer = json.loads(response["body"])
    # Where a team shares a secret, alice is one of the team.
    assert (answer["id"], answer["result"]["caller"] in {"alice", "team"}) == (7, True)
    assert caller.current().subject is None


def test_who_may_read_the_answer_is_not_for_the_function_to_say() -> None:
    for event in (rpc_event("ping", LEGACY), http_event("{}"), http_event('{"jsonrpc":"2.0","method":"n"}')):
        names = {name.lower() for name in serve(event)["headers"]}
        assert not [name for name in names if name.startswith("access-control")]


def test_a_notification_is_accepted() -> None:
    response = serve(http_event('{"jsonrpc": "2.0", "method": "notifications/initialized"}'))
    assert (response["statusCode"], response["body"]) == (202, "")


def test_the_error_of_a_child_is_an_answer() -> None:
    response = serve(rpc_event("fail", LEGACY))
    assert response["statusCode"] == 200
    assert json.loads(response["body"])["error"] == {"code": -32603, "message": "It failed."}


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS"])
def test_other_methods_are_refused_at_once(method: str) -> None:
    response = serve(http_event(None, method=method, accept="text/event-stream"))
    assert response["statusCode"] == 405
    assert response["headers"]["allow"] == "POST"


def test_a_base64_body_is_decoded() -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": "é", "method": "ping"}, ensure_ascii=False)
    response = serve(http_event(body.encode()))
    assert response["statusCode"] == 200
    assert json.loads(response["body"])["id"] == "é"


def test_odd_casing_of_headers_is_understood() -> None:
    event = rpc_event("ping", LEGACY)
    event["headers"] = {name.upper(): value.upper() for name, value in event["headers"].items()}
    event["headers"]["HOST"] = "mcp.example.com"
    assert serve(event)["statusCode"] == 200


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"body": None}, 400, -32700),
        ({"body": ""}, 400, -32700),
        ({"body": "{"}, 400, -32700),
        ({"body": '{"a": NaN}'}, 400, -32700),
        ({"body": '"\\ud800"'}, 400, -32700),
        ({"body": "/w==", "isBase64Encoded": True}, 400, -32700),
        ({"body": "[" * 100_000}, 400, -32700),
        ({"body": "9" * 5_000}, 400, -32700),
        ({"body": "[]"}, 400, -32600),
        ({"body": '[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]'}, 400, -32600),
        ({"body": "7"}, 400, -32600),
        ({"body": "{}"}, 400, -32600),
        ({"body": '{"jsonrpc": "1.0", "id": 1, "method": "ping"}'}, 400, -32600),
        ({"body": '{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}'}, 400, -32600),
        ({"body": "no base64", "isBase64Encoded": True}, 400, -32700),
        ({"body": "x", "isBase64Encoded": True}, 400, -32600),
        ({"body": 7}, 400, -32600),
        ({"rawPath": None}, 400, -32600),
        ({"rawPath": "/elsewhere"}, 404, -32600),
        ({"requestContext": None}, 400, -32600),
        ({"requestContext": {}}, 400, -32600),
        ({"body": " " * 4_194_305}, 413, -32600),
    ],
)
def test_a_malformed_event_is_refused_in_words(change: dict[str, Any], status: int, code: int) -> None:
    response = serve(rpc_event("ping", LEGACY) | change)
    assert response["statusCode"] == status
    answer = json.loads(response["body"])
    assert answer["id"] is None
    assert answer["error"]["code"] == code
    assert answer["error"]["message"]


@pytest.mark.parametrize("call_id", NO_IDS)
def test_a_request_under_an_id_that_is_none_is_refused_and_not_taken_for_a_notification(call_id: Any) -> None:
    event = rpc_event("ping", LEGACY)
    event["body"] = json.dumps(json.loads(event["body"]) | {"id": call_id})
    response = serve(event)
    assert response["statusCode"] == 400
    # To the parser of this line of the SDK half of a surrogate pair is not even JSON.
    assert json.loads(response["body"])["error"]["code"] == (-32700 if call_id == "\ud800" else -32600)


@pytest.mark.parametrize(
    ("name", "value", "status"), [("accept", "text/html", 406), ("content_type", "text/plain", 415)]
)
def test_other_media_types_are_refused(name: str, value: str, status: int) -> None:
    assert serve(http_event('{"jsonrpc": "2.0", "id": 1, "method": "ping"}', **{name: value}))["statusCode"] == status


def test_a_revision_that_the_sdk_does_not_speak_is_refused_once_it_is_settled() -> None:
    refused = serve(rpc_event("tools/list", "2026-07-28"))
    assert refused["statusCode"] == 400
    assert "2025-11-25" in json.loads(refused["body"])["error"]["message"]
    for negotiating in ("initialize", "server/discover"):
        assert serve(rpc_event(negotiating, "2026-07-28"))["statusCode"] == 200


def test_a_page_and_a_host_from_elsewhere_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = TransportSecuritySettings(allowed_hosts=["mcp.example.com"], allowed_origins=["http://localhost:6274"])
    monkeypatch.setattr(security, "SETTINGS", allowed)
    front = serving()

    def status(**headers: str) -> int:
        event = http_event('{"jsonrpc": "2.0", "id": 1, "method": "ping"}', **headers)
        return front(event, cast("Any", Context()))["statusCode"]

    assert status() == status(origin="http://localhost:6274") == 200
    assert status(origin="https://evil.example") == 403
    assert status(host="evil.example") == 421


def test_a_result_that_lambda_would_drop_becomes_an_error_for_the_model() -> None:
    response = serve(rpc_event("tools/call", LEGACY, name="flood", arguments={"bytes": MAX_RESPONSE_BYTES // 7}))
    assert len(json.dumps(response)) < MAX_RESPONSE_BYTES
    answer = json.loads(response["body"])
    assert answer["id"] == 7
    assert answer["result"]["isError"] is True
    assert "Ask for less" in answer["result"]["content"][0]["text"]


def test_a_result_is_whole_up_to_the_last_byte_that_lambda_carries() -> None:
    def flooded(count: int, call_id: str = "i") -> Any:
        event = rpc_event("tools/call", LEGACY, name="flood", arguments={"bytes": count})
        return serve(event | {"body": json.dumps(json.loads(event["body"]) | {"id": call_id})})

    # As Lambda's runtime client sends it.
    def size(response: Any) -> int:
        return len(json.dumps(response, ensure_ascii=False).encode())

    frame = size(flooded(0))
    many, more = divmod(MAX_RESPONSE_BYTES - frame, size(flooded(1)) - frame)
    whole = flooded(many, "i" * (1 + more))
    assert size(whole) == MAX_RESPONSE_BYTES
    assert "isError" not in json.loads(whole["body"])["result"]
    assert json.loads(flooded(many, "i" * (2 + more))["body"])["result"]["isError"] is True


def test_a_request_is_read_up_to_its_limit() -> None:
    event = rpc_event("ping", LEGACY)
    assert serve(event | {"body": event["body"].ljust(4_194_304)})["statusCode"] == 200


def test_an_id_of_megabytes_does_not_make_the_answer_too_large() -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": '"' * 2_000_000, "method": "ping"})
    assert len(json.dumps(serve(http_event(body)))) < MAX_RESPONSE_BYTES


def test_neither_tokens_nor_bodies_are_logged(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "hunter2"
    caplog.set_level(logging.DEBUG)
    event = rpc_event("tools/call", LEGACY, name="echo", arguments={"text": secret})
    event["headers"]["authorization"] = f"Bearer {secret}"
    serve(event)
    serve(event | {"body": secret})
    serve(event | {"body": json.dumps([secret])})
    assert secret not in caplog.text + "".join(capfd.readouterr())


def test_the_function_shakes_hands_and_lists_the_tools_of_its_server(context: Context) -> None:
    from app import lambda_handler

    hello = {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    shaken = lambda_handler(rpc_event("initialize", LEGACY, **hello), cast("Any", context))
    assert json.loads(shaken["body"])["result"]["protocolVersion"] == "2025-03-26"
    listed = lambda_handler(rpc_event("tools/list", LEGACY), cast("Any", context))
    assert json.loads(listed["body"])["result"]["tools"]
    # A client of a later revision asks this first, and shakes hands when there is no such method.
    asked = lambda_handler(rpc_event("server/discover"), cast("Any", context))
    assert json.loads(asked["body"])["error"]["code"] == -32601


@settings(max_examples=200, deadline=None)
@given(event=json_values, body=json_values, header=json_values)
def test_no_event_crashes_the_handler(event: Any, body: Any, header: Any) -> None:
    good = rpc_event("ping", LEGACY)
    for bad in (
        event,
        good | {"body": body},
        good | {"body": json.dumps(body)},
        good | {"body": json.dumps({"jsonrpc": "2.0", "id": header, "method": body, "params": event})},
        good | {"headers": header},
        good | {"headers": good["headers"] | {"host": header}},
        good | {"headers": good["headers"] | {"accept": header}},
        good | {"rawPath": header, "rawQueryString": body},
        good | {"requestContext": {"http": event, "authorizer": body}},
        good | {"requestContext": {"http": {"method": "POST"}, "authorizer": body}},
    ):
        assert 200 <= serve(bad)["statusCode"] < 500
