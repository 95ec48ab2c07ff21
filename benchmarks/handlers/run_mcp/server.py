"""The one-tool server, as a stdio server of the SDK's 1.x line, which run-mcp-servers-with-aws-lambda needs."""

from mcp.server.fastmcp import FastMCP

mcp = FastMCP("benchmark")


@mcp.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


if __name__ == "__main__":
    mcp.run()
