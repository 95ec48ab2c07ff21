"""The token and revocation endpoints: codes, refresh tokens and client secrets are exchanged for access tokens."""

import hmac
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import inf
from time import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.sign_in.client import Client
from local.sign_in.grant import Code, Grant
from local.sign_in.oauth import NO_STORE, OAuthError, basic, challenge_of, parameters, requested_scopes, require
from local.sign_in.tokens import TokenIssuer


@dataclass(frozen=True)
class _Renewal:
    """The grant that a refresh token stands for; both times are Unix time, and `retired` is for one that was used."""

    grant: Grant
    expires: float
    retired: float = inf

    @property
    def usable(self) -> bool:
        return time() < min(self.expires, self.retired)


class TokenEndpoint:
    """Exchanges what `clients` present for access tokens of `tokens`, as Cognito does or by the book."""

    def __init__(
        self,
        clients: Mapping[str, Client],
        resources: Collection[str],
        codes: dict[str, Code],
        tokens: TokenIssuer,
        *,
        cognito: bool,
    ) -> None:
        """`clients` are by id and may change; `resources` are the APIs that a client may name (RFC 8707)."""
        self._clients = clients
        self._resources = frozenset(resources)
        self._codes = codes
        self._tokens = tokens
        self._cognito = cognito
        self._renewals: dict[str, _Renewal] = {}

    async def token(self, request: Request) -> Response:
        """Answer with an access token, and maybe a refresh token (RFC 6749 section 5.1). Raises OAuthError."""
        client, asked = await self._authenticated(request)
        grants = {
            "authorization_code": self._exchange,
            "refresh_token": self._refresh,
            "client_credentials": self._act_for_itself,
        }
        grant_type = asked.get("grant_type", "")
        require(bool(grant_type), "invalid_request", "grant_type is missing")
        require(grant_type in grants, "unsupported_grant_type", f"grant_type must be one of {', '.join(grants)}")
        require(grant_type in client.grants, "unauthorized_client", "this client may not use this grant type")
        return JSONResponse(grants[grant_type](client, asked), headers=NO_STORE)

    async def revoke(self, request: Request) -> Response:
        """Forget a refresh token (RFC 7009 section 2); nobody looks access tokens up, so those just expire.

        Raises OAuthError.
        """
        client, asked = await self._authenticated(request)
        renewal = self._renewals.get(asked.get("token", ""))
        if renewal is not None and renewal.grant.client == client:
            del self._renewals[asked["token"]]
        return Response(headers=NO_STORE)

    async def _authenticated(self, request: Request) -> tuple[Client, dict[str, str]]:
        """Read a form, and who sent it: the secret is in HTTP Basic or in the form (RFC 6749 section 2.3.1)."""
        asked, repeated = parameters(await request.body())
        require(not repeated, "invalid_request", "a parameter was sent twice")
        client_id, secret = asked.get("client_id", ""), asked.get("client_secret", "")
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            require(not secret, "invalid_request", "the secret was sent both in HTTP Basic and in the form")
            basic_id, secret = basic(credentials)
            require(client_id in {"", basic_id}, "invalid_request", "HTTP Basic and the form name different clients")
            client_id = basic_id
        client = self._clients.get(client_id)
        if client is None or not hmac.compare_digest((client.secret or "").encode(), secret.encode()):
            raise OAuthError("invalid_client", "no such client, or not its secret")
        return client, asked

    def _exchange(self, client: Client, asked: Mapping[str, str]) -> dict[str, object]:
        code, challenge = self._codes.pop(asked.get("code", ""), None), challenge_of(asked.get("code_verifier"))
        if code is None or code.expires < time() or code.grant.client != client:
            raise OAuthError("invalid_grant", "the code is unknown, used, expired or of another client")
        require(code.redirect_uri == asked.get("redirect_uri"), "invalid_grant", "the code went to another URI")
        require(code.challenge == challenge, "invalid_grant", "code_verifier does not match the code's challenge")
        require(code.exchangeable, "invalid_grant", "resource is not a resource server, or was asked without a scope")
        answer = self._answer(code.grant, code.grant.scopes, asked)
        if "refresh_token" in client.grants:
            answer["refresh_token"] = self._renewable(_Renewal(code.grant, time() + client.refresh_seconds))
        return answer

    def _refresh(self, client: Client, asked: Mapping[str, str]) -> dict[str, object]:
        """Answer with a new access token, and with a new refresh token where those rotate.

        By OAuth 2.1 section 4.3.1 those of public clients do, and the old one is used up. In Cognito that is an option
        of the client; the old one works for a grace period, and the new one expires when the old one would have
        ("Refresh tokens" in its developer guide).
        """
        token = asked.get("refresh_token", "")
        renewal = self._renewals.get(token)
        if renewal is None or not renewal.usable or renewal.grant.client != client:
            raise OAuthError(
                "invalid_grant", "the refresh token is unknown, used, expired, revoked or another client's"
            )
        answer = self._answer(renewal.grant, requested_scopes(asked, renewal.grant.scopes), asked)
        grace = client.grace_seconds if self._cognito else 0
        if grace is not None:
            # The new one stands for the whole grant, however narrow this access token is (RFC 6749 section 6).
            answer["refresh_token"] = self._renewable(_Renewal(renewal.grant, renewal.expires))
            self._renewals[token] = replace(renewal, retired=min(renewal.retired, time() + grace))
        return answer

    def _act_for_itself(self, client: Client, asked: Mapping[str, str]) -> dict[str, object]:
        require(client.secret is not None, "unauthorized_client", "a public client may not act for itself")
        scopes = requested_scopes(asked, client.scopes)
        return self._answer(Grant(client, scopes), scopes, asked)

    def _answer(self, grant: Grant, scopes: frozenset[str], asked: Mapping[str, str]) -> dict[str, object]:
        resource = grant.resource
        if not self._cognito and "resource" in asked:
            # RFC 8707 section 2.2; Cognito reads `resource` at /oauth2/authorize only.
            resource = asked["resource"]
            granted = resource in self._resources and grant.resource in {None, resource}
            require(granted, "invalid_target", "resource is not the API that was granted")
        return {
            "access_token": self._tokens.issue(grant.client, scopes, grant.username, resource, {}),
            "token_type": "Bearer",
            "expires_in": grant.client.access_seconds,
            "scope": " ".join(sorted(scopes)),
        }

    def _renewable(self, renewal: _Renewal) -> str:
        token = secrets.token_urlsafe(32)
        self._renewals[token] = renewal
        return token
