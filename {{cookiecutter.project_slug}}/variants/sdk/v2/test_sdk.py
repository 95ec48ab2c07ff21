"""What the 2.x line of the SDK adds to every server here."""

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from server import build_server

pytestmark = pytest.mark.anyio


async def test_the_lists_may_be_cached_by_anyone() -> None:
    async with Client(build_server()) as client:
        tools = await client.list_tools()
    assert (tools.ttl_ms, tools.cache_scope) == (300_000, "public")


@pytest.mark.usefixtures("account")
async def test_a_resource_that_does_not_exist_is_an_error_of_its_parameter() -> None:
    async with Client(build_server()) as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource("aws://lambda/none")
    assert refused.value.error.code == -32602
