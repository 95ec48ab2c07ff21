"""A Lambda function URL, built from the AWS::Lambda::Url of a template, as an ASGI application."""

import asyncio
import json
import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from time import perf_counter
from typing import Any

from starlette.types import Receive, Scope, Send

from local.function_url.permissions import missing
from local.functions import LambdaFunction, PayloadTooLargeError
from local.identifiers import Identity
from local.intrinsics import TemplateError
from local.outcome import Outcome, Result
from local.request import HttpRequest, event, received
from local.response import HttpResponse, MalformedResponseError, response
from local.response_stream import BrokenStreamError, ResponseStream
from local.signing.sigv4 import Key, SignatureError, verify
from local.template import Resource, Stack

# Lambda developer guide, "Lambda quotas": 6 MB for a request.
LARGEST_BODY = 6_291_456
_HELP = "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
_LOG = logging.getLogger(__name__)


def _answer(status: int, body: object, *headers: tuple[str, str]) -> HttpResponse:
    text = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
    return HttpResponse(status, [("content-type", "application/json"), *headers], text.encode())


_FORBIDDEN = _answer(
    403,
    {"Message": f"Forbidden. For troubleshooting Function URL authorization issues, see: {_HELP}"},
    ("x-amzn-errortype", "AccessDeniedException"),
)
_TOO_LARGE = _answer(
    413,
    {"Message": f"Request must be smaller than {LARGEST_BODY} bytes for the InvokeFunction operation"},
    ("x-amzn-errortype", "RequestEntityTooLargeException"),
)
_BROKEN = _answer(502, "Internal Server Error")


