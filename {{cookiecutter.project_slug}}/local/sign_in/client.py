"""An application that an identity provider knows."""

from dataclasses import dataclass

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 30 * 86_400


@dataclass(frozen=True)
class Client:
    """An application and what it may have.

    A client without a `secret` is public (RFC 6749 section 2.1) and must use PKCE. `grants` are the grant types that
    it may use, of `authorization_code`, `refresh_token` and `client_credentials`; `scopes` is all it may ask for. Its
    access tokens live for `access_seconds`, and `refresh_seconds` after signing in nothing can be refreshed any more.
    `grace_seconds` is for Cognito, where refresh tokens rotate only if it is given: how long an old one still works.
    """

    client_id: str
    secret: str | None
    redirect_uris: tuple[str, ...]
    grants: frozenset[str]
    scopes: frozenset[str]
    access_seconds: int = ACCESS_SECONDS
    refresh_seconds: int = REFRESH_SECONDS
    grace_seconds: int | None = None
