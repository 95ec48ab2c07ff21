"""Malformed requests and messages by the thousand, at every function that takes a caller's bytes."""

import pytest
from hypothesis import given

from robustness.conftest import Figures, Start, profile
from robustness.environments import Function
from robustness.fronts import FRONTS, Front
from robustness.hostile import TOKEN, Event
from variants import TEMPLATE, facts

GOOD_EVERY = 100
# What may be held in addition when the second half is over: the clients of AWS's SDK, which first calls make, are 45 MB
# and have a connection each; worker threads are kept for the next call.
MORE_MB, MORE_FILES, MORE_THREADS = 48, 8, 4
fronts = pytest.mark.parametrize("front", FRONTS, ids=lambda front: front.name)


def works(front: Front, running: Function) -> None:
    for event in front.good:
        front.hold_good(running(event.payload, event.client_context, streams=front.streams))


@fronts
def test_nothing_that_is_sent_breaks_a_function(function: Start, front: Front, figures: Figures) -> None:
    sent = 0
    with function(front).running() as running:
        held = running.usage()

        @profile()
        @given(event=front.events)
        def send(event: Event) -> None:
            nonlocal sent, held
            sent += 1
            running.log.clear()
            front.hold(running(event.payload, event.client_context, streams=front.streams))
            assert not [line for line in running.log if TOKEN in line]
            if sent % GOOD_EVERY == 0:
                works(front, running)
            if sent == profile().max_examples // 2:
                held = running.usage()

        works(front, running)
        send()
        works(front, running)
        after = running.usage()
    figures.append(
        f"{front.name}: {sent:,} events, {held.memory_mb:.0f} MB after half, {after.memory_mb:.0f} MB at the end"
    )
    assert after.memory_mb <= held.memory_mb + MORE_MB
    assert after.files <= held.files + MORE_FILES
    assert after.threads <= held.threads + MORE_THREADS


def test_no_entry_point_is_forgotten() -> None:
    entries = {path.stem.removesuffix("-tenant") for path in (TEMPLATE / "variants/app").iterdir()}
    assert entries == {facts(front.answers)["__entry"] for front in FRONTS}
