"""A JWT authorizer, by the rules of API Gateway's HTTP APIs.

Source of every rule but those marked otherwise: API Gateway developer guide, "Control access to HTTP APIs with JWT
authorizers" and "Troubleshooting issues with HTTP API JWT authorizers".
"""

import json
import logging
import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qs

import jwt

from local.bearer.refusal import Refusal
from local.http_api.authorizer import IDENTITY_SOURCE, Grant
from local.intrinsics import TemplateError
from local.sign_in.jwks import CHECKS, KeySet, NoKeyError
from local.template import Resource

ALGORITHMS = ("RS256", "RS384", "RS512")
_LOG = logging.getLogger(__name__)


class _RefusedError(Exception):
    """A token breaks a rule; the message is the challenge's error description."""


class JwtAuthorizer:
    """Decides by the token in the identity source of `resource`, an AWS::ApiGatewayV2::Authorizer of type JWT."""

    def __init__(self, resource: Resource) -> None:
        """Fetch nothing yet. Raises TemplateError for a configuration that API Gateway would not accept."""
        properties = resource.properties
        if properties.get("AuthorizerType") != "JWT":
            raise TemplateError(f"{resource.logical_id} is no JWT authorizer.")
        configuration = properties.get("JwtConfiguration", {})
        sources = properties.get("IdentitySource", [])
        source = IDENTITY_SOURCE.fullmatch(sources[0]) if len(sources) == 1 else None
        if not source:
            raise TemplateError(f"{resource.logical_id} needs one IdentitySource like $request.header.Authorization.")
        if not configuration.get("Issuer") or not configuration.get("Audience"):
            raise TemplateError(f"{resource.logical_id} needs JwtConfiguration with Issuer and Audience.")
        self._place, self._name = source[1], source[2]
        self._issuer: str = configuration["Issuer"]
        self._audience = frozenset(configuration["Audience"])
        self._keys = KeySet(self._issuer)

    async def authorize(self, event: Mapping[str, Any], scopes: Collection[str]) -> Grant | Refusal:
        """Decide on the request of an event of payload format 2.0.

        `scopes` are the route's, of which the token must carry one. The challenge for a bad audience is as documented;
        the other descriptions, the bare `Bearer` where there is no token and the challenge of a 403 are of the same
        form, and unverified against AWS.
        """
        token = self._token(event)
        if not token:
            return Refusal(401, "Bearer")
        try:
            claims = await self._verified(token)
        except NoKeyError as error:
            _LOG.warning("JWT authorizer: %s", error)
            return Refusal(401, _challenge("invalid_token", str(error)))
        except (_RefusedError, jwt.InvalidTokenError) as error:
            return Refusal(401, _challenge("invalid_token", str(error)))
        granted = _scopes(claims)
        if scopes and not set(scopes) & set(granted):
            return Refusal(403, _challenge("insufficient_scope", "the token lacks the scope", scopes))
        context = {name: _text(value) for name, value in claims.items()}
        return Grant({"jwt": {"claims": context, "scopes": granted if scopes else None}})

    def _token(self, event: Mapping[str, Any]) -> str:
        if self._place == "header":
            found = str(event["headers"].get(self._name.lower(), ""))
        else:
            found = parse_qs(event["rawQueryString"]).get(self._name, [""])[0]
        scheme, _, rest = found.strip().partition(" ")
        return rest.strip() if scheme.lower() == "bearer" else found.strip()

    async def _verified(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise _RefusedError(f"signing method {header.get('alg')} is not supported")
        if not isinstance(header.get("kid"), str):
            raise _RefusedError("the token does not have a kid")
        key = await self._keys.key(header["kid"])
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=ALGORITHMS, options=CHECKS)
        if claims.get("iss") != self._issuer:
            raise _RefusedError("the token does not have a valid issuer")
        audience = claims["aud"] if "aud" in claims else claims.get("client_id")
        if not any(name in self._audience for name in _strings(audience)):
            raise _RefusedError("the token does not have a valid audience")
        return claims


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    return [scope for text in _strings(claims.get("scope", claims.get("scp"))) for scope in text.split()]


def _strings(claim: object) -> list[str]:
    return [item for item in (claim if isinstance(claim, list) else [claim]) if isinstance(item, str)]


def _challenge(error: str, description: str, scopes: Collection[str] = ()) -> str:
    printable = re.sub(r'[^ -~]|["\\]', " ", description)
    return f'Bearer scope="{" ".join(scopes)}" error="{error}" error_description="{printable}"'


def _text(value: object) -> str:
    """Return a claim as the event has it: every one is a string, a list of them in brackets without commas.

    The form of nested objects is unverified.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(_text(item) for item in value)}]"
    return json.dumps(value, separators=(",", ":"))
