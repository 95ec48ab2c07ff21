"""A server with as many tools as TOOLS says, each of which answers with a text as long as it is asked for."""

import os

from sdk import READ_ONLY, MCPServer, new_server


def build_server() -> MCPServer:
    """Return a new server whose tools are called tool_0, tool_1 and so on."""
    server = new_server("0.1.0", "")
    for number in range(int(os.environ["TOOLS"])):

        @server.tool(name=f"tool_{number}", annotations=READ_ONLY, structured_output=False)
        async def tool(length: int) -> str:
            """Return a text of so many characters."""
            return "x" * length

    return server
