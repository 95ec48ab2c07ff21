"""Real clients of both eras, all at once, at the built artifact behind the local stack: not one call fails."""

import asyncio
import time
from itertools import count

import pytest

from conftest import Bake
from e2e.callers import connected
from e2e.conftest import Built, Stack
from robustness.conftest import Figures, full
from workshop import ARCHITECTURE

CLIENTS, SECONDS, STREAMED_SECONDS = (64, 60, 20) if full() else (8, 2, 2)
# However slow the machine is, and however fast.
LEAST_CALLS, MOST_CALLS = 4, 1_000
ERAS = ("legacy", "2026-07-28")


async def call(stack: Stack, era: str, seconds: float) -> int:
    """Call until the time is up, and return how often; whatever fails is raised."""
    end = time.monotonic() + seconds
    async with connected(stack, era) as client:
        for number in count():
            if number >= MOST_CALLS or (number >= LEAST_CALLS and time.monotonic() >= end):
                return number
            if number % 4:
                assert len((await client.list_tools()).tools) == 4
            else:
                assert (await client.call_tool("count_s3_buckets")).structured_content == {"buckets": 3}
    raise AssertionError("unreachable")


@pytest.mark.parametrize(
    ("answers", "seconds"),
    [({}, SECONDS), ({"endpoint": "function-url", "adapter": "web-adapter"}, STREAMED_SECONDS)],
    ids=["http-api-in-process", "function-url-web-adapter"],
)
def test_no_call_fails_with_many_clients_at_once(
    bake: Bake, figures: Figures, answers: dict[str, str], seconds: float
) -> None:
    async def loaded(stack: Stack) -> list[int]:
        calls = (call(stack, ERAS[number % 2], seconds) for number in range(CLIENTS))
        return await asyncio.gather(*calls)

    with Built(bake(architecture=ARCHITECTURE, **answers)).serve() as stack:
        calls = asyncio.run(loaded(stack))
    figures.append(
        f"load: {CLIENTS} clients for {seconds} s, {sum(calls):,} calls, none failed ({answers or 'default'})"
    )
