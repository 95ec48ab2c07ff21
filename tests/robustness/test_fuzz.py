"""Malformed requests and messages by the thousand, at every function that takes a caller's bytes."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustness.conftest import Start
from robustness.environments import Function
from robustness.fronts import FRONTS, Front
from robustness.hostile import TOKEN
from variants import TEMPLATE

GOOD_EVERY = 100


@pytest.mark.parametrize("front", FRONTS, ids=lambda front: front.name)
def test_nothing_that_is_sent_breaks_a_function(function: Start, front: Front) -> None:
    sent = 0
    with function(front).running() as running:

        started = time.time()
        @given(event=front.events)
        def send(event) -> None:
            nonlocal sent
            sent += 1
            t0 = time.perf_counter()
            front.hold(running(event.payload, event.client_context, streams=front.streams))
            assert not [line for line in running.log if TOKEN in line or "Traceback" in line]
            running.log.clear()
            if (took := time.perf_counter() - t0) > 0.3: print(f"SLOW {took:.2f}", repr(event)[:600])
            if sent % GOOD_EVERY == 0:
                works(front, running)

        works(front, running)
        before = running.usage()
        send()
        works(front, running)
        print(front.name, sent, round(time.time()-started,1), before, running.usage())


def works(front: Front, running: Function) -> None:
    for event in front.good:
        front.hold_good(running(event.payload, event.client_context, streams=front.streams))
