"""A response that a runtime sends while it is being made.

Source: Lambda developer guide, "Building a custom runtime for AWS Lambda", on response streaming. The form of the
prelude is not on that page; it is what AWS's own runtimes for Node.js and Rust send.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.requests import Request

from local.outcome import Outcome, Result, failure
from local.trailers import trailers

INTEGRATION = "application/vnd.awslambda.http-integration-response"
_DELIMITER = bytes(8)
# The guide names no limit; without one, a body that has no delimiter would all be held here.
_LARGEST_PRELUDE = 1_048_576
# What waits for a slow reader; then the runtime waits too.
_CHUNKS = 16


class BrokenStreamError(Exception):
    """A response ended before its time; `result` says how."""

    def __init__(self, result: Result) -> None:
        """Keep the result that the invocation ended with."""
        super().__init__(result.payload["errorMessage"])
        self.result = result


class ResponseStream:
    """A response under way: iterate over it once, for its chunks of bytes as they come.

    `prelude` has `statusCode`, `headers` by name, and `cookies`. The iteration raises BrokenStreamError where the
    function fails, dies or takes too long; what it sent before comes first. Who stops reading calls `close`.
    """

    def __init__(self, prelude: Mapping[str, Any]) -> None:
        """Begin with the prelude."""
        self.prelude = prelude
        self.closed = asyncio.Event()
        self._failure: Result | None = None
        self._ended = False
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self._room = asyncio.Semaphore(_CHUNKS)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give each chunk once."""
        while chunk := await self._chunks.get():
            self._room.release()
            yield chunk
        if self._failure:
            raise BrokenStreamError(self._failure)

    def close(self) -> None:
        """Have the runtime's connection closed: nobody reads on.

        Lambda does not: there the function goes on ("Response streaming" in the Lambda developer guide).
        """
        self.closed.set()

    async def put(self, chunk: bytes) -> None:
        """Add a chunk, once the reader has come near enough."""
        if chunk:
            await self._room.acquire()
            self._chunks.put_nowait(chunk)

    def end(self, failed: Result | None = None) -> None:
        """End the response, in good order or with what went wrong; only the first end counts."""
        if not self._ended:
            self._ended, self._failure = True, failed
            self._chunks.put_nowait(b"")
            self.closed.set()


async def begun(kind: str, chunks: AsyncIterator[bytes]) -> tuple[ResponseStream, AsyncIterator[bytes]]:
    """Return the response of content type `kind` that a runtime posts in `chunks`, and the chunks of its body.

    Raises ValueError if it is none. What a response of another type than
    INTEGRATION is served as, a 200 of octets, is unverified against AWS.
    """
    if kind.partition(";")[0].strip().lower() != INTEGRATION:
        return ResponseStream({"statusCode": 200, "headers": {"content-type": "application/octet-stream"}}), chunks
    received = b""
    async for chunk in chunks:
        received += chunk
        head, delimiter, rest = received.partition(_DELIMITER)
        if delimiter:
            prelude = json.loads(head)
            if isinstance(prelude, dict):
                return ResponseStream(prelude), _after(rest, chunks)
            break
        if len(received) > _LARGEST_PRELUDE:
            break
    raise ValueError("The streamed response does not begin with a JSON object and eight NUL bytes.")


async def _after(first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in chunks:
        yield chunk


def midway_error(request: Request) -> Result | None:
    """Return what the trailers of a streamed response say went wrong, if they do; the body must have been read."""
    found = trailers(request)
    kind = found.get(b"lambda-runtime-function-error-type")
    if kind is None:
        return None
    encoded = found.get(b"lambda-runtime-function-error-body", b"")
    try:
        message = base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
    except ValueError:
        message = encoded.decode("latin-1")
    return failure(Outcome.ERROR, kind.decode("latin-1"), message)
