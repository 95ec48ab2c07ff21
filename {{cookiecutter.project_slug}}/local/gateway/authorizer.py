"""The inbound authorization of an AgentCore Gateway by JWT: AuthorizerType CUSTOM_JWT.

Source of the rules: Bedrock AgentCore developer guide, "Configure inbound JWT authorizer". The challenge, its status
and the metadata are as awslabs/agentcore-samples shows them of live gateways, in the guides for inbound authorization
with Entra ID and Okta.
"""

import asyncio
import json
import logging
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

import jwt

from local.bearer.refusal import Refusal
from local.intrinsics import TemplateError
from local.sign_in.jwks import CHECKS, FETCH_SECONDS, KeySet, NoKeyError
from local.template import Resource

METADATA_PATH = "/.well-known/oauth-protected-resource"
_DISCOVERY = "/.well-known/openid-configuration"
_KEYS = frozenset(["DiscoveryUrl", "AllowedAudience", "AllowedClients", "AllowedScopes", "AdvertisedScopeMapping"])
_LOG = logging.getLogger(__name__)


class _RefusedError(Exception):
    """A token breaks a rule; the message is for the log."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class GatewayAuthorizer:
    """Decides by the bearer token of a request to `gateway`, which clients reach at `origin`.

    Unverified: that other algorithms than RS256 are refused; the status for a wrong issuer, which the samples report
    as a 403 for want of scope, and for a wrong client; and that a challenge without allowed scopes has no `scope`.
    """

    def __init__(self, gateway: Resource, origin: str) -> None:
        """Fetch nothing yet. Raises TemplateError for a configuration that would be refused, or is not served here."""
        name, properties = gateway.logical_id, gateway.properties
        if properties.get("AuthorizerType") != "CUSTOM_JWT":
            raise TemplateError(f"AuthorizerType of {name} must be CUSTOM_JWT, which is all that is served here.")
        configuration = properties.get("AuthorizerConfiguration", {}).get("CustomJWTAuthorizer", {})
        if unknown := sorted(configuration.keys() - _KEYS):
            raise TemplateError(f"CustomJWTAuthorizer of {name} has {unknown[0]}, which is not served here.")
        discovery = str(configuration.get("DiscoveryUrl"))
        if not discovery.startswith(("https://", "http://")) or not discovery.endswith(_DISCOVERY):
            raise TemplateError(f"DiscoveryUrl of {name} is {discovery!r}; it must be a URL that ends in {_DISCOVERY}.")
        self._origin = origin
        self._discovery = discovery
        self._keys = KeySet(discovery.removesuffix(_DISCOVERY))
        self._found: str | None = None
        self._audience, self._clients, self._scopes = (
            frozenset(configuration.get(key, ())) for key in ("AllowedAudience", "AllowedClients", "AllowedScopes")
        )
        mapping = configuration.get("AdvertisedScopeMapping", {})
        self._advertised = [mapping.get(scope, scope) for scope in configuration.get("AllowedScopes", ())]

    async def refusal(self, headers: Mapping[str, str]) -> Refusal | None:
        """Return why a request with these headers (by lower-case name) may not pass, or None if it may."""
        scheme, _, token = headers.get("authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return self._refused(401)
        try:
            await self._verify(token.strip())
        except (NoKeyError, jwt.InvalidTokenError) as error:
            _LOG.warning("Gateway: the token is refused: %s", error)
            return self._refused(401)
        except _RefusedError as error:
            _LOG.warning("Gateway: the token is refused: %s", error)
            return self._refused(error.status)
        return None

    async def metadata(self) -> dict[str, Any]:
        """Return the protected resource metadata (RFC 9728 section 2). Raises NoKeyError without an issuer."""
        document = {"authorization_servers": [await self._issuer()], "resource": f"{self._origin}/mcp"}
        return document | ({"scopes_supported": self._advertised} if self._advertised else {})

    async def _verify(self, token: str) -> None:
        kid = jwt.get_unverified_header(token).get("kid")
        if not isinstance(kid, str):
            raise _RefusedError(401, "it does not name the key that signed it")
        key = await self._keys.key(kid)
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], options=CHECKS)
        if claims.get("iss") != await self._issuer():
            raise _RefusedError(401, f"its issuer is not the one of {self._discovery}")
        if self._audience and not self._audience & _strings(claims.get("aud")):
            raise _RefusedError(401, "no aud of it is in AllowedAudience")
        if self._clients and not self._clients & _strings(claims.get("client_id")):
            raise _RefusedError(401, "its client_id is not in AllowedClients")
        granted = {scope for text in _strings(claims.get("scope", claims.get("scp"))) for scope in text.split()}
        if self._scopes and not self._scopes & granted:
            raise _RefusedError(403, "no scope of it is in AllowedScopes")

    async def _issuer(self) -> str:
        if self._found is None:
            self._found = await asyncio.to_thread(self._fetch)
        return self._found

    def _fetch(self) -> str:
        try:
            # The scheme was checked when the configuration was read.
            with urllib.request.urlopen(self._discovery, timeout=FETCH_SECONDS) as response:  # noqa: S310
                return str(json.load(response)["issuer"])
        except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
            raise NoKeyError(f"no issuer from {self._discovery} ({type(error).__name__})") from error

    def _refused(self, status: int) -> Refusal:
        error = "invalid_token" if status == 401 else "insufficient_scope"  # noqa: PLR2004
        scope = f'scope="{" ".join(self._advertised)}", ' if self._advertised else ""
        return Refusal(status, f'Bearer error="{error}", {scope}resource_metadata="{self._origin}{METADATA_PATH}"')


def _strings(claim: object) -> frozenset[str]:
    return frozenset(item for item in (claim if isinstance(claim, list) else [claim]) if isinstance(item, str))
