"""Authorization server metadata (RFC 8414, OpenID Connect Discovery): how a client gets a token."""

from collections.abc import Mapping
from typing import Any

from doctor.documents import fetched, read
from doctor.hop import BrokenError
from doctor.urls import difference, is_secure, origin, split

WHAT = "authorization server metadata"
_OAUTH, _OPENID = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "registration_endpoint")


def places(issuer: str) -> list[str]:
    """Return where clients look for the metadata of an issuer, in their order.

    Source: MCP specification 2026-07-28, basic/authorization/authorization-server-discovery.
    """
    base, path = origin(issuer), split(issuer).path.rstrip("/")
    if not path:
        return [base + _OAUTH, base + _OPENID]
    return [base + _OAUTH + path, base + _OPENID + path, base + path + _OPENID]


class AuthorizationServer:
    """Fetches the metadata of `issuer`; `metadata` is what was found, usable or not."""

    metadata: Mapping[str, Any] | None = None

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def fetch(self) -> str:
        """Return in words what the metadata says. Raises BrokenError where a strict client would stop."""
        document, place = self._first()
        self.metadata = document
        stated = document.get("issuer")
        if stated != self.issuer:
            raise BrokenError(
                f"At {place} `issuer` is {stated}, and it was looked for as {self.issuer}: "
                f"{difference(str(stated), self.issuer)}. Clients compare them to the letter (RFC 8414 section 3.3).",
                "Name the provider exactly as it names itself, in the parameter Issuer; a slash at the end counts.",
            )
        for name in _ENDPOINTS:
            self._check_endpoint(name, document.get(name), place)
        methods = document.get("code_challenge_methods_supported")
        if not isinstance(methods, list) or "S256" not in methods:
            raise BrokenError(
                f"At {place} `code_challenge_methods_supported` "
                + ("is missing" if methods is None else f"is {methods}, without S256")
                + ": clients must refuse a server that does not say that it checks PKCE, and the strict ones do.",
                "Cognito leaves it out: with endpoint=http-api this project serves a document of its own that has it "
                "(/.well-known/oauth-authorization-server). Else turn PKCE with S256 on at the provider.",
            )
        registers = "registers clients" if "registration_endpoint" in document else "a client id has to be given"
        return f"{place}: issuer and S256 as they must be; {registers}"

    def _first(self) -> tuple[dict[str, Any], str]:
        tried = []
        for place in places(self.issuer):
            response = fetched(place)
            # A client goes on to the next place on any refusal (python-sdk, client/auth/oauth2.py), not on a failure.
            if response.status // 100 != 4:  # noqa: PLR2004
                cure = "Ask whoever runs the provider; for the project's own document, look at WellKnownFunction's log."
                return read(response, WHAT, cure), place
            tried.append(f"{place} ({response.status})")
        raise BrokenError(
            f"There is no {WHAT} at any place where clients look: {', '.join(tried)}.",
            "If the provider is yours, give the parameter Issuer exactly as its own documentation spells it; with "
            "Cognito look whether template.yaml still has AuthorizationServerRoute.",
        )

    @staticmethod
    def _check_endpoint(name: str, url: object, place: str) -> None:
        if url is None and name == "registration_endpoint":
            return
        if not isinstance(url, str):
            raise BrokenError(f"At {place} there is no `{name}`.", "The provider must publish it.")
        if not is_secure(url):
            raise BrokenError(
                f"`{name}` is {url}, which is not https.", "Clients must refuse it; correct the provider."
            )

    def endpoint(self, name: str) -> str | None:
        """Return the URL of an endpoint, by its name in the metadata, if it has one that secrets may be sent to."""
        url = (self.metadata or {}).get(name)
        return url if isinstance(url, str) and is_secure(url) else None
