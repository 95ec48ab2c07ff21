"""How the default answers fare with many tools, and with long results."""

import statistics
from dataclasses import replace

from benchmarks import catalog, events
from benchmarks.emulator import Emulator
from benchmarks.events import AnswerError
from benchmarks.figures import LongResult, ManyTools
from benchmarks.measurement import cold_starts, progress, warm_durations
from benchmarks.projects import HANDLERS, Project
from benchmarks.subjects import Subject, prepended

_TOOLS = (1, 100, 1_000)
_RESULTS_KB = (1, 10, 100, 1_000, 5_000)
_SERVER = HANDLERS / "growth"


def many_tools(project: Project, starts: int, calls: int) -> list[ManyTools]:
    """Return the figures of one server by the number of its tools."""
    listings = {tools: _listing(project, tools) for tools in _TOOLS}
    colds = cold_starts([replace(listing, name=str(tools)) for tools, listing in listings.items()], starts)
    found = []
    for tools, listing in progress("Many tools", list(listings.items())):
        _, listed = warm_durations(listing, calls)
        _, called = warm_durations(_call(project, tools, 1), calls)
        found.append(
            ManyTools(
                tools=tools,
                cold_ms=round(statistics.median(colds[str(tools)]), 1),
                list_ms=round(statistics.median(listed), 2),
                list_kb=round(_answer_kb(listing), 1),
                call_ms=round(statistics.median(called), 2),
            )
        )
    return found


def long_results(project: Project, calls: int) -> list[LongResult]:
    """Return the figures of a call by the length of its result."""
    found = []
    for kb in progress("Long results", _RESULTS_KB):
        # A call of megabytes takes a second, and says the same each time.
        end_to_end, durations = warm_durations(_call(project, 1, kb * 1_000), min(calls, max(20_000 // kb, 10)))
        found.append(
            LongResult(
                kb=kb,
                call_ms=round(statistics.median(durations), 2),
                end_to_end_ms=round(statistics.median(end_to_end), 2),
            )
        )
    return found


def _listing(project: Project, tools: int) -> Subject:
    function = prepended(project.function(), _SERVER, TOOLS=str(tools))

    def check(answer: bytes) -> None:
        if (found := len(events.result_of(answer)["tools"])) != tools:
            raise AnswerError(f"The server lists {found} tools, and not {tools}.")

    return Subject(catalog.IN_PROCESS, function, events.over_http(events.message("tools/list"), project.host), check)


def _call(project: Project, tools: int, length: int) -> Subject:
    function = prepended(project.function(), _SERVER, TOOLS=str(tools))
    request = events.message("tools/call", name=f"tool_{tools - 1}", arguments={"length": length})

    def check(answer: bytes) -> None:
        if (found := len(events.text_of(answer))) != length:
            raise AnswerError(f"The result has {found} characters, and not {length}.")

    return Subject(catalog.IN_PROCESS, function, events.over_http(request, project.host), check)


def _answer_kb(subject: Subject) -> float:
    with Emulator(subject.function) as emulator:
        answer, _ = emulator.call(subject.event)
    return len(answer) / 1e3
