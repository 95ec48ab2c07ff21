"""The one-tool server, in place of the samples of a generated project."""

from sdk import READ_ONLY, MCPServer, new_server


def build_server() -> MCPServer:
    """Return a new server with the one tool."""
    server = new_server("0.1.0", "")

    @server.tool(annotations=READ_ONLY)
    async def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    return server
