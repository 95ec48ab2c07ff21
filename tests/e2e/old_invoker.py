"""run-mcp's client, on the SDK's 1.x line, run by its own interpreter: `python old_invoker.py FUNCTION_ARN REGION`."""

import asyncio
import json
import sys

from mcp import ClientSession
from mcp_lambda import LambdaFunctionParameters, lambda_function_client


async def main() -> None:
    """Connect twice, list the tools each time, and print their names."""
    where = LambdaFunctionParameters(function_name=sys.argv[1], region_name=sys.argv[2])
    for _ in range(2):
        async with lambda_function_client(where) as streams, ClientSession(*streams) as session:
            await session.initialize()
            names = [tool.name for tool in (await session.list_tools()).tools]
    print(json.dumps(names))


asyncio.run(main())
