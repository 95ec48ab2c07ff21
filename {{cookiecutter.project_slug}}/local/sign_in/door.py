"""The part of a front door that takes bearer tokens: an identity provider beside it, and a client with a token."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from local.bearer.client import Bearer, bearer
from local.listener import HOST, Listener, bind
from local.sign_in.clients import SignIn, origins, sign_in
from local.template import Stack
from local.tour import Connect

_TOLD = """
{name} is at  {url}
Its issuer is  {issuer}

  TOKEN={token}
  npx @modelcontextprotocol/inspector --cli {url} --transport http --method tools/list \\
    --header "Authorization: Bearer $TOKEN"
  claude mcp add --transport http {name} {url} --header "Authorization: Bearer $TOKEN"

Anyone on this machine may sign in, and this token lives for {minutes} minutes. Ctrl-C stops everything.
"""


class BearerDoor:
    """Signs people and programs in at an identity provider on `identity_port` (0: any free one)."""

    sign_in: SignIn

    def __init__(self, authority: str, identity_port: int) -> None:
        """Take the port, so that the provider's URL is known before it serves. Raises PortInUseError."""
        self.authority = authority
        self._listening = bind(identity_port)
        self._identity_url = f"http://{HOST}:{self._listening.getsockname()[1]}"

    @property
    def parameters(self) -> Mapping[str, str]:
        """The template's parameters that name what exists on AWS alone, and what stands in for it."""
        return {"Issuer": self._identity_url}

    def origins(self, stack: Stack) -> Mapping[str, str]:
        """Return which URLs of AWS are taken over beside the stack's own names."""
        return origins(stack, self._identity_url)

    async def open(self, stack: Stack, entered: AsyncExitStack) -> None:
        """Serve the provider until `entered` is left."""
        self.sign_in = sign_in(stack, self._identity_url, self.url(stack))
        await entered.enter_async_context(Listener(self.sign_in.provider.app, self._listening))

    def close(self) -> None:
        """Give the port back."""
        self._listening.close()

    def url(self, stack: Stack) -> str:
        """Return where MCP clients connect: the template's output McpUrl, on this machine."""
        return stack.outputs.get("McpUrl", f"http://{self.authority}/mcp")

    def access_token(self, stack: Stack) -> str:
        """Return a new token that may call the MCP URL."""
        return self.sign_in.access_token(self.url(stack))

    def auth(self, stack: Stack) -> Bearer:
        """Return what lets an HTTP request in."""
        return Bearer(self.access_token(stack))

    def client(self, stack: Stack) -> tuple[Connect, str]:
        """Return how a client connects, and the secret that it does so with."""
        token = self.access_token(stack)
        return bearer(self.url(stack), token), token

    def described(self, stack: Stack) -> dict[str, object]:
        """Return what a program needs to know to connect."""
        people, machine = self.sign_in.people, self.sign_in.machine
        return {
            "mcp_url": self.url(stack),
            "issuer": self.sign_in.issuer,
            "access_token": self.access_token(stack),
            "client_id": people and people.client_id,
            "redirect_uris": list(people.redirect_uris) if people else [],
            "machine_client_id": machine and machine.client_id,
            "machine_client_secret": machine and machine.secret,
        }

    def told(self, stack: Stack, name: str) -> str:
        """Return what a person needs to know to connect."""
        return _TOLD.format(
            name=name,
            url=self.url(stack),
            issuer=self.sign_in.issuer,
            token=self.access_token(stack),
            minutes=self.sign_in.access_seconds // 60,
        )