class FunctionUrl:
    """Answers requests as the function URL of `stack` would, calling its function among `functions` by logical id.

    It answers to `domain_names` alone. A request must be signed with one of `keys` for the service `lambda`, and the
    key's principal must have both permissions: see `url_permissions`. Documented: those rules, the payload format, the
    limits of size, and that a function which streams needs the mode RESPONSE_STREAM (for size and time of a request's
    head Lambda documents no limit). The 403 that is Forbidden is as others have published it (awsdocs/
    aws-lambda-developer-guide#494), as are a signature's errors, in `message` (RJPearson94/terraform-aws-open-next#48)
    and the 502 of a failed function (awsdocs/aws-lambda-developer-guide#430) and one that takes too long
    (awslabs/route53-dynamic-dns-with-lambda#56). Unverified: the order of the checks, the body of the 413, that a
    stream which breaks off is cut off for the client too, what becomes of a stream in the mode BUFFERED (here a 502),
    and of a whole response in the mode RESPONSE_STREAM (here itself). CORS is not served.
    """

    def __init__(
        self,
        stack: Stack,
        functions: Mapping[str, LambdaFunction],
        domain_names: Collection[str],
        keys: Sequence[Key],
    ) -> None:
        """Raise TemplateError if the template's URL would not deploy, or is none to serve here."""
        urls = stack.of_type("AWS::Lambda::Url")
        if len(urls) != 1:
            raise TemplateError("The template must have one AWS::Lambda::Url.")
        _check(urls[0])
        identity = Identity(urls[0].type, urls[0].logical_id, urls[0].properties.get)
        self._function, self._arn = stack.function_called(identity.ref, f"TargetFunctionArn of {urls[0].logical_id}")
        self._id = identity.attribute("FunctionUrl").split("/")[2].partition(".")[0]
        self._streams = urls[0].properties.get("InvokeMode") == "RESPONSE_STREAM"
        self._stack = stack
        self._functions = functions
        self._domain_names = frozenset(domain_names)
        self._keys = tuple(keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        began = perf_counter()
        request = await received(scope, receive, LARGEST_BODY)
        request_id = str(uuid.uuid4())
        answer, stream = await self._answered(request, request_id)
        # Not the query: it may carry what is not for a log. And before it is sent: who has the answer finds it there.
        _LOG.info("%s %s %d %.0f ms", request.method, request.path, answer.status, (perf_counter() - began) * 1000)
        added = [("x-amzn-requestid", request_id)]
        if stream is None:
            await answer.send(send, added)
        else:
            await answer.send_head(send, added)
            await self._forwarded(stream, receive, send, with_body=answer.may_have_body)

    async def _answered(self, request: HttpRequest, request_id: str) -> tuple[HttpResponse, ResponseStream | None]:
        """Return the answer, and if its body is still being made, the stream of it."""
        if len(request.body) > LARGEST_BODY:
            return _TOO_LARGE, None
        checked = self._authorized(request)
        if isinstance(checked, HttpResponse):
            return checked, None
        context = {
            "apiId": self._id,
            "authentication": None,
            "authorizer": {"iam": _iam(checked)},
            "requestId": request_id,
            "routeKey": "$default",
        }
        made = event(request, context, {})
        function = self._functions[self._function.logical_id]
        try:
            result = await function.stream(made) if self._streams else await function.invoke(made)
        except PayloadTooLargeError:
            return _TOO_LARGE, None
        return self._interpreted(result)

    def _authorized(self, request: HttpRequest) -> Key | HttpResponse:
        host = request.headers.get("host", "").lower()
        if host not in self._domain_names:
            _LOG.warning("%r is no name of this URL; it has %s", host, ", ".join(sorted(self._domain_names)))
            return _FORBIDDEN
        try:
            key = verify(request, self._keys, service="lambda")
        except SignatureError as error:
            _LOG.warning("%s %s: %s", request.method, request.path, error)
            if error.kind == "MissingAuthenticationTokenException":
                return _FORBIDDEN
            return _answer(403, {"message": str(error)}, ("x-amzn-errortype", error.kind))
        if lacking := missing(self._stack, self._arn, key.arn):
            without = " and ".join(lacking)
            _LOG.warning("No AWS::Lambda::Permission gives %s %s on %s", key.arn, without, self._arn)
            return _FORBIDDEN
        return key

    def _interpreted(self, result: Result | ResponseStream) -> tuple[HttpResponse, ResponseStream | None]:
        name = self._function.logical_id
        try:
            if isinstance(result, ResponseStream):
                return response({"statusCode": 200, **result.prelude, "body": ""}), result
            if result.outcome is Outcome.RESPONSE:
                if self._streams:
                    _LOG.warning("%s does not stream, though its URL's InvokeMode is RESPONSE_STREAM.", name)
                return response(result.payload), None
            _LOG.warning("%s: %s: %s", name, result.outcome.value, result.payload.get("errorMessage"))
        except MalformedResponseError as error:
            _LOG.warning("%s returned a malformed response: %s", name, error)
            if isinstance(result, ResponseStream):
                result.close()
        return _BROKEN, None

    async def _forwarded(self, stream: ResponseStream, receive: Receive, send: Send, *, with_body: bool) -> None:
        """Send the chunks of a response as they come, until its end, or until the client is gone."""

        async def forward() -> None:
            async for chunk in stream:
                if with_body:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

        async def follow() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        forwarding, following = asyncio.create_task(forward()), asyncio.create_task(follow())
        try:
            await asyncio.wait({forwarding, following}, return_when=asyncio.FIRST_COMPLETED)
            if forwarding.done():
                forwarding.result()
        except BrokenStreamError as error:
            # The server closes a connection whose response has no end, so that the client sees that it has none.
            name, outcome = self._function.logical_id, error.result.outcome.value
            _LOG.warning("%s: %s in the midst of its response: %s", name, outcome, error)
        finally:
            stream.close()
            for task in (forwarding, following):
                task.cancel()


def _check(url: Resource) -> None:
    name, properties = url.logical_id, url.properties
    if properties.get("AuthType") != "AWS_IAM":
        raise TemplateError(
            f"AuthType of {name} must be AWS_IAM: without it, the whole internet may call the function."
        )
    if properties.get("InvokeMode", "BUFFERED") not in {"BUFFERED", "RESPONSE_STREAM"}:
        raise TemplateError(
            f"InvokeMode of {name} is {properties['InvokeMode']!r}: BUFFERED and RESPONSE_STREAM exist."
        )
    if "Cors" in properties:
        raise TemplateError(f"{name} has Cors, which is not served here.")


def _iam(key: Key) -> dict[str, Any]:
    """Return what an event tells of the caller; the ids have the form of AWS's, and are made up."""
    service, account, resource = key.arn.split(":", 5)[2], key.arn.split(":")[4], key.arn.split(":", 5)[5]
    name, _, session = resource.removeprefix("assumed-role/").partition("/")
    made_up = sha256(f"{account}/{name}".encode()).hexdigest()[:17].upper()
    user_id = f"AROA{made_up}:{session}" if service == "sts" else f"AIDA{made_up}"
    return {
        "accessKey": key.access_key,
        "accountId": account,
        "callerId": user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": key.arn,
        "userId": user_id,
    }
