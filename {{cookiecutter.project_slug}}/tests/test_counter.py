"""A counter as a client uses it: one for each conversation, by its handle."""

from typing import Any

import pytest

import caller
from caller import Caller
from client import connected
from server import build_server
from state_table import StateTable

pytestmark = pytest.mark.anyio


@pytest.fixture
def table(account: None) -> StateTable:
    return StateTable()


def text(result: dict[str, Any]) -> str:
    assert result["isError"]
    return str(result["content"][0]["text"])


async def test_a_conversation_counts_one_two_three(table: StateTable) -> None:
    async with connected(build_server()) as client:
        first = (await client.call("increment_counter"))["structuredContent"]
        assert first == {"handle": first["handle"], "value": 1}
        for expected in (2, 3):
            assert (await client.call("increment_counter", handle=first["handle"]))["structuredContent"] == {
                "handle": first["handle"],
                "value": expected,
            }


async def test_the_next_connection_counts_on(table: StateTable) -> None:
    async with connected(build_server()) as client:
        handle = (await client.call("increment_counter"))["structuredContent"]["handle"]
    async with connected(build_server()) as client:
        assert (await client.call("increment_counter", handle=handle))["structuredContent"]["value"] == 2


async def test_two_conversations_do_not_know_of_each_other(table: StateTable) -> None:
    async with connected(build_server()) as client:
        one, other = [(await client.call("increment_counter"))["structuredContent"]["handle"] for _ in range(2)]
        assert one != other
        for _ in range(3):
            await client.call("increment_counter", handle=one)
        assert (await client.call("increment_counter", handle=other))["structuredContent"]["value"] == 2
        assert (await client.call("increment_counter", handle=one))["structuredContent"]["value"] == 5


async def test_a_counter_that_is_forgotten_is_not_found_and_others_are_left(table: StateTable) -> None:
    async with connected(build_server()) as client:
        gone, left = [(await client.call("increment_counter"))["structuredContent"]["handle"] for _ in range(2)]
        assert (await client.call("forget_counter", handle=gone))["structuredContent"] == {"handle": gone}
        counted = text(await client.call("increment_counter", handle=gone))
        forgotten = text(await client.call("forget_counter", handle=gone))
        assert "Nothing is kept under this handle" in counted
        assert "Nothing is kept under this handle" in forgotten
        assert (await client.call("increment_counter", handle=left))["structuredContent"]["value"] == 2


@pytest.mark.parametrize("tool", ["increment_counter", "forget_counter"])
async def test_anothers_handle_and_one_that_never_was_are_told_the_same(table: StateTable, tool: str) -> None:
    with caller.acting_for(Caller(subject="alice", client_id="people")):
        async with connected(build_server()) as client:
            handle = (await client.call("increment_counter"))["structuredContent"]["handle"]
    with caller.acting_for(Caller(subject="bob", client_id="people")):
        async with connected(build_server()) as client:
            told = {text(await client.call(tool, handle=tried)) for tried in (handle, "n" * 32, "no handle", "")}
    assert len(told) == 1
    assert [item["value"]["S"] for item in table.items()] == ["1"]


async def test_a_client_is_told_what_the_tools_may_do_and_a_model_to_keep_the_handle(table: StateTable) -> None:
    async with connected(build_server()) as client:
        tools = {tool["name"]: tool for tool in await client.tools()}
    counting, forgetting = (tools[name] for name in ("increment_counter", "forget_counter"))
    closed = {"readOnlyHint": False, "openWorldHint": False}
    assert counting["annotations"] == {**closed, "destructiveHint": False, "idempotentHint": False}
    assert forgetting["annotations"] == {**closed, "destructiveHint": True, "idempotentHint": True}
    assert "keep its handle" in counting["description"]
    assert counting["inputSchema"].get("required", []) == []
    assert forgetting["inputSchema"]["required"] == ["handle"]
