"""What a call leaves in the log: one line, metrics by tool, and nothing of what was said."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import pytest

from conftest import Context, Handler, http_event, rpc_event
from telemetry import logger


@contextmanager
def recorded() -> Iterator[list[dict[str, Any]]]:
    """Collect the JSON lines written inside the block: the logger has a stream of its own, metrics go to stdout."""
    lines: list[dict[str, Any]] = []
    written = io.StringIO()
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(written)
    with redirect_stdout(written):
        yield lines
    handler.setStream(before)
    lines += [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_call_is_one_line_with_who_what_and_how_it_went(handle: Handler, context: Context) -> None:
    with recorded() as lines:
        handle(rpc_event("tools/list"), context)
    (line,) = lines
    assert line["message"] == "mcp call"
    assert (line["method"], line["jsonrpc_id"], line["outcome"]) == ("tools/list", "7", "ok")
    assert (line["sub"], line["client_id"]) == ("alice", "people")
    assert line["duration_ms"] >= 0
    assert "cold_start" in line


@pytest.mark.usefixtures("account")
def test_a_tools_call_also_counts_in_its_metrics(handle: Handler, context: Context) -> None:
    with recorded() as lines:
        handle(rpc_event("tools/call", name="count_s3_buckets", arguments={}), context)
    line, metric = lines
    assert line["tool"] == metric["tool"] == "count_s3_buckets"
    assert (metric["Calls"], metric["Errors"]) == ([1], [0])
    assert metric["Duration"][0] >= 0
    assert metric["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["tool", "service"]]


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
@pytest.mark.usefixtures("account")
def test_a_failed_tool_counts_as_an_error(handle: Handler, context: Context, version: str) -> None:
    arguments = {"log_group": "/none", "pattern": "ERROR"}
    with recorded() as lines:
        handle(rpc_event("tools/call", version, name="scan_log_group", arguments=arguments), context)
    line, metric = lines
    assert line["outcome"] == "tool_error"
    assert metric["Errors"] == [1]


def test_a_made_up_tool_makes_no_new_metric(handle: Handler, context: Context) -> None:
    with recorded() as lines:
        handle(rpc_event("tools/call", name="made_up", arguments={}), context)
    line, metric = lines
    assert line["tool"] == metric["tool"] == "unknown"


def test_misuse_of_the_protocol_is_told_by_its_code(handle: Handler, context: Context) -> None:
    with recorded() as lines:
        handle(rpc_event("no/such/method"), context)
    (line,) = lines
    assert line["outcome"] == "protocol_error -32601"


@pytest.mark.usefixtures("account")
def test_neither_arguments_nor_results_nor_tokens_are_logged(
    handle: Handler, context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "hunter2-in-the-arguments"
    caplog.set_level(logging.INFO)
    arguments = {"log_group": secret, "pattern": secret}
    with recorded() as lines:
        for version in ("2025-11-25", "2026-07-28"):
            event = rpc_event("tools/call", version, name="scan_log_group", arguments=arguments)
            event["headers"]["authorization"] = f"Bearer {secret}"
            handle(event, context)
            handle(event | {"body": secret}, context)
            handle(rpc_event("resources/read", version, uri=f"aws://lambda/{secret}"), context)
    assert len(lines) == 6
    assert secret not in str(lines) + caplog.text


def test_a_callers_text_is_cut_short(handle: Handler, context: Context) -> None:
    with recorded() as lines:
        handle(http_event(json.dumps({"jsonrpc": "2.0", "id": "x" * 10_000, "method": "m" * 10_000})), context)
    (line,) = lines
    assert len(json.dumps(line)) < 2_000
