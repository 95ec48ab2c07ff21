"""Reads the caller from what API Gateway's authorizer has verified."""

from typing import Any

from caller import Caller

# Providers disagree on the name of the client's id: Cognito and RFC 9068, OpenID Connect, Okta, Entra ID v1.
_CLIENT_ID_CLAIMS = ("client_id", "azp", "cid", "appid")


def of(request_context: Any) -> Caller:
    """Return the caller by `authorizer.jwt.claims` of an event's `requestContext`, which only API Gateway can write.

    Source: "Working with JWT authorizers for HTTP APIs" in the API Gateway developer guide.
    """
    found = request_context
    for key in ("authorizer", "jwt", "claims"):
        found = found.get(key) if isinstance(found, dict) else None
    claims = {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}
    return Caller(
        subject=claims.get("sub"),
        client_id=next((claims[name] for name in _CLIENT_ID_CLAIMS if name in claims), None),
        # A list claim such as Okta's `scp` arrives as the text "[read write]".
        scopes=frozenset((claims.get("scope") or claims.get("scp", "")).strip("[]").split()),
        claims=claims,
    )
