"""Values between calls, in the built artifact and behind a real client: counted once each, whoever else counts too."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import anyio
import boto3
import pytest
from mcp import Client

from conftest import Bake
from e2e.callers import Bearer, connected
from e2e.conftest import Built, Stack
from workshop import ARCHITECTURE

pytestmark = pytest.mark.anyio

CALLS = 200
NEVER = "n" * 32


@pytest.fixture(scope="module")
def remembering(bake: Bake) -> Built:
    return Built(bake(architecture=ARCHITECTURE, state="dynamodb"))


@pytest.fixture(scope="module")
def stack(remembering: Built) -> Iterator[Stack]:
    with remembering.serve() as running:
        yield running


async def count(client: Client, handle: str | None = None) -> tuple[str, int]:
    """Count up, and return the counter's handle and value."""
    counted = await client.call_tool("increment_counter", {} if handle is None else {"handle": handle})
    assert not counted.is_error, counted
    assert counted.structured_content
    return counted.structured_content["handle"], counted.structured_content["value"]


async def two_conversations(client: Client) -> tuple[str, str]:
    """Count to 3 in a conversation, with another begun in between; return the handles of both."""
    one, value = await count(client)
    assert value == 1
    assert await count(client, one) == (one, 2)
    other, value = await count(client)
    assert value == 1
    assert other != one
    assert await count(client, one) == (one, 3)
    return one, other


async def refused(client: Client, tool: str, handle: str) -> str:
    """Call a tool that must fail, and return what it says."""
    answer = await client.call_tool(tool, {"handle": handle})
    assert answer.is_error
    return str(answer.content[0].text)  # type: ignore[union-attr]


def table_of(stack: Stack, region: str = "us-east-1") -> Any:
    """Return the items of the stack's table."""
    session: Any = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name=region)
    tables = session.client("dynamodb", endpoint_url=stack.aws_endpoint_url)
    (name,) = tables.list_tables()["TableNames"]
    return tables.scan(TableName=name)["Items"]


def environments(built: Built) -> set[int]:
    """Return the processes that the functions run in: those that the local stack has started."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], check=True, capture_output=True, text=True
    ).stdout
    processes = [line.split(maxsplit=2) for line in listed.splitlines()]
    serving = {pid for pid, _, command in processes if f"--template {built.template}" in command}
    return {int(pid) for pid, parent, command in processes if parent in serving and "<defunct>" not in command}


async def test_a_conversation_counts_one_two_three_and_another_begins_at_one(stack: Stack) -> None:
    async with connected(stack) as client:
        one, other = await two_conversations(client)
        assert await count(client, other) == (other, 2)
    async with connected(stack) as client:
        assert await count(client, one) == (one, 4)


async def test_anothers_handle_is_not_found_in_the_words_for_one_that_never_was(stack: Stack) -> None:
    async with connected(stack) as client:
        handle, _ = await count(client)
    async with connected(stack, auth=Bearer(stack.machine_token())) as machine:
        for tool in ("increment_counter", "forget_counter"):
            told = await refused(machine, tool, handle)
            assert "Nothing is kept under this handle" in told
            assert told == await refused(machine, tool, NEVER)
    async with connected(stack) as client:
        assert await count(client, handle) == (handle, 2)
        assert not (await client.call_tool("forget_counter", {"handle": handle})).is_error
        assert "Nothing is kept under this handle" in await refused(client, "increment_counter", handle)


async def test_of_many_calls_at_once_each_counts_once_or_is_told_to_retry(stack: Stack) -> None:
    counted: list[int] = []
    told: list[str] = []
    async with connected(stack) as client:
        handle, _ = await count(client)

        async def call() -> None:
            answer = await client.call_tool("increment_counter", {"handle": handle})
            if answer.is_error:
                told.append(str(answer.content[0].text))  # type: ignore[union-attr]
            else:
                assert answer.structured_content
                counted.append(answer.structured_content["value"])

        async with anyio.create_task_group() as calls:
            for _ in range(CALLS):
                calls.start_soon(call)
        assert len(counted) + len(told) == CALLS
        assert all("changed nothing. Retry" in text for text in told)
        assert sorted(counted) == list(range(2, len(counted) + 2))
        assert await count(client, handle) == (handle, len(counted) + 2)


async def test_a_value_outlives_the_environment_that_has_written_it(stack: Stack, remembering: Built) -> None:
    async with connected(stack) as client:
        handle, _ = await count(client)
        before = environments(remembering)
        assert before
        for process in before:
            os.kill(process, signal.SIGKILL)
        while environments(remembering) & before:
            pass
        assert await count(client, handle) == (handle, 2)
        assert environments(remembering)


async def test_with_the_developers_own_account_values_are_still_kept_on_this_machine(
    remembering: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"AWS_ACCESS_KEY_ID": "own", "AWS_SECRET_ACCESS_KEY": "own", "AWS_DEFAULT_REGION": "eu-north-1"}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    with remembering.serve(None, "--aws", "real") as stack:
        async with connected(stack) as client:
            handle, _ = await count(client)
            assert await count(client, handle) == (handle, 2)
        assert [item["value"]["S"] for item in table_of(stack, "eu-north-1")] == ["2"]


async def test_what_is_kept_names_nobody(stack: Stack, remembering: Built) -> None:
    async with connected(stack) as client:
        handle, _ = await count(client)
    kept = next(item for item in table_of(stack) if item["handle"]["S"] == handle)
    assert kept.keys() == {"owner", "handle", "version", "value", "expires"}
    assert re.fullmatch(r"[0-9a-f]{64}", kept["owner"]["S"])
    assert handle not in (remembering.project / "local.log").read_text()


@pytest.mark.parametrize("answers", [{"adapter": "stdio"}, {"endpoint": "function-url"}], ids=["stdio", "function-url"])
async def test_another_shape_counts_as_well(bake: Bake, answers: dict[str, str]) -> None:
    with Built(bake(architecture=ARCHITECTURE, state="dynamodb", **answers)).serve() as stack:
        async with connected(stack) as client:
            one, other = await two_conversations(client)
            assert not (await client.call_tool("forget_counter", {"handle": one})).is_error
            assert await refused(client, "increment_counter", one) == await refused(client, "increment_counter", NEVER)
            assert await count(client, other) == (other, 2)
