"""The front door of this project: a function URL whose callers sign their requests."""

from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager

import httpx2
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from mcp.client import Transport
from mcp.client.streamable_http import streamable_http_client
from starlette.types import ASGIApp

from local.function_url.url import FunctionUrl
from local.functions import LambdaFunction
from local.signing.door import MESSAGE, REGION, SignedDoor
from local.template import Stack
from local.tour import ANSWER_SECONDS, Connect, NoteRefusal

_TOLD = """
{name} is at  {url}

  {exports}
  claude mcp add {name} -- uvx mcp-proxy-for-aws@latest {url} --service lambda --region {region}
  curl {url} --aws-sigv4 aws:amz:{region}:lambda --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\
    -H 'content-type: application/json' -H 'accept: application/json, text/event-stream' \\
    -d '{message}'

The keys are good on this machine alone, until Ctrl-C stops everything.
"""


class SigV4(httpx2.Auth):
    """Signs each request as somebody who calls a function URL."""

    requires_request_body = True

    def __init__(self, access_key: str, secret: str) -> None:
        """Take the credentials to sign with."""
        self._signer = SigV4Auth(Credentials(access_key, secret), "lambda", REGION)

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the headers of a signature."""
        # What proxies change or take away is not signed.
        headers = {name: value for name, value in request.headers.items() if name != "connection"}
        signed = AWSRequest(request.method, str(request.url), headers, request.content)
        self._signer.add_auth(signed)
        request.headers.update(dict(signed.headers))
        yield request


class Door(SignedDoor):
    """Serves the template's function URL."""

    def app(self, stack: Stack, functions: Mapping[str, LambdaFunction]) -> ASGIApp:
        """Return what answers for `stack`. Raises TemplateError for a URL that would not deploy."""
        return FunctionUrl(stack, functions, {self.authority, *stack.domain_names}, self.keys)

    def url(self, stack: Stack) -> str:
        """Return where MCP clients connect: the template's output McpUrl, on this machine."""
        return stack.outputs.get("McpUrl", f"http://{self.authority}/mcp")

    def auth(self, _stack: Stack) -> SigV4:
        """Return what lets an HTTP request in."""
        return SigV4(self.caller.access_key, self.caller.secret)

    def client(self, stack: Stack) -> tuple[Connect, str]:
        """Return how a client connects, and the secret that it does so with."""

        @asynccontextmanager
        async def connect(note: NoteRefusal) -> AsyncIterator[Transport]:
            auth, hooks = self.auth(stack), {"response": [note]}
            async with httpx2.AsyncClient(auth=auth, timeout=ANSWER_SECONDS, event_hooks=hooks) as http:
                yield streamable_http_client(self.url(stack), http_client=http)

        return connect, self.caller.secret

    def described(self, stack: Stack) -> dict[str, object]:
        """Return what a program needs to know to connect."""
        return {"mcp_url": self.url(stack), **self.credentials()}

    def told(self, stack: Stack, name: str) -> str:
        """Return what a person needs to know to connect."""
        facts = {"region": REGION, "exports": self.exports(), "message": MESSAGE}
        return _TOLD.format(name=name, url=self.url(stack), **facts)
