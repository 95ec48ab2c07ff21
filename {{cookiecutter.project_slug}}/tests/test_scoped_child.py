"""Scopes of a stdio server's tools: without them no process is started."""

from typing import Any, cast

import pytest
from mcp.types import JSONRPCError, JSONRPCRequest, JSONRPCResponse
from mcp_lambda import RequestHandler

import caller
import tool_scopes
from caller import Caller
from conftest import Context
from log_lines import recorded
from scoped_child import ScopedChild


class Child(RequestHandler):  # A process costs half a second; here it only matters whether there is one.
    """Answers everything."""

    def handle_request(self, request: JSONRPCRequest, _: Any) -> JSONRPCResponse | JSONRPCError:
        return JSONRPCResponse(jsonrpc="2.0", id=request.id, result={"served": True})


def called(*scopes: str, method: str = "tools/call", **params: Any) -> dict[str, Any]:
    request = JSONRPCRequest(jsonrpc="2.0", id=1, method=method, params=params)
    with caller.acting_for(Caller(subject="alice", scopes=frozenset(scopes))):
        answer = ScopedChild(Child()).handle_request(request, cast("Any", Context()))
    assert isinstance(answer, JSONRPCResponse)
    return answer.result


@pytest.fixture(autouse=True)
def stop_needs_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_scopes, "NEEDED", {"stop": frozenset({"write"})})


def test_with_the_scope_the_child_answers() -> None:
    assert called("write", name="stop") == {"served": True}


def test_without_it_the_caller_is_told_and_the_call_recorded() -> None:
    with recorded() as lines:
        refused = called("read", name="stop")
    assert refused["isError"]
    assert "the scope write" in refused["content"][0]["text"]
    (line,) = (line for line in lines if line.get("method") == "tools/call")
    assert (line["sub"], line["tool"], line["outcome"]) == ("alice", "stop", "tool_error")


@pytest.mark.parametrize("params", [{"name": "another"}, {}, {"name": 1}, {"name": ["stop"]}])
def test_other_calls_are_the_childs(params: dict[str, Any]) -> None:
    assert called("read", **params) == {"served": True}


def test_other_methods_are_the_childs() -> None:
    assert called("read", method="prompts/get", name="stop") == {"served": True}
