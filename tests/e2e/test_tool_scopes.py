"""Tools that need a scope of their own, on a deployed project: people have it, machines do not."""

from pathlib import Path
from typing import Any

import pytest

from conftest import Bake
from e2e.callers import Bearer, connected
from e2e.conftest import Built, Stack
from workshop import ARCHITECTURE

pytestmark = pytest.mark.anyio


async def counted(stack: Stack, token: str) -> Any:
    async with connected(stack, auth=Bearer(token)) as client:
        assert "count_s3_buckets" in {tool.name for tool in (await client.list_tools()).tools}
        return await client.call_tool("count_s3_buckets")


@pytest.mark.parametrize("adapter", ["in-process", "stdio"])
async def test_the_operator_keeps_a_tool_for_those_with_a_scope(bake: Bake, tmp_path: Path, adapter: str) -> None:
    built = Built(bake(adapter=adapter, architecture=ARCHITECTURE))

    def kept(text: str) -> str:
        before, after = text.split("  ToolScopes:\n", 1)
        text = before + "  ToolScopes:\n" + after.replace("Default: ''", "Default: count_s3_buckets=write", 1)
        people, machines = text.split("  MachineClient:\n", 1)
        return people + "  MachineClient:\n" + machines.replace("/write", "/invoke", 1)

    with built.serve(built.changed(tmp_path, kept)) as stack:
        assert (await counted(stack, stack.access_token)).structured_content == {"buckets": 3}
        refused = await counted(stack, stack.machine_token())
        assert refused.is_error
        # The scope by its full name, which is what somebody has to ask for.
        assert f"{stack.mcp_url}/write" in refused.content[0].text
        # Every other tool is as it was.
        assert f"{stack.mcp_url}/invoke" not in refused.content[0].text
