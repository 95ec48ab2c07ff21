"""How programs call a server that has no URL, by Lambda's Invoke."""

from connect.guide import Deployed, Guide, Way, program

OPTIONS: dict[str, str] = {}

_CREDENTIALS = "It calls with the AWS credentials found where it runs. `uv run list_tools.py` runs it."
# Of the SDK's 1.x line, because the client is: https://pypi.org/project/run-mcp-servers-with-aws-lambda/
_SESSION = '''\
# /// script
# requires-python = ">=3.11"
# dependencies = ["mcp>=1.30,<2", "run-mcp-servers-with-aws-lambda>=0.5,<0.6"]
# ///
"""Lists the tools of the MCP server, in a session of the official SDK."""

import asyncio

from mcp import ClientSession
from mcp_lambda import LambdaFunctionParameters, lambda_function_client


async def main() -> None:
    """Connect and list."""
    where = LambdaFunctionParameters(function_name="{arn}", region_name="{region}")
    async with lambda_function_client(where) as streams, ClientSession(*streams) as session:
        await session.initialize()
        for tool in (await session.list_tools()).tools:
            print(tool.name)


if __name__ == "__main__":
    asyncio.run(main())'''


def guide(stack: Deployed) -> Guide:
    """Return how programs call the function.

    Raises:
        OutputsError: If the stack has no such function.
    """
    arn = stack.output("FunctionArn")
    ways = [
        Way(
            "python",
            "Python, with boto3",
            program(FUNCTION_ARN=arn, REGION=stack.region),
            "list_tools.py",
            _CREDENTIALS,
        ),
        Way(
            "python-session",
            "Python, with a session",
            _SESSION.format(arn=arn, region=stack.region),
            "list_tools.py",
            _CREDENTIALS,
        ),
    ]
    clients = ("Claude Code", "Claude Desktop, claude.ai", "VS Code", "Cursor", "Kiro", "MCP Inspector")
    without = dict.fromkeys(
        (*clients, "mcp-remote", "mcp-proxy-for-aws"), "it wants a URL or a command, and this is neither"
    )
    return Guide(ways, without)
