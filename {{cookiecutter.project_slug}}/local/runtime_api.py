"""The Lambda runtime API, as one execution environment sees it.

Source: Lambda developer guide, "Using the Lambda runtime API for custom runtimes", and for streamed responses
"Building a custom runtime for AWS Lambda". SnapStart's restore phase and the extensions API are not served.
"""

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.outcome import Outcome, Result, failure
from local.response_stream import ResponseStream, begun, midway_error

__all__ = ["LARGEST_PAYLOAD", "LARGEST_STREAM", "Invocation", "Outcome", "Result", "RuntimeApi", "failure"]

# Lambda developer guide, "Lambda quotas": 6 MB each for request and response; the service's error names this number.
LARGEST_PAYLOAD = 6_291_556
# The same page: 200 MB for a response that is streamed.
LARGEST_STREAM = 209_715_200
_ACCEPTED = JSONResponse({"status": "OK"}, 202)
# With the rest of a request unread, the connection is of no more use.
_STOP = JSONResponse({"status": "OK"}, 202, {"connection": "close"})
_UNKNOWN = JSONResponse({"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"}, 400)
_PREFIX = "/2018-06-01/runtime"
_INVOCATION = _PREFIX + "/invocation/{request_id}"


@dataclass
class Invocation:
    """An event on its way through an environment; `seconds` is the function's timeout.

    `client_context` is JSON in ASCII, and `tenant` is for a function that isolates tenants. With `streams` the caller
    takes a response while it is being made: `begun` is done when a runtime sends one so, and `result` when the last of
    it is here.
    """

    event: bytes
    seconds: float
    client_context: str | None = None
    tenant: str | None = None
    streams: bool = False
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    begun: asyncio.Future[ResponseStream] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    result: asyncio.Future[Result] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class RuntimeApi:
    """Hands invocations to one runtime process, one at a time, and takes their results.

    `polled` is set while the process waits for an event; `init_error` is what it posted if it could not start.
    """

    def __init__(self, function_arn: str) -> None:
        """Serve `app` where the process's AWS_LAMBDA_RUNTIME_API points, by a TrailerListener."""
        self.polled = asyncio.Event()
        self.init_error: dict[str, Any] | None = None
        self._arn = function_arn
        self._inbox: asyncio.Queue[Invocation | None] = asyncio.Queue()
        self._current: Invocation | None = None
        self.app = Starlette(
            routes=[
                Route(f"{_PREFIX}/invocation/next", self._next),
                Route(_INVOCATION + "/response", self._response, methods=["POST"]),
                Route(_INVOCATION + "/error", self._error, methods=["POST"]),
                Route(f"{_PREFIX}/init/error", self._init_error, methods=["POST"]),
            ]
        )

    def offer(self, invocation: Invocation) -> None:
        """Give `invocation` to the process that polls."""
        self.polled.clear()
        self._current = invocation
        self._inbox.put_nowait(invocation)

    def close(self) -> None:
        """Answer the poll under way, so that the server in front can stop."""
        self._inbox.put_nowait(None)

    async def _next(self, _: Request) -> Response:
        if self._current and not self._current.result.done():
            message = f"{self._current.request_id} The runtime asks for the next event before it has answered."
            self._current.result.set_result(failure(Outcome.ERROR, "Runtime.NoResponse", message))
        self.polled.set()
        invocation = await self._inbox.get()
        if invocation is None:
            return Response(status_code=410)
        trace = uuid.uuid4().hex
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + invocation.seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self._arn,
            # Not sampled: no X-Ray daemon listens here.
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{trace[:24]};Parent={trace[16:]};Sampled=0",
        }
        if invocation.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = invocation.client_context
        if invocation.tenant is not None:
            # Not in the guide; it is what AWS's own runtime clients read.
            headers["Lambda-Runtime-Aws-Tenant-Id"] = invocation.tenant
        return Response(invocation.event, headers=headers, media_type="application/json")

    async def _response(self, request: Request) -> Response:
        if request.headers.get("lambda-runtime-function-response-mode", "").lower() == "streaming":
            return await self._streamed(request)
        body = bytearray()
        async for chunk in request.stream():
            # What comes after the limit is read all the same: a runtime that is cut off would see a broken pipe.
            if len(body) <= LARGEST_PAYLOAD:
                body += chunk
        if len(body) > LARGEST_PAYLOAD:
            too_large = _too_large(LARGEST_PAYLOAD)
            self._settle(request, too_large)
            return JSONResponse(too_large.payload, 413)
        try:
            return self._settle(request, Result(Outcome.RESPONSE, json.loads(bytes(body))))
        except ValueError:
            return self._settle(request, failure(Outcome.ERROR, "Runtime.MarshalError", "The response is not JSON."))

    async def _streamed(self, request: Request) -> Response:
        invocation = self._answered(request)
        if invocation is None or invocation.begun.done():
            return _UNKNOWN
        if not invocation.streams:
            message = "The function streams its response, and was called for a whole one."
            self._settle(request, failure(Outcome.ERROR, "Runtime.UnexpectedStream", message))
            return _STOP
        try:
            stream, chunks = await begun(request.headers.get("content-type", ""), request.stream())
        except ClientDisconnect:
            return _UNKNOWN
        except ValueError as error:
            self._settle(request, failure(Outcome.ERROR, "Runtime.MarshalError", str(error)))
            return _STOP
        invocation.begun.set_result(stream)

        async def read() -> Result:
            size = 0
            async for chunk in chunks:
                size += len(chunk)
                if size > LARGEST_STREAM:
                    return _too_large(LARGEST_STREAM)
                await stream.put(chunk)
            return midway_error(request) or Result(Outcome.RESPONSE, None)

        reading, closed = asyncio.create_task(read()), asyncio.create_task(stream.closed.wait())
        await asyncio.wait({reading, closed}, return_when=asyncio.FIRST_COMPLETED)
        closed.cancel()
        if not reading.done():
            reading.cancel()
            self._settle(request, Result(Outcome.RESPONSE, None))
        elif isinstance(reading.exception(), ClientDisconnect):
            # Not settled: the process may be about to die, which says more.
            return _UNKNOWN
        else:
            result = reading.result()
            stream.end(None if result.outcome is Outcome.RESPONSE else result)
            self._settle(request, result)
        return _STOP

    async def _error(self, request: Request) -> Response:
        return self._settle(request, Result(Outcome.ERROR, await request.json()))

    async def _init_error(self, request: Request) -> Response:
        self.init_error = await request.json()
        return _ACCEPTED

    def _settle(self, request: Request, result: Result) -> Response:
        invocation = self._answered(request)
        if invocation is None:
            return _UNKNOWN
        invocation.result.set_result(result)
        return _ACCEPTED

    def _answered(self, request: Request) -> Invocation | None:
        invocation = self._current
        if not invocation or invocation.request_id != request.path_params["request_id"] or invocation.result.done():
            return None
        return invocation


def _too_large(limit: int) -> Result:
    message = f"Response payload size exceeded maximum allowed payload size ({limit} bytes)."
    return failure(Outcome.ERROR, "Function.ResponseSizeTooLarge", message)
