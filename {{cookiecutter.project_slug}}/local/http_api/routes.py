"""The routes of an HTTP API: which there are, and which one a request takes.

Source: API Gateway developer guide, "Create routes for HTTP APIs".
"""

import re
from dataclasses import dataclass

from local.http_api.authorizer import Authorizer, Authorizers
from local.http_api.permissions import execute_api_arn, permitted
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
    authorizer: Authorizer | None
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


def routes(stack: Stack, api: Resource, authorizers: Authorizers) -> list[Route]:
    """Return the routes of `api`, best match first. Raises TemplateError for one that would not deploy or not work."""
    guards: dict[str, Authorizer] = {}
    found = []
    for resource in stack.of_type("AWS::ApiGatewayV2::Route"):
        guard = _guard(stack, resource, authorizers)
        # Routes that name one authorizer share it, and what it remembers.
        if guard and guard.logical_id not in guards:
            guards[guard.logical_id] = authorizers[resource.properties["AuthorizationType"]](guard)
        found.append(_route(stack, api, resource, guards[guard.logical_id] if guard else None))
    keys = [route.key for route in found]
    for key in keys:
        if keys.count(key) > 1:
            raise TemplateError(f"The API has more than one route {key}.")
    return sorted(found, key=lambda route: route.rank)


def _route(stack: Stack, api: Resource, resource: Resource, authorizer: Authorizer | None) -> Route:
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
        authorizer=authorizer,
        scopes=tuple(properties.get("AuthorizationScopes", ())),
        seconds=integration.properties.get("TimeoutInMillis", LONGEST_INTEGRATION * 1000) / 1000,
        permitted=permitted(stack, arn, execute_api_arn(api, _source(key))),
    )


def _check_integration(integration: Resource) -> None:
    name, properties = integration.logical_id, integration.properties
    if properties.get("IntegrationType") != "AWS_PROXY":
        raise TemplateError(f"{name} is no AWS_PROXY integration, which is all that is served here.")
    if str(properties.get("PayloadFormatVersion")) != "2.0":
        raise TemplateError(f'PayloadFormatVersion of {name} must be "2.0".')


def _guard(stack: Stack, route: Resource, authorizers: Authorizers) -> Resource | None:
    kind = route.properties.get("AuthorizationType", "NONE")
    if kind == "NONE":
        return None
    if kind not in authorizers:
        served = " and ".join([*authorizers, "NONE"])
        raise TemplateError(f"AuthorizationType of {route.logical_id} is {kind}; only {served} are served here.")
    reference = str(route.properties.get("AuthorizerId"))
    return stack.referred("AWS::ApiGatewayV2::Authorizer", reference, f"AuthorizerId of {route.logical_id}")


def _source(key: str) -> str:
    """Return what API Gateway presents for a route to whoever permits it to call, behind the API's ARN.

    The form `stage/METHOD/path` is as in the developer guide's "Create AWS Lambda proxy integrations"; that a route for
    ANY presents `*` there is unverified.
    """
    method, _, path = key.partition(" ")
    return f"$default/{method.replace('ANY', '*')}{path}"
