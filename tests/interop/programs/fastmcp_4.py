"""FastMCP's client, run by its own interpreter: `python fastmcp_4.py < task.json`."""

import asyncio
import json
import sys
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport


async def visit(task: dict[str, Any]) -> dict[str, Any]:
    """Do what the task says, over one connection."""
    async with Client(StreamableHttpTransport(task["url"], headers=task["headers"])) as client:
        found = {
            "revision": client.protocol_version,
            "capabilities": list(wire(client.server_capabilities)),
            "tools": [tool.name for tool in await client.list_tools()],
            "failed": wire(await client.call_tool_mcp(*task["failing"])),
            "good": wire(await client.call_tool_mcp(*task["good"])),
        }
        if task["resource"]:
            found["resource"] = wire(await client.read_resource_mcp(task["resource"]))
            found["prompt"] = wire(await client.get_prompt_mcp(*task["prompt"]))
        return found


def wire(result: Any) -> Any:
    """Return a result as it came over the wire."""
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


print(json.dumps(asyncio.run(visit(json.load(sys.stdin)))))
