"""A gateway's calls: the tool's arguments in, its result out, whatever the event holds."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings

from any_json import json_values
from app import lambda_handler
from conftest import Context


def call(tool: Any, event: Any) -> dict[str, Any]:
    context = Context()
    custom = {"bedrockAgentCoreToolName": tool, "bedrockAgentCoreMessageVersion": "1.0"}
    cast("Any", context).client_context = SimpleNamespace(custom=custom)
    return lambda_handler(event, cast("Any", context))


@pytest.mark.usefixtures("account")
def test_a_tool_is_called_by_its_name_without_the_targets_cold_and_warm() -> None:
    for _ in range(2):
        assert call("tools___count_s3_buckets", {}) == {"buckets": 0}


@pytest.mark.usefixtures("account")
def test_the_event_is_the_tools_arguments() -> None:
    assert call("tools___list_ec2_instances", {"state": "stopped"}) == {"instances": [], "next_cursor": None}


@pytest.mark.usefixtures("account")
def test_a_tools_failure_is_text_that_the_model_can_read() -> None:
    told = call("tools___scan_log_group", {"log_group": "/none", "pattern": "ERROR"})
    assert told["isError"] is True
    assert "ResourceNotFoundException" in told["content"][0]["text"]


def test_a_tool_that_there_is_not_is_told_so() -> None:
    assert "no_such_tool" in str(call("tools___no_such_tool", {}))


def test_an_invocation_by_something_else_is_told_so() -> None:
    told = lambda_handler({}, cast("Any", Context()))
    assert told["isError"] is True
    assert "AgentCore Gateway" in told["content"][0]["text"]


@settings(max_examples=60, deadline=None)
@given(tool=json_values, event=json_values)
def test_no_event_crashes_the_handler(tool: Any, event: Any) -> None:
    for name in (tool, f"tools___{tool}", "tools___count_s3_buckets"):
        assert isinstance(call(name, event), dict)
