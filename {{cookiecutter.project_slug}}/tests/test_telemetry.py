"""What a call leaves in the log: one line, metrics by tool, and nothing of what was said."""

import logging
from contextlib import suppress
from typing import Any, Literal

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

import caller
from caller import Caller
from log_lines import recorded
from server import build_server

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("account")]
Era = Literal["legacy", "2026-07-28"]
both_eras = pytest.mark.parametrize("era", ["legacy", "2026-07-28"])


def apart_from_the_handshake(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    handshake = {"initialize", "notifications/initialized", "server/discover"}
    return [line for line in lines if line.get("method") not in handshake]


async def test_a_call_is_one_line_with_who_what_and_how_it_went() -> None:
    with recorded() as lines, caller.acting_for(Caller("alice", "people")):
        async with Client(build_server()) as client:
            await client.list_tools()
    (line,) = apart_from_the_handshake(lines)
    assert line["message"] == "mcp call"
    assert (line["method"], line["outcome"]) == ("tools/list", "ok")
    assert line["jsonrpc_id"]
    assert (line["sub"], line["client_id"]) == ("alice", "people")
    assert line["duration_ms"] >= 0


async def test_a_tools_call_also_counts_in_its_metrics() -> None:
    with recorded() as lines:
        async with Client(build_server()) as client:
            await client.call_tool("count_s3_buckets")
    # The client asks for the list to check the answer by the tool's schema.
    line, metric = (line for line in apart_from_the_handshake(lines) if line.get("method") != "tools/list")
    assert line["tool"] == metric["tool"] == "count_s3_buckets"
    assert (metric["Calls"], metric["Errors"]) == ([1], [0])
    assert metric["Duration"][0] >= 0
    assert metric["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["tool", "service"]]


@both_eras
async def test_a_failed_tool_counts_as_an_error(era: Era) -> None:
    with recorded() as lines:
        async with Client(build_server(), mode=era) as client:
            await client.call_tool("scan_log_group", {"log_group": "/none", "pattern": "ERROR"})
    line, metric = apart_from_the_handshake(lines)
    assert line["outcome"] == "tool_error"
    assert metric["Errors"] == [1]


async def test_a_made_up_tool_makes_no_new_metric() -> None:
    with recorded() as lines:
        async with Client(build_server()) as client:
            await client.call_tool("made_up")
    line, metric = apart_from_the_handshake(lines)
    assert line["tool"] == metric["tool"] == "unknown"


async def test_misuse_of_the_protocol_is_told_by_its_code() -> None:
    with recorded() as lines:
        async with Client(build_server()) as client:
            with suppress(MCPError):
                await client.read_resource("aws://no/such/thing")
    (line,) = apart_from_the_handshake(lines)
    assert line["outcome"] == "protocol_error -32602"


@both_eras
async def test_neither_arguments_nor_results_are_logged(caplog: pytest.LogCaptureFixture, era: Era) -> None:
    secret = "hunter2-in-the-arguments"
    caplog.set_level(logging.INFO)
    with recorded() as lines:
        async with Client(build_server(), mode=era) as client:
            await client.call_tool("scan_log_group", {"log_group": secret, "pattern": secret})
            with suppress(MCPError):
                await client.read_resource(f"aws://lambda/{secret}")
    assert len(apart_from_the_handshake(lines)) == 3
    assert secret not in str(lines) + caplog.text
