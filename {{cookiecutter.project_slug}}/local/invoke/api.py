"""The Lambda Invoke API, as an ASGI application."""

import json
import logging
import re
import uuid
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

from starlette.types import Receive, Scope, Send

from local.functions import LambdaFunction, PayloadTooLargeError
from local.invoke.invocation import (
    LARGEST_REQUEST,
    InvokeError,
    addressed_arn,
    client_context,
    event,
    tenant,
    too_large,
)
from local.invoke.permissions import InvokePermissions
from local.outcome import Outcome, Result
from local.policies import ACTION
from local.request import HttpRequest, received
from local.response import HttpResponse
from local.signing.sigv4 import Key, SignatureError, verify
from local.template import Stack

_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_LOG = logging.getLogger(__name__)


class InvokeApi:
    """Answers Invoke (Lambda API reference) for the functions of `stack`, calling `functions` by logical id.

    A call must be signed for the service `lambda` with one of `keys`, and the key's principal must be allowed to
    invoke exactly what is addressed: see `InvokePermissions`, which takes a caller of the template's own account for
    somebody that the template's managed policies are attached to. Invocations of type Event are refused; the tail of
    the log and durable executions are not served. That permission is decided before existence, and that
    every fault of a signature is a 403, is from knowledge of the service and unverified.
    """

    def __init__(self, stack: Stack, functions: Mapping[str, LambdaFunction], keys: Sequence[Key]) -> None:
        """Raise TemplateError for a policy of the template that cannot be evaluated here."""
        self._stack = stack
        self._functions = functions
        self._keys = keys
        self._permissions = InvokePermissions(stack)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        began = perf_counter()
        request = await received(scope, receive, LARGEST_REQUEST)
        try:
            answer = await self._answer(request)
        except InvokeError as error:
            _LOG.warning("%s %s: %s: %s", request.method, request.path, error.kind, error)
            # Which spelling an error has differs by its kind, and clients read either.
            payload = {"Type": "User", "Message": str(error), "message": str(error)}
            answer = _json(error.status, payload, ("x-amzn-errortype", error.kind))
        _LOG.info("%s %s %d %.0f ms", request.method, request.path, answer.status, (perf_counter() - began) * 1000)
        await answer.send(send, [("x-amzn-requestid", str(uuid.uuid4()))])

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        path = _PATH.fullmatch(request.path)
        if request.method != "POST" or not path:
            raise InvokeError(404, "UnknownOperationException", "Only Invoke is served here.")
        if len(request.body) > LARGEST_REQUEST:
            raise too_large(len(request.body))
        try:
            principal = verify(request, self._keys, service="lambda").arn
        except SignatureError as error:
            raise InvokeError(403, error.kind, str(error)) from error
        arn = addressed_arn(path[1], request.query)
        if not self._permissions.allow(principal, arn):
            message = f"User: {principal} is not authorized to perform: {ACTION} on resource: {arn}"
            because = f"because no policy of the template allows the {ACTION} action"
            raise InvokeError(403, "AccessDeniedException", f"{message} {because}")
        called = self._stack.functions.get(arn.removesuffix(":$LATEST"))
        if called is None:
            raise InvokeError(404, "ResourceNotFoundException", f"Function not found: {arn}")
        function = self._functions[called]
        served = tenant(request.headers.get("x-amz-tenant-id"), isolated=function.isolates_tenants)
        asked, context = event(request.body), client_context(request.headers.get("x-amz-client-context"))
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "DryRun":
            return HttpResponse(204)
        if kind != "RequestResponse":
            raise InvokeError(400, "InvalidParameterValueException", f"Invocations of type {kind} are not served here.")
        try:
            result = await function.invoke(asked, client_context=context, tenant=served)
        except PayloadTooLargeError as error:
            raise too_large(LARGEST_REQUEST) from error
        return self._answered(called, arn, result)

    def _answered(self, called: str, arn: str, result: Result) -> HttpResponse:
        headers = [("x-amz-executed-version", self._version(arn))]
        if result.outcome is not Outcome.RESPONSE:
            _LOG.warning("%s: %s: %s", called, result.outcome.value, result.payload.get("errorMessage"))
            headers.append(("x-amz-function-error", "Unhandled"))
        return _json(200, result.payload, *headers)

    def _version(self, arn: str) -> str:
        for alias in self._stack.of_type("AWS::Lambda::Alias"):
            if alias.ref == arn:
                return str(alias.properties["FunctionVersion"])
        named = arn.partition(":function:")[2].partition(":")[2]
        return named or "$LATEST"


def _json(status: int, payload: Any, *headers: tuple[str, str]) -> HttpResponse:
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return HttpResponse(status, [("content-type", "application/json"), *headers], body)
