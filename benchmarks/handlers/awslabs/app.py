"""The handler of the README of awslabs.mcp_lambda_handler, with the one tool."""

from awslabs.mcp_lambda_handler import MCPLambdaHandler

mcp = MCPLambdaHandler(name="benchmark", version="1.0.0")


@mcp.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def lambda_handler(event, context):
    """Serve one HTTP request."""
    return mcp.handle_request(event, context)
