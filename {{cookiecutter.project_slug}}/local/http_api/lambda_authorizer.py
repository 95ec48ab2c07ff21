"""A Lambda authorizer with simple responses, by the rules of API Gateway's HTTP APIs.

Source of every rule but those marked otherwise: API Gateway developer guide, "Control access to HTTP APIs with AWS
Lambda authorizers".
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from local.bearer.refusal import Refusal
from local.functions import LambdaFunction, PayloadTooLargeError
from local.http_api.authorizer import IDENTITY_SOURCE, Grant
from local.http_api.permissions import execute_api_arn, permitted
from local.intrinsics import TemplateError
from local.outcome import Outcome
from local.template import Resource, Stack

_UNAUTHORIZED, _FORBIDDEN, _FAILED = Refusal(401), Refusal(403), Refusal(500)
_LOG = logging.getLogger(__name__)


class LambdaAuthorizer:
    """Has the function decide that `resource`, an AWS::ApiGatewayV2::Authorizer of type REQUEST, names.

    Unverified: that the answers have no challenge, that a function that takes too long is a 500 too, and that failures
    are not remembered.
    """

    def __init__(
        self,
        resource: Resource,
        stack: Stack,
        functions: Mapping[str, LambdaFunction],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Call nothing yet. Raises TemplateError for a configuration that would be refused, or is not served here."""
        name, properties = resource.logical_id, resource.properties
        if properties.get("AuthorizerType") != "REQUEST":
            raise TemplateError(f"{name} is no Lambda authorizer, whose AuthorizerType is REQUEST.")
        if str(properties.get("AuthorizerPayloadFormatVersion")) != "2.0":
            raise TemplateError(f'AuthorizerPayloadFormatVersion of {name} must be "2.0".')
        if properties.get("EnableSimpleResponses") is not True:
            raise TemplateError(f"EnableSimpleResponses of {name} must be true: policies are not evaluated here.")
        self._name = name
        self._sources = [_source(name, expression) for expression in properties.get("IdentitySource", [])]
        self._seconds = float(properties.get("AuthorizerResultTtlInSeconds", 0))
        if self._seconds and not self._sources:
            raise TemplateError(f"AuthorizerResultTtlInSeconds of {name} needs an IdentitySource, or must be 0.")
        function, arn = stack.function_called(str(properties.get("AuthorizerUri")), f"AuthorizerUri of {name}")
        self._api = stack.referred("AWS::ApiGatewayV2::Api", str(properties.get("ApiId")), f"ApiId of {name}")
        self._function = function.logical_id
        self._permitted = permitted(stack, arn, execute_api_arn(self._api, f"authorizers/{resource.ref}"))
        self._functions = functions
        self._clock = clock
        self._known: dict[tuple[str, ...], tuple[float, Grant | Refusal]] = {}

    async def authorize(self, event: Mapping[str, Any], _scopes: Collection[str]) -> Grant | Refusal:
        """Decide on the request of an event of payload format 2.0; what was decided is remembered by the identity.

        An identity is missing where it is empty, too (API reference, CreateAuthorizer, `identitySource`).
        """
        identity = tuple(found.get(key, "") for found, key in self._places(event))
        if not all(identity):
            return _UNAUTHORIZED
        now = self._clock()
        self._known = {key: found for key, found in self._known.items() if now < found[0]}
        if identity in self._known:
            return self._known[identity][1]
        decision = await self._decided(event, identity)
        if decision is not _FAILED:
            self._known[identity] = now + self._seconds, decision
        return decision

    def _places(self, event: Mapping[str, Any]) -> list[tuple[Mapping[str, str], str]]:
        query = event.get("queryStringParameters", {})
        # Names of headers are of any case, and those of the query are not.
        return [(event["headers"], key.lower()) if place == "header" else (query, key) for place, key in self._sources]

    async def _decided(self, event: Mapping[str, Any], identity: tuple[str, ...]) -> Grant | Refusal:
        if not self._permitted:
            _LOG.warning("%s: no AWS::Lambda::Permission lets API Gateway call %s", self._name, self._function)
            return _FAILED
        http = event["requestContext"]["http"]
        asked = {name: value for name, value in event.items() if name not in {"body", "isBase64Encoded"}} | {
            "type": "REQUEST",
            "routeArn": execute_api_arn(self._api, f"$default/{http['method']}{http['path']}"),
            "identitySource": list(identity),
        }
        try:
            result = await self._functions[self._function].invoke(asked)
        except PayloadTooLargeError as error:
            _LOG.warning("%s: %s", self._name, error)
            return _FAILED
        if result.outcome is not Outcome.RESPONSE:
            _LOG.warning("%s: %s: %s", self._function, result.outcome.value, result.payload.get("errorMessage"))
            return _FAILED
        return self._read(result.payload)

    def _read(self, answer: Any) -> Grant | Refusal:
        allowed, context = (
            (answer.get("isAuthorized"), answer.get("context")) if isinstance(answer, dict) else (None, None)
        )
        if not isinstance(allowed, bool) or not isinstance(context, dict | None):
            _LOG.warning("%s must return isAuthorized, true or false, and perhaps an object context.", self._function)
            return _FAILED
        return Grant({"lambda": context}) if allowed else _FORBIDDEN


def _source(name: str, expression: str) -> tuple[str, str]:
    found = IDENTITY_SOURCE.fullmatch(expression)
    if not found:
        raise TemplateError(f"IdentitySource of {name} is {expression}; only $request.… is served here.")
    return found[1], found[2]
