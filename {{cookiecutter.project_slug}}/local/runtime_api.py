"""The Lambda runtime API, as one execution environment sees it.

Source: Lambda developer guide, "Using the Lambda runtime API for custom runtimes". Response streaming, SnapStart's
restore phase and the extensions API are not served.
"""

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

# Lambda developer guide, "Lambda quotas": 6 MB each for request and response; the service's error names this number.
LARGEST_PAYLOAD = 6_291_556
_ACCEPTED = JSONResponse({"status": "OK"}, 202)
_PREFIX = "/2018-06-01/runtime"
_INVOCATION = _PREFIX + "/invocation/{request_id}"


class Outcome(Enum):
    """How an invocation ended."""

    RESPONSE = "response"
    ERROR = "function error"
    TIMEOUT = "timeout"
    INIT_FAILURE = "init failure"


@dataclass(frozen=True)
class Result:
    """The end of an invocation; `payload` is what the handler returned, else Lambda's error object.

    An error object has `errorType` and `errorMessage`, and `stackTrace` where the runtime gave one.
    """

    outcome: Outcome
    payload: Any


def failure(outcome: Outcome, kind: str, message: str) -> Result:
    """Return a result that carries Lambda's error object."""
    return Result(outcome, {"errorType": kind, "errorMessage": message})


@dataclass
class Invocation:
    """An event on its way through an environment; `seconds` is the function's timeout."""

    event: bytes
    seconds: float
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    result: asyncio.Future[Result] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class RuntimeApi:
    """Hands invocations to one runtime process, one at a time, and takes their results.

    `polled` is set while the process waits for an event; `init_error` is what it posted if it could not start.
    """

    def __init__(self, function_arn: str) -> None:
        """Serve `app` where the process's AWS_LAMBDA_RUNTIME_API points."""
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
        return Response(invocation.event, headers=headers, media_type="application/json")

    async def _response(self, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            # What comes after the limit is read all the same: a runtime that is cut off would see a broken pipe.
            if len(body) <= LARGEST_PAYLOAD:
                body += chunk
        if len(body) > LARGEST_PAYLOAD:
            message = f"Response payload size exceeded maximum allowed payload size ({LARGEST_PAYLOAD} bytes)."
            too_large = failure(Outcome.ERROR, "Function.ResponseSizeTooLarge", message)
            self._settle(request, too_large)
            return JSONResponse(too_large.payload, 413)
        try:
            return self._settle(request, Result(Outcome.RESPONSE, json.loads(bytes(body))))
        except ValueError:
            return self._settle(request, failure(Outcome.ERROR, "Runtime.MarshalError", "The response is not JSON."))

    async def _error(self, request: Request) -> Response:
        return self._settle(request, Result(Outcome.ERROR, await request.json()))

    async def _init_error(self, request: Request) -> Response:
        self.init_error = await request.json()
        return _ACCEPTED

    def _settle(self, request: Request, result: Result) -> Response:
        invocation = self._current
        if not invocation or invocation.request_id != request.path_params["request_id"] or invocation.result.done():
            return JSONResponse({"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"}, 400)
        invocation.result.set_result(result)
        return _ACCEPTED
