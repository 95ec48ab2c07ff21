"""Tools that need a scope: listed for everybody, called for those who have it."""

from typing import Any

import pytest
from mcp import Client

import caller
import tool_scopes
from caller import Caller
from log_lines import recorded
from scope_guard import ScopeGuard
from server import build_server

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("account")]
TOOL = "count_s3_buckets"


async def called(*scopes: str, tool: str = TOOL, mode: Any = "auto") -> Any:
    """Call a tool as somebody with these scopes."""
    server = build_server()
    server.middleware.append(ScopeGuard(server))
    with caller.acting_for(Caller(subject="alice", scopes=frozenset(scopes))):
        async with Client(server, mode=mode) as client:
            assert TOOL in {listed.name for listed in (await client.list_tools()).tools}
            return await client.call_tool(tool, {})


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_a_tool_is_for_those_who_have_its_scope(monkeypatch: pytest.MonkeyPatch, mode: Any) -> None:
    monkeypatch.setattr(tool_scopes, "NEEDED", {TOOL: frozenset({"write"})})
    assert (await called("write", mode=mode)).structured_content == {"buckets": 0}
    refused = await called("read", mode=mode)
    assert refused.is_error
    assert "the scope write" in refused.content[0].text


async def test_other_tools_need_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_scopes, "NEEDED", {TOOL: frozenset({"write"})})
    assert not (await called("read", tool="list_ec2_instances")).is_error


async def test_a_refusal_is_recorded_as_an_error_of_the_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_scopes, "NEEDED", {TOOL: frozenset({"write"})})
    with recorded() as lines:
        await called("read")
    (line,) = (line for line in lines if line.get("method") == "tools/call")
    assert (line["sub"], line["tool"], line["outcome"]) == ("alice", TOOL, "tool_error")


async def test_a_misspelt_name_opens_nothing_and_is_told_to_the_operator(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tool_scopes, "NEEDED", {"count_s3_bucket": frozenset({"write"})})
    refused = await called("write")
    assert refused.is_error
    assert "ToolScopes" in refused.content[0].text
    assert "count_s3_bucket" in caplog.text
