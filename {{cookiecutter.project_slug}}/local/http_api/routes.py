"""The routes of an HTTP API: which there are, and which one a request takes.

Source: API Gateway developer guide, "Create routes for HTTP APIs".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.http_api.authorizer import JwtAuthorizer
from local.identifiers import PSEUDO_PARAMETERS
from local.intrinsics import TemplateError
from local.template import Resource, Stack

DEFAULT = "$default"
# API Gateway developer guide, "Quotas": the integration timeout cannot be raised.
LONGEST_INTEGRATION = 30.0
_METHODS = "ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"
_KEY = re.compile(rf"(?P<method>{_METHODS}) (?P<path>/\S*)")
_VARIABLE = re.compile(r"\{(\w+)(\+?)\}")


@dataclass(frozen=True)
class Route:
    """A route with what stands behind it: the function's logical id, and the authorizer in front if there is one.

    `seconds` is how long the integration may take. `permitted` says whether API Gateway may call the function.
    """

    key: str
    function: str
    authorizer: JwtAuthorizer | None
    scopes: tuple[str, ...]
    seconds: float
    permitted: bool

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """Return the path parameters of a request that the route takes, else None."""
        if self.key == DEFAULT:
            return {}
        own, _, pattern = self.key.partition(" ")
        if own not in {"ANY", method}:
            return None
        found = re.fullmatch("".join(_expression(part) for part in re.split(r"(\{\w+\+?\})", pattern)), path)
        return found.groupdict() if found else None

    @property
    def rank(self) -> tuple[bool, list[int], bool]:
        """The order in which routes are tried: literal path segments, variables, `{proxy+}`, `$default`; ANY last."""
        method, _, pattern = self.key.partition(" ")
        segments = [2 if "+}" in segment else int("{" in segment) for segment in pattern.split("/")]
        return self.key == DEFAULT, segments, method == "ANY"


def _expression(part: str) -> str:
    variable = _VARIABLE.fullmatch(part)
    if not variable:
        return re.escape(part)
    return f"(?P<{variable[1]}>{'.+' if variable[2] else '[^/]+'})"


def routes(stack: Stack, api: Resource) -> list[Route]:
    """Return the routes of `api`, best match first. Raises TemplateError for one that would not deploy or not work."""
    found = [_route(stack, api, resource) for resource in stack.of_type("AWS::ApiGatewayV2::Route")]
    keys = [route.key for route in found]
    for key in keys:
        if keys.count(key) > 1:
            raise TemplateError(f"The API has more than one route {key}.")
    return sorted(found, key=lambda route: route.rank)


def _route(stack: Stack, api: Resource, resource: Resource) -> Route:
    name, properties = resource.logical_id, resource.properties
    key = properties["RouteKey"]
    if properties["ApiId"] != api.ref:
        raise TemplateError(f"ApiId of {name} is not the API {api.logical_id}.")
    if key != DEFAULT and not _KEY.fullmatch(key):
        raise TemplateError(f"RouteKey of {name} is {key!r}, neither $default nor a method and a path.")
    target = str(properties.get("Target", "")).removeprefix("integrations/")
    integration = stack.referred("AWS::ApiGatewayV2::Integration", target, f"Target of {name}")
    _check_integration(integration)
    uri = str(integration.properties.get("IntegrationUri"))
    function, arn = stack.function_called(uri, f"IntegrationUri of {integration.logical_id}")
    return Route(
        key=key,
        function=function.logical_id,
        authorizer=_authorizer(stack, resource),
        scopes=tuple(properties.get("AuthorizationScopes", ())),
        seconds=integration.properties.get("TimeoutInMillis", LONGEST_INTEGRATION * 1000) / 1000,
        permitted=_permitted(stack, api, key, arn),
    )


def _check_integration(integration: Resource) -> None:
    name, properties = integration.logical_id, integration.properties
    if properties.get("IntegrationType") != "AWS_PROXY":
        raise TemplateError(f"{name} is no AWS_PROXY integration, which is all that is served here.")
    if str(properties.get("PayloadFormatVersion")) != "2.0":
        raise TemplateError(f'PayloadFormatVersion of {name} must be "2.0".')


def _authorizer(stack: Stack, route: Resource) -> JwtAuthorizer | None:
    kind = route.properties.get("AuthorizationType", "NONE")
    if kind == "NONE":
        return None
    if kind != "JWT":
        raise TemplateError(f"AuthorizationType of {route.logical_id} is {kind}; only JWT and NONE are served here.")
    reference = str(route.properties.get("AuthorizerId"))
    authorizer = stack.referred("AWS::ApiGatewayV2::Authorizer", reference, f"AuthorizerId of {route.logical_id}")
    if authorizer.properties.get("AuthorizerType") != "JWT":
        raise TemplateError(f"{authorizer.logical_id} is no JWT authorizer.")
    return JwtAuthorizer(authorizer)


def _permitted(stack: Stack, api: Resource, key: str, function_arn: str) -> bool:
    """Return whether an AWS::Lambda::Permission lets the route call the function by exactly this ARN.

    The source ARN that API Gateway presents, `api/stage/METHOD/path`, is as in the developer guide's "Create AWS
    Lambda proxy integrations"; that a route for ANY presents `*` there is unverified.
    """
    account = f"{PSEUDO_PARAMETERS['AWS::Region']}:{PSEUDO_PARAMETERS['AWS::AccountId']}"
    method, _, path = key.partition(" ")
    source = f"arn:aws:execute-api:{account}:{api.ref}/$default/{method.replace('ANY', '*')}{path}"
    called = {function_arn, *(fn.ref for fn in stack.of_type("AWS::Lambda::Function") if _is_own(fn, function_arn))}
    return any(
        _allows(permission.properties, called, source) for permission in stack.of_type("AWS::Lambda::Permission")
    )


def _is_own(function: Resource, arn: str) -> bool:
    return arn.endswith(f":function:{function.ref}")


def _allows(permission: Mapping[str, Any], called: set[str], source: str) -> bool:
    pattern = re.escape(permission.get("SourceArn", "*")).replace(r"\*", ".*").replace(r"\?", ".")
    return (
        permission.get("Principal") == "apigateway.amazonaws.com"
        and permission.get("Action") == "lambda:InvokeFunction"
        and permission.get("FunctionName") in called
        and re.fullmatch(pattern, source) is not None
    )
