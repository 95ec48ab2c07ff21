"""The front door of this project: an HTTP API whose callers send a secret that the team shares."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from starlette.types import ASGIApp

from local import declared
from local.bearer.client import Bearer, bearer
from local.functions import LambdaFunction
from local.http_api.api import HttpApi
from local.http_api.lambda_authorizer import LambdaAuthorizer
from local.template import Stack
from local.tour import Connect

_TOLD = """
{name} is at  {url}

  TOKEN={token}
  npx @modelcontextprotocol/inspector --cli {url} --transport http --method tools/list \\
    --header "Authorization: Bearer $TOKEN"
  claude mcp add --transport http {name} {url} --header "Authorization: Bearer $TOKEN"

The token is the template's secret, made up for this machine alone. Ctrl-C stops everything.
"""


class Door:
    """Serves the template's HTTP API."""

    def __init__(self, authority: str, _identity_port: int) -> None:
        """Take the address that the door is reached by; it has no identity provider."""
        self.authority = authority

    @property
    def parameters(self) -> Mapping[str, str]:
        """The template's parameters that name what exists on AWS alone, and what stands in for it: none."""
        return {}

    def origins(self, _stack: Stack) -> Mapping[str, str]:
        """Return which URLs of AWS are taken over beside the stack's own names: none."""
        return {}

    async def open(self, _stack: Stack, _entered: AsyncExitStack) -> None:
        """Serve nothing beside the door itself."""

    def close(self) -> None:
        """Hold nothing that would have to be given back."""

    def app(self, stack: Stack, functions: Mapping[str, LambdaFunction]) -> ASGIApp:
        """Return what answers for `stack`. Raises TemplateError for an API that would not deploy."""
        names = {self.authority, *stack.domain_names}
        return HttpApi(stack, functions, names, {"CUSTOM": lambda of: LambdaAuthorizer(of, stack, functions)})

    def url(self, stack: Stack) -> str:
        """Return where MCP clients connect: the template's output McpUrl, on this machine."""
        return stack.outputs.get("McpUrl", f"http://{self.authority}/mcp")

    def access_token(self, stack: Stack) -> str:
        """Return the team's secret as it was at the start."""
        return declared.value(stack.resources["TeamSecret"])

    def auth(self, stack: Stack) -> Bearer:
        """Return what lets an HTTP request in."""
        return Bearer(self.access_token(stack))

    def client(self, stack: Stack) -> tuple[Connect, str]:
        """Return how a client connects, and the secret that it does so with."""
        token = self.access_token(stack)
        return bearer(self.url(stack), token), token

    def described(self, stack: Stack) -> dict[str, object]:
        """Return what a program needs to know to connect."""
        return {"mcp_url": self.url(stack), "access_token": self.access_token(stack)}

    def told(self, stack: Stack, name: str) -> str:
        """Return what a person needs to know to connect."""
        return _TOLD.format(name=name, url=self.url(stack), token=self.access_token(stack))
