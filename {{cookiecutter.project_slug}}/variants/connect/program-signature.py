# /// script
# requires-python = ">=3.11"
# dependencies = ["boto3>=1.40,<2", "mcp>=2.3,<3"]
# ///
"""Lists the tools of the MCP server, in requests signed with the AWS credentials found here."""

import asyncio
from collections.abc import Generator

import httpx2
from boto3.session import Session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

MCP_URL = "MCP_URL"
REGION = "REGION"


class Signed(httpx2.Auth):
    """Signs each request anew, as credentials of a role change."""

    requires_request_body = True

    def __init__(self) -> None:
        credentials = Session().get_credentials()
        if credentials is None:
            raise SystemExit("There are no AWS credentials here.")
        self._signer = SigV4Auth(credentials, "lambda", REGION)

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the signature, https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html."""
        signed = AWSRequest(request.method, str(request.url), {"host": request.headers["host"]}, request.content)
        self._signer.add_auth(signed)
        request.headers.update(dict(signed.headers))
        yield request


async def main() -> None:
    """Connect and list."""
    async with (
        httpx2.AsyncClient(auth=Signed(), timeout=60) as http,
        Client(streamable_http_client(MCP_URL, http_client=http)) as client,
    ):
        for tool in (await client.list_tools()).tools:
            print(tool.name)


if __name__ == "__main__":
    asyncio.run(main())
