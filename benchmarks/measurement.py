"""Measures subjects in turns, so that whatever else the machine does falls on all of them alike."""

import contextlib
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from benchmarks.emulator import Emulator
from benchmarks.figures import SubjectFigures, Times
from benchmarks.imports import modules
from benchmarks.subjects import Subject
from supply.budget import unzipped, zipped

Item = TypeVar("Item")

_ROUNDS = 10
# What a call still does for the first time after the first call.
_WARMING = 10
_IMPORT_TIMES = {"PYTHONPROFILEIMPORTTIME": "1"}


@dataclass(frozen=True)
class Settings:
    """How often is measured: starts, and calls; of the subjects that are slow, only so many calls."""

    cold_starts: int
    calls: int
    slow_calls: int

    def calls_of(self, subject: Subject) -> int:
        """Return how many calls of a subject are measured."""
        return self.slow_calls if subject.process_for_each_call else self.calls


def measure(subjects: Sequence[Subject], settings: Settings) -> dict[str, SubjectFigures]:
    """Return the figures of each subject by its name."""
    colds = cold_starts(subjects, settings.cold_starts)
    end_to_end, durations = _warm_calls(subjects, settings)
    figures = {}
    for subject in progress("Memory, modules and sizes", subjects):
        name, artifact = subject.name, subject.artifact
        figures[name] = SubjectFigures(
            cold=Times.of(colds[name]),
            end_to_end=Times.of(end_to_end[name]),
            duration=Times.of(durations[name]),
            peak_mb=round(_peak_mb(subject), 1),
            modules=len(modules(import_log(subject))),
            unzipped_mb=round(unzipped(artifact), 3) if artifact else None,
            zipped_mb=round(_zipped(artifact), 3) if artifact else None,
        )
    return figures


def cold_starts(subjects: Sequence[Subject], count: int) -> dict[str, list[float]]:
    """Return the milliseconds from the start of the process to its first answer."""
    found: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    for subject in progress("Cold starts", [subject for _ in range(count) for subject in subjects]):
        with Emulator(subject.function) as emulator:
            answer, took = emulator.call(subject.event)
        subject.check(answer)
        found[subject.name].append(took)
    return found


def warm_durations(subject: Subject, calls: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds of warm calls end to end, and as the runtime reports them."""
    with Emulator(subject.function) as emulator:
        _call(emulator, subject, _WARMING)
        end_to_end = _call(emulator, subject, calls)
        return end_to_end, emulator.durations()[-calls:]


def import_log(subject: Subject) -> str:
    """Return what the subject's interpreter says of its imports, up to the first answer."""
    function = replace(subject.function, variables={**subject.function.variables, **_IMPORT_TIMES})
    with Emulator(function) as emulator:
        _call(emulator, subject, 1)
        emulator.durations()
        return emulator.log()


def _warm_calls(
    subjects: Sequence[Subject], settings: Settings
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    end_to_end: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    with contextlib.ExitStack() as running:
        emulators = {subject.name: running.enter_context(Emulator(subject.function)) for subject in subjects}
        for subject in progress("Warming up", subjects):
            _call(emulators[subject.name], subject, 1 if subject.process_for_each_call else _WARMING)
        for subject in progress("Warm calls", [subject for _ in range(_ROUNDS) for subject in subjects]):
            calls = -(-settings.calls_of(subject) // _ROUNDS)
            end_to_end[subject.name] += _call(emulators[subject.name], subject, calls)
        durations = {
            subject.name: emulators[subject.name].durations()[-len(end_to_end[subject.name]) :] for subject in subjects
        }
    return end_to_end, durations


def _call(emulator: Emulator, subject: Subject, calls: int) -> list[float]:
    times = []
    for _ in range(calls):
        answer, took = emulator.call(subject.event)
        subject.check(answer)
        times.append(took)
    return times


def _peak_mb(subject: Subject) -> float:
    with Emulator(subject.function) as emulator, emulator.watched() as memory:
        _call(emulator, subject, 3)
    return memory.mb


def _zipped(artifact: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return zipped(artifact, Path(folder))


def progress(what: str, items: Sequence[Item]) -> Iterable[Item]:
    """Give the items, and say on stderr how far it is."""
    for number, item in enumerate(items, 1):
        print(f"\r{what}: {number} of {len(items)} ", end="", file=sys.stderr, flush=True)
        yield item
    print(file=sys.stderr)
