"""The SDK's 1.x line, run by its own interpreter: `python python_1.py http|invoke|sign < task.json`."""

import asyncio
import json
import sys
from contextlib import AbstractAsyncContextManager
from typing import Any

from botocore.credentials import Credentials
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from mcp_lambda import LambdaFunctionParameters, lambda_function_client
from mcp_lambda.client.streamable_http_sigv4 import streamablehttp_client_with_sigv4
from pydantic import AnyUrl


def way(task: dict[str, Any], name: str) -> AbstractAsyncContextManager[Any]:
    """Return the way to the server: the SDK's own, or one of run-mcp's, which invoke the function or sign."""
    match name:
        case "invoke":
            where = LambdaFunctionParameters(function_name=task["function"], region_name=task["region"])
            return lambda_function_client(where)
        case "sign":
            return streamablehttp_client_with_sigv4(task["url"], Credentials(*task["keys"]), "lambda", task["region"])
        case _:
            return streamablehttp_client(task["url"], headers=task["headers"])


async def visit(task: dict[str, Any]) -> dict[str, Any]:
    """Do what the task says, over one connection."""
    async with way(task, sys.argv[1]) as (read, write, *_), ClientSession(read, write) as session:
        initialized = await session.initialize()
        found = {
            "revision": initialized.protocolVersion,
            "capabilities": list(wire(initialized.capabilities)),
            "tools": [tool.name for tool in (await session.list_tools()).tools],
            "failed": wire(await session.call_tool(*task["failing"])),
            "good": wire(await session.call_tool(*task["good"])),
        }
        if task["resource"]:
            found["resource"] = wire(await session.read_resource(AnyUrl(task["resource"])))
            found["prompt"] = wire(await session.get_prompt(*task["prompt"]))
        return found


def wire(result: Any) -> Any:
    """Return a result as it came over the wire."""
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


print(json.dumps(asyncio.run(visit(json.load(sys.stdin)))))
