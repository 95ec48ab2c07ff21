"""One environment of the default project, call after call: what it holds does not grow with them."""

from collections.abc import Iterable
from itertools import cycle, islice, repeat

import pytest

from robustness.conftest import Figures, Start, full
from robustness.fronts import FRONTS, LEGACY, message, request
from robustness.hostile import MODERN

# The first calls import, connect and fill caches; flat is what comes after them.
FIRST, MORE = (2_000, 18_000) if full() else (500, 1_000)
# 100 bytes a call: the least that could leak with each is a task or a request, of more than a thousand. The allocator
# takes memory in arenas of 1 MB, so that one may come at any time.
MB_PER_THOUSAND, ONE_ARENA = 0.1, 1.0
# It is refused before the server sees it, so that what it leaves behind is the runtime client's: some 140 bytes a call,
# before a handler that returns a constant too (awslambdaric 4.2).
NO_REQUEST = b"{}"

_HELLO = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
MESSAGES = [
    ("initialize", _HELLO),
    ("tools/list", {}),
    ("tools/call", {"name": "no_such_tool", "arguments": {"a": "b"}}),
    ("prompts/get", {"name": "summarize_errors", "arguments": {"log_group": "/app"}}),
    ("resources/templates/list", {}),
    ("no/such", {}),
]
REQUESTS = [
    request(version, body=message(version, method, **params))
    for method, params in MESSAGES
    for version in (LEGACY, MODERN)
]


@pytest.mark.timeout(900)  # At full size on a machine that does something else too.
def test_memory_is_flat_however_many_calls_are_served(function: Start, figures: Figures) -> None:
    requests = cycle(REQUESTS)
    with function(FRONTS[0]).running() as running:

        def grown(payloads: Iterable[bytes]) -> float:
            before = running.usage().memory_mb
            for payload in payloads:
                result = running(payload)
                assert result.payload["statusCode"] in {200, 400, 404}, result
            return running.usage().memory_mb - before

        grown(event.payload for event in islice(requests, FIRST))
        first = running.usage().memory_mb
        own = grown(repeat(NO_REQUEST, MORE))
        more = grown(event.payload for event in islice(requests, MORE))
    figures.append(
        f"memory: {first:.1f} MB after {FIRST:,} calls, and {more:.1f} MB more after another {MORE:,}, of which the "
        f"runtime client keeps {own:.1f} MB"
    )
    assert more - own <= ONE_ARENA + MB_PER_THOUSAND * MORE / 1000
