"""How long a call may take, how much Lambda carries, and what is said instead of an answer that is larger."""

import json
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any

from mcp.types import INTERNAL_ERROR

# "Lambda quotas": the most bytes that a synchronous invocation may answer with.
MAX_RESPONSE_BYTES = 6_291_556
# The same page, of a response that is streamed.
MAX_STREAM_BYTES = 209_715_200
# JSON makes at most six bytes of one character (a control character), so an answer whose text has fewer than this need
# not be measured.
SURELY_SMALL = MAX_RESPONSE_BYTES // 6 - 10_000
_LONGEST_ID = 1_000
_LONGEST_METHOD = 128
_logger = logging.getLogger(__name__)
# By the monotonic clock.
_end: ContextVar[float] = ContextVar("end", default=math.inf)


def remaining_seconds() -> float:
    """Return how long the call that is being served may still take; infinite where nothing limits it.

    Call it anywhere below a tool. Less than nothing is left of a call that is being cut off.
    """
    return _end.get() - monotonic()


@contextmanager
def lasting(seconds: float) -> Iterator[None]:
    """Make `remaining_seconds()` count down from `seconds` inside the block, and in the tasks that begin there."""
    token = _end.set(monotonic() + seconds)
    try:
        yield
    finally:
        _end.reset(token)


def size(answer: Any) -> int:
    """Return the bytes of `answer` as Lambda's runtime client sends it: as JSON."""
    return len(json.dumps(answer, ensure_ascii=False).encode(errors="surrogatepass"))


def bounded(answer: dict[str, Any], method: str) -> dict[str, Any]:
    """Return a JSON-RPC answer to a request of `method`, or what stands for one that Lambda would drop."""
    found = size(answer)
    return answer if found <= MAX_RESPONSE_BYTES else too_large(method, answer.get("id"), found)


def too_large(method: str, call_id: str | int | None, found: int, most: int = MAX_RESPONSE_BYTES) -> dict[str, Any]:
    """Return the JSON-RPC answer that stands for one of `found` bytes: the model reads it if it called a tool."""
    _logger.warning("The answer to %s was withheld: it has %d bytes of %d", method[:_LONGEST_METHOD], found, most)
    # An id is echoed, so that one of megabytes would be too large again.
    answer: dict[str, Any] = {"jsonrpc": "2.0", "id": call_id if len(str(call_id)) < _LONGEST_ID else None}
    message = f"The result has {found:,} bytes, and Lambda carries {most:,}. Ask for less at a time."
    if method == "tools/call":
        result = {"content": [{"type": "text", "text": message}], "isError": True, "resultType": "complete"}
        return {**answer, "result": result}
    return {**answer, "error": {"code": INTERNAL_ERROR, "message": message}}
