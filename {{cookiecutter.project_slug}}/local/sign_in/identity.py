"""An OpenID provider for development and tests: sign in as anyone, as Cognito or as a provider by the book does it."""

import hmac
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from time import time
from typing import Literal
from urllib.parse import urlencode, urlsplit

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp

from local.sign_in.oauth import OAuthError, basic, challenge_of, parameters, requested_scopes, require
from local.sign_in.page import form, page
from local.sign_in.tokens import TOKEN_SECONDS, TokenIssuer

CODE_SECONDS = 300
NO_STORE = {"cache-control": "no-store"}
LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::[0-9]{1,5})?(/.*)?")
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Client:
    """An application that the provider knows.

    A client without a `secret` is public (RFC 6749 section 2.1) and must use PKCE. `grants` are the grant types that
    it may use, of `authorization_code`, `refresh_token` and `client_credentials`; `scopes` is all it may ask for.
    """

    client_id: str
    secret: str | None
    redirect_uris: tuple[str, ...]
    grants: frozenset[str]
    scopes: frozenset[str]


@dataclass(frozen=True)
class _Grant:
    """What a client may do, and for whom; `username` is None where the client acts for itself."""

    client: Client
    scopes: frozenset[str]
    username: str | None = None
    resource: str | None = None


@dataclass(frozen=True)
class _Code:
    """A grant and what its code is bound to (RFC 6749 section 4.1.3, RFC 7636 section 4.4); `expires` is Unix time."""

    grant: _Grant
    redirect_uri: str
    challenge: str | None
    expires: float
    exchangeable: bool


class _UntrustedClientError(Exception):
    """The named parameter identifies no client, so nothing may be redirected (RFC 6749 section 4.1.2.1)."""


