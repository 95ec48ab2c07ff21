"""An OpenID provider for development and tests: sign in as anyone, as Cognito or as a provider by the book does it."""

from collections.abc import Collection, Sequence
from typing import Literal
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp

from local.sign_in.authorization import AuthorizationEndpoint, UntrustedClientError
from local.sign_in.client import Client
from local.sign_in.exchange import TokenEndpoint
from local.sign_in.oauth import NO_STORE, OAuthError
from local.sign_in.page import page
from local.sign_in.registration import RegistrationEndpoint
from local.sign_in.tokens import TokenIssuer


class IdentityProvider:
    """An OAuth 2.0 authorization server with OpenID discovery that issues access tokens, and no ID tokens.

    Serve `app` at `base_url`, the issuer's origin. Its endpoints are `/oauth2/authorize`, `/oauth2/token`,
    `/oauth2/revoke` and maybe `/oauth2/register`; whoever signs in there is believed.
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
        RFC 8414 document, no registration and no word of PKCE in its metadata, and `aud` is only in tokens of users
        whose client sent `resource`. `oidc` follows the RFCs: the port of a loopback callback is free (RFC 8252
        section 7.3), responses name the issuer (RFC 9207), refresh tokens rotate, clients register themselves
        (RFC 7591), and `aud` is the resource, or `audience` (RFC 9068 section 3). `resources` are the APIs that a
        client may name (RFC 8707).

        Raises ValueError if `issuer` is not an http(s) URL, or ends in a slash or has a query or fragment.
        """
        parts = urlsplit(issuer)
        self.base_url = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme not in {"http", "https"} or issuer != self.base_url + parts.path or issuer.endswith("/"):
            raise ValueError(issuer)
        self._issuer = issuer
        self._cognito = shape == "cognito"
        self._clients = {client.client_id: client for client in clients}
        self.tokens = TokenIssuer(issuer, audience, cognito=self._cognito)
        people = AuthorizationEndpoint(issuer, self._clients, resources, cognito=self._cognito)
        programs = TokenEndpoint(self._clients, resources, people.codes, self.tokens, cognito=self._cognito)
        # Scripts in browsers read all of these; the sign-in page is only ever navigated to.
        open_to_scripts = [
            Route(f"{parts.path}/.well-known/openid-configuration", self._metadata),
            Route(f"{parts.path}/.well-known/jwks.json", self._jwks),
            Route("/oauth2/token", programs.token, methods=["POST"]),
            Route("/oauth2/revoke", programs.revoke, methods=["POST"]),
        ]
        if not self._cognito:
            open_to_scripts += [
                Route(f"/.well-known/oauth-authorization-server{parts.path}", self._metadata),
                Route("/oauth2/register", RegistrationEndpoint(self._clients).register, methods=["POST"]),
            ]
        cors = CORSMiddleware(Router(open_to_scripts), allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
        self.app = Starlette(
            routes=[Route("/oauth2/authorize", people.authorize, methods=["GET", "POST"]), Mount("", cors)],
            exception_handlers={OAuthError: _refusal, UntrustedClientError: _refusal_page},
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
        """Sign an access token, without asking whether `client` may have it.

        `subject` is a user's name, whose `sub` is always the same UUID, or None for a client that acts for itself.
        `claims` replace the usual ones (`exp` is in Unix seconds), and None removes one. The usual ones are those of
        Cognito ("Using the access token" in its developer guide) or of RFC 9068 section 2.2.
        """
        return self.tokens.issue(client, scopes, subject, resource, claims)

    def rotate_key(self) -> None:
        """Sign with a new key from now on and publish only that, which leaves older tokens unverifiable."""
        self.tokens.rotate_key()

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
                "registration_endpoint": f"{self.base_url}/oauth2/register",
                "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        return JSONResponse(document)

    async def _jwks(self, _: Request) -> Response:
        return JSONResponse(self.tokens.jwks())


async def _refusal_page(_: Request, error: Exception) -> Response:
    return page(f"<p>Refused: <code>{error}</code> is missing, sent twice or not registered here.</p>", 400)


async def _refusal(_: Request, error: Exception) -> Response:
    answer: dict[str, str] = getattr(error, "answer", {})
    if answer["error"] == "invalid_client":
        return JSONResponse(answer, 401, NO_STORE | {"www-authenticate": 'Basic realm="local"'})
    return JSONResponse(answer, 400, NO_STORE)
