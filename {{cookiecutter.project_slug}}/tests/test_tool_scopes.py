"""Which scopes single tools need, and what a caller without them is told."""

import pytest

import caller
import tool_scopes
from caller import Caller


@pytest.mark.parametrize(
    ("text", "prefix", "needed"),
    [
        ("", "", {}),
        ("scan=write", "", {"scan": {"write"}}),
        ("scan=write,stop=admin", "", {"scan": {"write"}, "stop": {"admin"}}),
        ("scan=read,scan=logs", "", {"scan": {"read", "logs"}}),
        ("scan=write", "https://mcp.example.com/mcp/", {"scan": {"https://mcp.example.com/mcp/write"}}),
        ("scan=api://x?a=b", "", {"scan": {"api://x?a=b"}}),
    ],
)
def test_the_parameter_says_which_scopes_a_tool_needs(text: str, prefix: str, needed: dict[str, set[str]]) -> None:
    assert tool_scopes.read(text, prefix) == needed


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        ({"read", "write"}, None),
        ({"read", "write", "more"}, None),
        ({"read"}, "the scope write, which"),
        ({"read", "Write", "write-all", "all/write"}, "the scope write, which"),
        (set(), "the scope read write, which"),
    ],
)
def test_a_caller_is_told_every_scope_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, scopes: set[str], missing: str | None
) -> None:
    monkeypatch.setattr(tool_scopes, "NEEDED", {"stop": frozenset({"read", "write"})})
    with caller.acting_for(Caller(scopes=frozenset(scopes))):
        refusal = tool_scopes.refusal("stop")
        assert tool_scopes.refusal("another") is None
    assert (refusal is None) == (missing is None)
    assert (missing or "") in (refusal or "")


def test_nobody_in_particular_has_no_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_scopes, "NEEDED", {"stop": frozenset({"write"})})
    assert tool_scopes.refusal("stop")


@pytest.mark.parametrize("name", [None, 1, ["stop"], {"stop": 1}])
def test_what_is_no_name_needs_no_scope_and_is_for_the_server_to_refuse(
    monkeypatch: pytest.MonkeyPatch, name: object
) -> None:
    monkeypatch.setattr(tool_scopes, "NEEDED", {"stop": frozenset({"write"})})
    assert tool_scopes.refusal(name) is None
