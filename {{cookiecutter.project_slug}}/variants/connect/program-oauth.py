# /// script
# requires-python = ">=3.11"
# dependencies = ["mcp>=2.3,<3"]
# ///
"""Lists the tools of the MCP server, signed in as a service with the client credentials grant."""

import asyncio
import os

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

MCP_URL = "MCP_URL"
DISCOVERY_URL = "DISCOVERY_URL"
CLIENT_ID = "CLIENT_ID"


async def access_token() -> str:
    """Return a token of the provider, which says where it gives them (OpenID Connect Discovery section 4)."""
    credentials = (CLIENT_ID, os.environ["MCP_CLIENT_SECRET"])
    # Some providers want a `scope` or an `audience` here too; Cognito gives all that the client may have.
    asked = {"grant_type": "client_credentials"}
    async with httpx2.AsyncClient() as http:
        found = (await http.get(DISCOVERY_URL)).raise_for_status().json()
        given = await http.post(found["token_endpoint"], auth=credentials, data=asked)
    return str(given.raise_for_status().json()["access_token"])


async def main() -> None:
    """Sign in and list."""
    headers = {"authorization": f"Bearer {await access_token()}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(MCP_URL, http_client=http)) as client,
    ):
        for tool in (await client.list_tools()).tools:
            print(tool.name)


if __name__ == "__main__":
    asyncio.run(main())
