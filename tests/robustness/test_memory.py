"""One environment of the default project, call after call: what it holds does not grow with them."""

from itertools import cycle, islice

from robustness.conftest import Figures, Start, full
from robustness.fronts import FRONTS, LEGACY, message, request
from robustness.hostile import MODERN

# The first calls import, connect and fill caches; flat is what comes after them.
POINTS = (2_000, 5_000, 10_000, 15_000, 20_000) if full() else (500, 1_500)
# 100 bytes a call: the least that could leak with each is a task or a request, of more than a thousand. The allocator
# takes memory in arenas of 1 MB, so that one may come at any time.
MB_PER_THOUSAND, ONE_ARENA = 0.1, 1.0

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


def test_memory_is_flat_however_many_calls_are_served(function: Start, figures: Figures) -> None:
    front = FRONTS[0]
    requests = cycle(REQUESTS)
    held: dict[int, float] = {}
    with function(front).running() as running:
        served = 0
        for point in POINTS:
            for event in islice(requests, point - served):
                result = running(event.payload)
                assert result.payload["statusCode"] in {200, 400, 404}, result
            served = point
            held[point] = running.usage().memory_mb
    first, *later = POINTS
    figures.append("memory: " + ", ".join(f"{megabytes:.1f} MB after {point:,}" for point, megabytes in held.items()))
    for point in later:
        assert held[point] - held[first] <= ONE_ARENA + MB_PER_THOUSAND * (point - first) / 1000, held
