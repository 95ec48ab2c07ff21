"""Who is calling: the claims that API Gateway's authorizer has verified, and nothing the client merely says."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

# Providers disagree on the name of the client's id: Cognito and RFC 9068, OpenID Connect, Okta, Entra ID v1.
_CLIENT_ID_CLAIMS = ("client_id", "azp", "cid", "appid")


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified identity behind one call.

    Attributes:
        subject: The `sub` claim, or None where there is no authorizer.
        client_id: The OAuth client that the token was issued to, or None.
        scopes: The scopes granted to the token.
        claims: Every claim as API Gateway hands it over: names to strings.
    """

    subject: str | None = None
    client_id: str | None = None
    scopes: frozenset[str] = frozenset()
    claims: Mapping[str, str] = field(default_factory=dict)


_NOBODY = Caller()
_current: ContextVar[Caller] = ContextVar("caller")


def current() -> Caller:
    """Return the caller of the request that is being served; call it anywhere below a tool."""
    return _current.get(_NOBODY)


@contextmanager
def acting_for(event: Any) -> Iterator[None]:
    """Make `current()` answer with the caller of this HTTP API event (payload format 2.0) inside the block."""
    token = _current.set(from_event(event))
    try:
        yield
    finally:
        _current.reset(token)


def from_event(event: Any) -> Caller:
    """Read the caller from `requestContext.authorizer.jwt.claims`, which only API Gateway can write.

    Source: "Working with JWT authorizers for HTTP APIs" in the API Gateway developer guide.
    """
    found = event
    for key in ("requestContext", "authorizer", "jwt", "claims"):
        found = found.get(key) if isinstance(found, dict) else None
    claims = {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
    return Caller(
        subject=claims.get("sub"),
        client_id=next((claims[name] for name in _CLIENT_ID_CLAIMS if name in claims), None),
        # A list claim such as Okta's `scp` arrives as the text "[read write]".
        scopes=frozenset((claims.get("scope") or claims.get("scp", "")).strip("[]").split()),
        claims=claims,
    )
