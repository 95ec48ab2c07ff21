"""A gateway's calls of a stdio server: the tool's arguments in, its result out, whatever the event holds."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from mcp.types import ErrorData, JSONRPCError, JSONRPCRequest, JSONRPCResponse
from mcp_lambda import RequestHandler

import gateway_target
from any_json import json_values
from conftest import Context
from gateway_stdio import GatewayStdio
from limits import MAX_RESPONSE_BYTES


class Echo(RequestHandler):
    """Answers with what it was asked."""

    def handle_request(self, request: JSONRPCRequest, _: Any) -> JSONRPCResponse | JSONRPCError:
        asked = request.params or {}
        if asked["name"] == "refused":
            return JSONRPCError(jsonrpc="2.0", id=request.id, error=ErrorData(code=-32602, message="No such thing."))
        padding = "x" * MAX_RESPONSE_BYTES if asked["name"] == "flood" else ""
        return JSONRPCResponse(jsonrpc="2.0", id=request.id, result={"asked": asked, "padding": padding})


SERVE = GatewayStdio(Echo())


def calling(name: Any) -> Any:
    context = cast("Any", Context())
    context.client_context = SimpleNamespace(custom={"bedrockAgentCoreToolName": name})
    return context


def test_the_tool_is_called_by_its_own_name() -> None:
    asked = SERVE({"text": "hello"}, calling("target___my___tool"))["asked"]
    assert asked == {"name": "my___tool", "arguments": {"text": "hello"}}


@pytest.mark.parametrize("name", [None, 7, "", "tool", "target__tool", "target___"])
def test_a_call_that_names_no_tool_is_told_so(name: Any) -> None:
    result = SERVE({}, calling(name))
    assert result["isError"] is True
    assert "bedrockAgentCoreToolName" in result["content"][0]["text"]


@pytest.mark.parametrize(
    "client_context", [None, {}, SimpleNamespace(), SimpleNamespace(custom=None), SimpleNamespace(custom=["a"])]
)
def test_an_invocation_by_anyone_else_is_told_so(client_context: Any) -> None:
    context = cast("Any", Context())
    assert SERVE({}, context)["isError"] is True
    context.client_context = client_context
    assert "AgentCore Gateway" in SERVE({}, context)["content"][0]["text"]
    with pytest.raises(gateway_target.NotFromGatewayError):
        gateway_target.tool_name(context)


def test_what_the_protocol_refuses_is_a_result_that_the_model_can_read() -> None:
    result = SERVE({}, calling("target___refused"))
    assert result["isError"] is True
    assert "(-32602): No such thing." in result["content"][0]["text"]


def test_a_result_that_lambda_would_drop_becomes_an_error_for_the_model() -> None:
    result = SERVE({}, calling("target___flood"))
    assert result["isError"] is True
    assert "Ask for less" in result["content"][0]["text"]


@settings(max_examples=200, deadline=None)
@given(event=json_values, name=json_values)
def test_no_event_crashes_the_handler(event: Any, name: Any) -> None:
    assert SERVE(event, calling(name))
    assert SERVE(event, calling("target___echo"))["asked"]["name"] == "echo"
