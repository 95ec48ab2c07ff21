"""A client on the SDK's 1.x line, run by its own interpreter: `MCP_TOKEN=… python old_client.py URL`."""

import asyncio
import json
import os
import sys
from typing import Any

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from mcp.types import ResourceTemplateReference
from pydantic import AnyUrl


async def visit(session: ClientSession) -> dict[str, Any]:
    """Use everything once."""
    progress: list[str | None] = []

    async def note(done: float, total: float | None, message: str | None) -> None:
        progress.append(message)

    scan = {"log_group": "/aws/lambda/orders", "pattern": "ERROR"}
    await session.call_tool("scan_log_group", scan, progress_callback=note)
    reference = ResourceTemplateReference(type="ref/resource", uri="aws://lambda/{function}")
    completed = await session.complete(reference, {"name": "function", "value": ""})
    return {
        "tools": len((await session.list_tools()).tools),
        "buckets": (await session.call_tool("count_s3_buckets")).structuredContent,
        "progress": bool(progress),
        "error": (await session.call_tool("list_ec2_instances", {"state": "asleep"})).isError,
        "regions": "us-east-1" in str(await session.read_resource(AnyUrl("aws://ec2/regions"))),
        "prompt": "ERROR" in str(await session.get_prompt("summarize_errors", {"log_group": "/app"})),
        "completed": bool(completed.completion.values),
    }


async def main() -> None:
    """Visit twice over one connection, and print what was found."""
    headers = {"Authorization": f"Bearer {os.environ['MCP_TOKEN']}"}
    async with (
        streamablehttp_client(sys.argv[1], headers=headers) as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        print(json.dumps([await visit(session) for _ in range(2)]))


asyncio.run(main())