class IdentityProvider:
    """An OAuth 2.0 authorization server with OpenID discovery that issues access tokens, and no ID tokens.

    Serve `app` at `base_url`, the issuer's origin. Its endpoints are `/oauth2/authorize`, `/oauth2/token` and
    `/oauth2/revoke`; whoever signs in there is believed.
    """

    app: ASGIApp
    base_url: str

    def __init__(
        self,
        issuer: str,
        *,
        shape: Literal["cognito", "oidc"],
        clients: Sequence[Client],
        resources: Collection[str],
        audience: str | None = None,
    ) -> None:
        """Make a provider, with a new signing key.

        `cognito` does what is known of Amazon Cognito: `issuer` has a path, callback URLs are exact, there is no
        RFC 8414 document and no word of PKCE in its metadata, and `aud` is only in tokens of users whose client sent
        `resource`. `oidc` follows the RFCs: the port of a loopback callback is free (RFC 8252 section 7.3), responses
        name the issuer (RFC 9207), refresh tokens rotate, and `aud` is the resource, or `audience` (RFC 9068
        section 3). `resources` are the APIs that a client may name (RFC 8707).

        Raises ValueError if `issuer` is not an http(s) URL, or ends in a slash or has a query or fragment.
        """
        parts = urlsplit(issuer)
        self.base_url = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme not in {"http", "https"} or issuer != self.base_url + parts.path or issuer.endswith("/"):
            raise ValueError(issuer)
        self._issuer = issuer
        self._cognito = shape == "cognito"
        self._clients = {client.client_id: client for client in clients}
        self._resources = frozenset(resources)
        self._tokens = TokenIssuer(issuer, audience, cognito=self._cognito)
        self._codes: dict[str, _Code] = {}
        self._refresh_tokens: dict[str, _Grant] = {}
        # Scripts in browsers read all of these; the sign-in page is only ever navigated to.
        open_to_scripts = [
            Route(f"{parts.path}/.well-known/openid-configuration", self._metadata),
            Route(f"{parts.path}/.well-known/jwks.json", self._jwks),
            Route("/oauth2/token", self._token, methods=["POST"]),
            Route("/oauth2/revoke", self._revoke, methods=["POST"]),
        ]
        if not self._cognito:
            open_to_scripts.append(Route(f"/.well-known/oauth-authorization-server{parts.path}", self._metadata))
        cors = CORSMiddleware(Router(open_to_scripts), allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
        self.app = Starlette(
            routes=[Route("/oauth2/authorize", self._authorize, methods=["GET", "POST"]), Mount("", cors)],
            exception_handlers={OAuthError: _refusal, _UntrustedClientError: _refusal_page},
        )

    def issue(
        self,
        client: Client,
        *,
        scopes: Collection[str],
        subject: str | None = None,
        resource: str | None = None,
        **claims: object,
    ) -> str:
        """Sign an access token for an hour, without asking whether `client` may have it.

        `subject` is a user's name, whose `sub` is always the same UUID, or None for a client that acts for itself.
        `claims` replace the usual ones (`exp` is in Unix seconds), and None removes one. The usual ones are those of
        Cognito ("Using the access token" in its developer guide) or of RFC 9068 section 2.2.
        """
        return self._tokens.issue(client.client_id, scopes, subject, resource, claims)

    def rotate_key(self) -> None:
        """Sign with a new key from now on and publish only that, which leaves older tokens unverifiable."""
        self._tokens.rotate_key()

    async def _metadata(self, _: Request) -> Response:
        """Describe the provider by OpenID Connect Discovery 1.0 section 3, which serves RFC 8414 section 2 as well."""
        document: dict[str, object] = {
            "issuer": self._issuer,
            "authorization_endpoint": f"{self.base_url}/oauth2/authorize",
            "token_endpoint": f"{self.base_url}/oauth2/token",
            "revocation_endpoint": f"{self.base_url}/oauth2/revoke",
            "jwks_uri": f"{self._issuer}/.well-known/jwks.json",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            # Cognito says this of every pool, and refuses a client that asks for one it was not given.
            "scopes_supported": ["openid", "email", "phone", "profile"],
        }
        if not self._cognito:
            document |= {
                "scopes_supported": sorted({scope for client in self._clients.values() for scope in client.scopes}),
                "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        return JSONResponse(document)

    async def _jwks(self, _: Request) -> Response:
        return JSONResponse(self._tokens.jwks())

    async def _authorize(self, request: Request) -> Response:
        submitted = request.method == "POST"
        asked, repeated = parameters(await request.body() if submitted else request.url.query.encode())
        client = self._clients.get(asked.get("client_id", ""))
        if client is None or "client_id" in repeated:
            raise _UntrustedClientError("client_id")
        redirect_uri = asked.get("redirect_uri", "")
        if "redirect_uri" in repeated or not any(self._same(redirect_uri, known) for known in client.redirect_uris):
            raise _UntrustedClientError("redirect_uri")
        try:
            require(not repeated, "invalid_request", "a parameter was sent twice")
            code = self._code(client, asked, redirect_uri)
        except OAuthError as error:
            return self._redirect(redirect_uri, asked, error.answer)
        if not submitted or not code.grant.username:
            return page(form(client.client_id, code.grant.scopes, asked))
        name = secrets.token_urlsafe(32)
        self._codes[name] = code
        return self._redirect(redirect_uri, asked, {"code": name})

    def _same(self, redirect_uri: str, registered: str) -> bool:
        # RFC 8252 section 7.3 frees the ports of IP addresses; MCP clients register `localhost` just as well.
        theirs, ours = LOOPBACK.fullmatch(redirect_uri), LOOPBACK.fullmatch(registered)
        loopback = not self._cognito and theirs is not None and ours is not None and theirs.groups() == ours.groups()
        return loopback or redirect_uri == registered

    def _code(self, client: Client, asked: Mapping[str, str], redirect_uri: str) -> _Code:
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
        grant = _Grant(client, requested_scopes(asked, client.scopes), asked.get("username"), resource)
        return _Code(grant, redirect_uri, challenge, time() + CODE_SECONDS, exchangeable)

    def _redirect(self, redirect_uri: str, asked: Mapping[str, str], answer: Mapping[str, str]) -> Response:
        state = {"state": asked["state"]} if "state" in asked else {}
        issuer = {} if self._cognito else {"iss": self._issuer}
        joint = "&" if "?" in redirect_uri else "?"
        return RedirectResponse(redirect_uri + joint + urlencode({**answer, **state, **issuer}), 302, NO_STORE)

    async def _token(self, request: Request) -> Response:
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

    async def _revoke(self, request: Request) -> Response:
        """Forget a refresh token (RFC 7009 section 2); nobody looks access tokens up, so those just expire."""
        client, asked = await self._authenticated(request)
        grant = self._refresh_tokens.get(asked.get("token", ""))
        if grant is not None and grant.client == client:
            del self._refresh_tokens[asked["token"]]
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
        return self._answer(code.grant, code.grant.scopes, asked, renewable="refresh_token" in client.grants)

    def _refresh(self, client: Client, asked: Mapping[str, str]) -> dict[str, object]:
        token = asked.get("refresh_token", "")
        grant = self._refresh_tokens.get(token)
        if grant is None or grant.client != client:
            raise OAuthError("invalid_grant", "the refresh token is unknown, used, revoked or of another client")
        # OAuth 2.1 section 4.3.1 has public clients' refresh tokens rotate; in Cognito that is an option, and off.
        answer = self._answer(grant, requested_scopes(asked, grant.scopes), asked, renewable=not self._cognito)
        if not self._cognito:
            del self._refresh_tokens[token]
        return answer

    def _act_for_itself(self, client: Client, asked: Mapping[str, str]) -> dict[str, object]:
        require(client.secret is not None, "unauthorized_client", "a public client may not act for itself")
        scopes = requested_scopes(asked, client.scopes)
        return self._answer(_Grant(client, scopes), scopes, asked, renewable=False)

    def _answer(
        self, grant: _Grant, scopes: frozenset[str], asked: Mapping[str, str], *, renewable: bool
    ) -> dict[str, object]:
        resource = grant.resource
        if not self._cognito and "resource" in asked:
            # RFC 8707 section 2.2; Cognito reads `resource` at /oauth2/authorize only.
            resource = asked["resource"]
            granted = resource in self._resources and grant.resource in {None, resource}
            require(granted, "invalid_target", "resource is not the API that was granted")
        answer: dict[str, object] = {
            "access_token": self.issue(grant.client, scopes=scopes, subject=grant.username, resource=resource),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": " ".join(sorted(scopes)),
        }
        if renewable:
            # It stands for the whole grant, however narrow this access token is (RFC 6749 section 6).
            refresh_token = secrets.token_urlsafe(32)
            self._refresh_tokens[refresh_token] = grant
            answer["refresh_token"] = refresh_token
        return answer


async def _refusal_page(_: Request, error: Exception) -> Response:
    return page(f"<p>Refused: <code>{error}</code> is missing, sent twice or not registered here.</p>", 400)


async def _refusal(_: Request, error: Exception) -> Response:
    answer: dict[str, str] = getattr(error, "answer", {})
    if answer["error"] == "invalid_client":
        return JSONResponse(answer, 401, NO_STORE | {"www-authenticate": 'Basic realm="local"'})
    return JSONResponse(answer, 400, NO_STORE)
