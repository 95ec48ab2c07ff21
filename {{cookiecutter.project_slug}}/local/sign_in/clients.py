"""The identity provider that stands in for the one that the template makes or names."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.identifiers import CLIENT_SECRETS, USER_POOL_ID
from local.intrinsics import TemplateError
from local.parameters import tenant
from local.sign_in.client import ACCESS_SECONDS, REFRESH_SECONDS, Client
from local.sign_in.identity import IdentityProvider
from local.template import Resource, Stack

_CODE = frozenset(["authorization_code", "refresh_token"])
_MACHINE = frozenset(["client_credentials"])
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_GRANTS = {"code": _CODE, "client_credentials": _MACHINE}
# Any port of a loopback address will do for an OpenID provider (RFC 8252 section 7.3).
_LOOPBACK = tuple(
    f"http://{host}/{path}" for host in ("localhost", "127.0.0.1") for path in ("callback", "oauth/callback")
)


@dataclass(frozen=True)
class SignIn:
    """A provider, and its clients for people and for machines where there are such; `user` is one of the people."""

    issuer: str
    provider: IdentityProvider
    people: Client | None
    machine: Client | None
    user: str

    @property
    def access_seconds(self) -> int:
        """How long the token lives that `access_token` returns."""
        client = self.people or self.machine
        return client.access_seconds if client else 0

    def access_token(self, mcp_url: str) -> str:
        """Return a token that may call `mcp_url`: that of `user` if people can sign in, else a machine's.

        Raises TemplateError where nobody can get one.
        """
        if self.people:
            return self.provider.issue(self.people, scopes=self.people.scopes, subject=self.user, resource=mcp_url)
        if self.machine:
            return self.provider.issue(self.machine, scopes=self.machine.scopes)
        raise TemplateError("No client of the template can get a token.")


def origins(stack: Stack, base_url: str) -> dict[str, str]:
    """Return which URLs of AWS the provider at `base_url` takes over."""
    taken = {
        f"https://{domain.ref}.auth.us-east-1.amazoncognito.com": base_url
        for domain in stack.of_type("AWS::Cognito::UserPoolDomain")
    }
    if stack.of_type("AWS::Cognito::UserPool"):
        taken[f"https://cognito-idp.us-east-1.amazonaws.com/{USER_POOL_ID}"] = f"{base_url}/{USER_POOL_ID}"
    return taken


def sign_in(stack: Stack, base_url: str, mcp_url: str) -> SignIn:
    """Return the provider for a relocated stack, to be served at `base_url`.

    With a user pool it is one like Cognito, with the template's clients and resource servers; else one by the book,
    with a client each for people and machines that may have the scope of the parameter RequiredScope. Where there are
    tenants, whoever signs in acts for the one of that name.
    """
    if stack.of_type("AWS::Cognito::UserPool"):
        issuer = f"{base_url}/{USER_POOL_ID}"
        clients = [_client(resource) for resource in stack.of_type("AWS::Cognito::UserPoolClient")]
        resources = [server.ref for server in stack.of_type("AWS::Cognito::UserPoolResourceServer")]
        provider = IdentityProvider(issuer, shape="cognito", clients=clients, resources=resources)
    else:
        issuer = base_url
        clients = _registered(stack.parameters)
        audience = stack.parameters.get("Audience") or mcp_url
        provider = IdentityProvider(issuer, shape="oidc", clients=clients, resources=[mcp_url], audience=audience)
    provider.tokens.tenant_claim = stack.parameters.get("TenantClaim")
    people = next((client for client in clients if client.grants >= _CODE), None)
    machine = next((client for client in clients if client.grants >= _MACHINE), None)
    return SignIn(issuer, provider, people, machine, tenant(stack.parameters) or "alice")


def _client(resource: Resource) -> Client:
    properties = resource.properties
    flows = properties.get("AllowedOAuthFlows", []) if properties.get("AllowedOAuthFlowsUserPoolClient") else []
    rotation = properties.get("RefreshTokenRotation", {})
    return Client(
        client_id=resource.ref,
        secret=CLIENT_SECRETS[resource.logical_id] if properties.get("GenerateSecret") else None,
        redirect_uris=tuple(properties.get("CallbackURLs", [])),
        grants=frozenset().union(*(_GRANTS.get(flow, frozenset()) for flow in flows)),
        scopes=frozenset(properties.get("AllowedOAuthScopes", [])),
        access_seconds=_lifetime(properties, "AccessToken", "hours") or ACCESS_SECONDS,
        refresh_seconds=_lifetime(properties, "RefreshToken", "days") or REFRESH_SECONDS,
        grace_seconds=int(rotation.get("RetryGracePeriodSeconds", 0)) if rotation.get("Feature") == "ENABLED" else None,
    )


def _lifetime(properties: Mapping[str, Any], token: str, unit: str) -> int:
    """Return the validity of a kind of token in seconds, counted in `unit` unless the client says otherwise."""
    units = properties.get("TokenValidityUnits", {})
    return int(properties.get(f"{token}Validity", 0)) * _SECONDS[units.get(token, unit)]


def _registered(parameters: Mapping[str, str]) -> list[Client]:
    scopes = frozenset(parameters.get("RequiredScope", "").split())
    return [
        Client("local-client", None, _LOOPBACK, _CODE, scopes | {"openid"}),
        Client("local-machine", secrets.token_urlsafe(32), (), _MACHINE, scopes),
    ]
