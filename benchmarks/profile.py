"""Where a warm call of the default answers spends its time, by Python's profiler."""

import json
from dataclasses import replace

from benchmarks import events
from benchmarks.emulator import Emulator
from benchmarks.projects import HANDLERS
from benchmarks.subjects import Subject, prepended

_FEWEST_MS = 0.01


def warm_call(subject: Subject, calls: int) -> dict[str, float]:
    """Return the milliseconds of an average call by package, the profiler's own share among them."""
    function = prepended(subject.function, HANDLERS / "profiled")
    function = replace(function, command=[*function.command[:-1], "profiled.lambda_handler"])
    with Emulator(function) as emulator:
        for _ in range(calls):
            answer, _ = emulator.call(subject.event)
            subject.check(answer)
        spent, _ = emulator.call(events.NOTHING)
    return {name: round(took, 3) for name, took in json.loads(spent).items() if took >= _FEWEST_MS}
