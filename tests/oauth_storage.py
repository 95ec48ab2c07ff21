"""Where the official OAuth client keeps what it knows, in the tests that sign in with it."""

from mcp.shared.auth import OAuthClientInformationFull, OAuthToken


class Storage:
    """Remembers the tokens, and the client that was registered beforehand."""

    def __init__(self, client: OAuthClientInformationFull | None = None) -> None:
        self.client = client
        self.tokens: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info
