"""The authorization endpoint: where a person signs in, and is sent back to the client with a code."""

import re
import secrets
from collections.abc import Collection, Mapping
from time import time
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from local.sign_in.client import Client
from local.sign_in.grant import Code, Grant
from local.sign_in.oauth import NO_STORE, OAuthError, parameters, requested_scopes, require
from local.sign_in.page import form, page

CODE_SECONDS = 300
LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::[0-9]{1,5})?(/.*)?")
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class UntrustedClientError(Exception):
    """The named parameter identifies no client, so nothing may be redirected (RFC 6749 section 4.1.2.1)."""


class AuthorizationEndpoint:
    """Hands out `codes` to `clients`, as Cognito does or by the book."""

    def __init__(
        self, issuer: str, clients: Mapping[str, Client], resources: Collection[str], *, cognito: bool
    ) -> None:
        """`clients` are by id and may change; `resources` are the APIs that a client may name (RFC 8707)."""
        self._issuer = issuer
        self._clients = clients
        self._resources = frozenset(resources)
        self._cognito = cognito
        self.codes: dict[str, Code] = {}

    async def authorize(self, request: Request) -> Response:
        """Show the sign-in page for a GET; take it filled in by POST. Raises UntrustedClientError."""
        submitted = request.method == "POST"
        asked, repeated = parameters(await request.body() if submitted else request.url.query.encode())
        client = self._clients.get(asked.get("client_id", ""))
        if client is None or "client_id" in repeated:
            raise UntrustedClientError("client_id")
        redirect_uri = asked.get("redirect_uri", "")
        if "redirect_uri" in repeated or not any(self._same(redirect_uri, known) for known in client.redirect_uris):
            raise UntrustedClientError("redirect_uri")
        try:
            require(not repeated, "invalid_request", "a parameter was sent twice")
            code = self._code(client, asked, redirect_uri)
        except OAuthError as error:
            return self._redirect(redirect_uri, asked, error.answer)
        if not submitted or not code.grant.username:
            return page(form(client.client_id, code.grant.scopes, asked))
        name = secrets.token_urlsafe(32)
        self.codes[name] = code
        return self._redirect(redirect_uri, asked, {"code": name})

    def _same(self, redirect_uri: str, registered: str) -> bool:
        # RFC 8252 section 7.3 frees the ports of IP addresses; MCP clients register `localhost` just as well.
        theirs, ours = LOOPBACK.fullmatch(redirect_uri), LOOPBACK.fullmatch(registered)
        loopback = not self._cognito and theirs is not None and ours is not None and theirs.groups() == ours.groups()
        return loopback or redirect_uri == registered

    def _code(self, client: Client, asked: Mapping[str, str], redirect_uri: str) -> Code:
        challenge, resource = asked.get("code_challenge"), asked.get("resource")
        require("authorization_code" in client.grants, "unauthorized_client", "this client may not sign users in")
        require("response_type" in asked, "invalid_request", "response_type is missing")
        require(asked["response_type"] == "code", "unsupported_response_type", "response_type must be code")
        require(bool(challenge or client.secret), "invalid_request", "a public client must send code_challenge")
        if challenge:
            require(asked.get("code_challenge_method") == "S256", "invalid_request", "code_challenge_method not S256")
            require(bool(CHALLENGE.fullmatch(challenge)), "invalid_request", "code_challenge is not a SHA-256 digest")
        known = resource is None or resource in self._resources
        require(known or self._cognito, "invalid_target", "resource is not an API of this provider")
        # Cognito was seen to sign users in and then refuse the code: for a resource that no resource server has as its
        # identifier (FastMCP pull request 2149), and for a resource without a scope (claude-code issue 90190).
        exchangeable = known and not (self._cognito and resource and "scope" not in asked)
        grant = Grant(client, requested_scopes(asked, client.scopes), asked.get("username"), resource)
        return Code(grant, redirect_uri, challenge, time() + CODE_SECONDS, exchangeable)

    def _redirect(self, redirect_uri: str, asked: Mapping[str, str], answer: Mapping[str, str]) -> Response:
        state = {"state": asked["state"]} if "state" in asked else {}
        issuer = {} if self._cognito else {"iss": self._issuer}
        joint = "&" if "?" in redirect_uri else "?"
        return RedirectResponse(redirect_uri + joint + urlencode({**answer, **state, **issuer}), 302, NO_STORE)
