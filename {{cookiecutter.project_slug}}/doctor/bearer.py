"""Requests with a bearer token, and what a server that refuses one says of it."""

from collections.abc import Mapping

from doctor.challenge import bearer
from doctor.hop import BrokenError
from doctor.tokens import Claims, refusal
from doctor.web import Response


def header(token: str) -> Mapping[str, str]:
    """Return the header of RFC 6750 section 2.1."""
    return {"authorization": f"Bearer {token}"}


def refused(
    response: Response, claims: Claims | None, url: str, *, scopes: list[str], issuer: str | None
) -> BrokenError:
    """Return what a 401 or 403 to a token means, by the challenge and by the token's claims.

    `scopes` are those of the metadata, where the challenge names none; `issuer` is that of the tokens that the server
    accepts, where it is known.
    """
    said = bearer(response.header("www-authenticate")) or {}
    if response.status == 401:  # noqa: PLR2004
        return refusal(claims, said, url, issuer)
    has = claims.scopes if claims else frozenset()
    # What the metadata lists is all that there is to ask for, of which one may be enough.
    wanted = set(said.get("scope", "").split()) or (set() if has & set(scopes) else set(scopes))
    if lacked := sorted(wanted - has):
        return BrokenError(
            f"The token lacks the scope {' or '.join(lacked)}; it has {' '.join(sorted(has)) or 'none'}.",
            "Ask for that scope, and allow it to the client at the provider (parameter RequiredScope is its name; with "
            "Cognito, AllowedOAuthScopes of the client).",
        )
    return BrokenError(
        f"The server refuses the request with 403, though the token has the scope: {response.text}",
        "API Gateway says so of a host that is not its own, a web ACL of what it blocks, and the server of a web page "
        "that AllowedOrigins does not name. Use the URL in the output McpUrl.",
    )
