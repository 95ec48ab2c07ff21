"""An API Gateway HTTP API, built from the AWS::ApiGatewayV2 resources of a template, as an ASGI application."""

import asyncio
import json
import logging
import uuid
from collections.abc import Collection, Mapping
from http import HTTPStatus
from time import perf_counter
from typing import Any

from starlette.types import Receive, Scope, Send

from local.bearer.refusal import Refusal
from local.functions import LambdaFunction, PayloadTooLargeError
from local.http_api.authorizer import Authorizers
from local.http_api.cors import Cors
from local.http_api.routes import Route, routes
from local.intrinsics import TemplateError
from local.request import HttpRequest, event, received
from local.response import HttpResponse, MalformedResponseError, response
from local.runtime_api import Outcome, Result
from local.template import Resource, Stack

# API Gateway developer guide, "Quotas for configuring and running an HTTP API": request line and headers; payload.
LARGEST_HEAD = 10_240
LARGEST_BODY = 10_485_760
_LOG = logging.getLogger(__name__)


def _error(status: int, message: str, *headers: tuple[str, str]) -> HttpResponse:
    body = json.dumps({"message": message}, separators=(",", ":")).encode()
    return HttpResponse(status, [("content-type", "application/json"), *headers], body)


class HttpApi:
    """Answers requests as the HTTP API of `stack` would, calling `functions` by logical id.

    It answers to `domain_names` alone, as API Gateway does, which also keeps web pages from rebinding their own name
    to this server. Documented: route selection, CORS, the authorizer, the payload format and the limits. The bodies
    of 403 to 503, the order of the checks, and that a function's own timeout gives the 503 of an integration's, are
    from knowledge of the service and unverified. Throttling, access logs and stages other than `$default` are not
    served.
    """

    def __init__(
        self,
        stack: Stack,
        functions: Mapping[str, LambdaFunction],
        domain_names: Collection[str],
        authorizers: Authorizers,
    ) -> None:
        """Raise TemplateError if the template's API would not deploy, or not work here."""
        apis = stack.of_type("AWS::ApiGatewayV2::Api")
        if len(apis) != 1 or "Body" in apis[0].properties:
            raise TemplateError("The template must have one AWS::ApiGatewayV2::Api, with its routes as resources.")
        self._api = apis[0]
        self._variables = _default_stage(stack).properties.get("StageVariables")
        self._routes = routes(stack, self._api, authorizers)
        self._cors = Cors(self._api.properties.get("CorsConfiguration", {}))
        self._functions = functions
        self._domain_names = frozenset(domain_names)
        self._calls: set[asyncio.Task[Result]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        began = perf_counter()
        request = await received(scope, receive, LARGEST_BODY)
        request_id = uuid.uuid4().hex[:16]
        answer = await self._answer(request, request_id)
        # Not the query: it may carry what is not for a log.
        _LOG.info("%s %s %d %.0f ms", request.method, request.path, answer.status, (perf_counter() - began) * 1000)
        await answer.send(send, [*self._cors.added(request.headers), ("apigw-requestid", request_id)])

    async def _answer(self, request: HttpRequest, request_id: str) -> HttpResponse:
        if refused := self._refused(request):
            return refused
        matches = ((route, route.match(request.method, request.path)) for route in self._routes)
        route, parameters = next(((route, found) for route, found in matches if found is not None), (None, {}))
        # A route that takes OPTIONS too, ANY or $default, has its authorizer refuse a preflight request, as the CORS
        # page warns.
        if self._cors.is_preflight(request.method, request.headers) and not (route and route.authorizer):
            return HttpResponse(204, self._cors.preflight(request.headers))
        if route is None:
            return _error(404, "Not Found")
        context: dict[str, Any] = {"apiId": self._api.ref, "requestId": request_id, "routeKey": route.key}
        made = event(request, context, parameters) | ({"stageVariables": self._variables} if self._variables else {})
        if route.authorizer:
            decision = await route.authorizer.authorize(made, route.scopes)
            if isinstance(decision, Refusal):
                challenge = [("www-authenticate", decision.challenge)] if decision.challenge else []
                return _error(decision.status, HTTPStatus(decision.status).phrase, *challenge)
            made["requestContext"]["authorizer"] = decision.context
        return await self._integrated(route, made)

    def _refused(self, request: HttpRequest) -> HttpResponse | None:
        host = request.headers.get("host", "").lower()
        if host not in self._domain_names:
            _LOG.warning("%r is no name of this API; it has %s", host, ", ".join(sorted(self._domain_names)))
            return _error(403, "Forbidden")
        if request.head > LARGEST_HEAD:
            return _error(431, "Request Header Fields Too Large")
        return _error(413, "Request Entity Too Large") if len(request.body) > LARGEST_BODY else None

    async def _integrated(self, route: Route, made: Mapping[str, Any]) -> HttpResponse:
        if not route.permitted:
            _LOG.warning("%s: no AWS::Lambda::Permission lets API Gateway call %s", route.key, route.function)
            return _error(500, "Internal Server Error")
        call = asyncio.create_task(self._functions[route.function].invoke(made))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        # API Gateway stops waiting; the function does not stop.
        done, _ = await asyncio.wait({call}, timeout=route.seconds)
        try:
            if not done:
                return _error(503, "Service Unavailable")
            result = call.result()
            if result.outcome is Outcome.TIMEOUT:
                return _error(503, "Service Unavailable")
            if result.outcome is Outcome.RESPONSE:
                return self._filtered(response(result.payload))
            _LOG.warning("%s: %s: %s", route.function, result.outcome.value, result.payload.get("errorMessage"))
        except PayloadTooLargeError:
            return _error(413, "Request Entity Too Large")
        except MalformedResponseError as error:
            _LOG.warning("%s returned a malformed response: %s", route.function, error)
        return _error(500, "Internal Server Error")

    def _filtered(self, answer: HttpResponse) -> HttpResponse:
        headers = [(name, value) for name, value in answer.headers if self._cors.kept(name)]
        return HttpResponse(answer.status, headers, answer.body)


def _default_stage(stack: Stack) -> Resource:
    for stage in stack.of_type("AWS::ApiGatewayV2::Stage"):
        deployed = stage.properties.get("AutoDeploy") or stage.properties.get("DeploymentId")
        if stage.properties.get("StageName") == "$default" and deployed:
            return stage
    raise TemplateError("The API has no $default stage with AutoDeploy, so that nothing would be served.")
