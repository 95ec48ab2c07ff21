"""The page of the figures."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import targets
from benchmarks.catalog import BARE, ENTRIES, GENERATED, IN_PROCESS, LAMBDA_INVOKE, MANGUM, MODERN, RUN_MCP, SDK
from benchmarks.figures import Figures, SubjectFigures
from benchmarks.markdown import table

_TEXT = Path(__file__).with_name("text") / "README.md"
_WHY = "The profiles below say where the time goes, and the table of weights what is shipped."
# What a call would not have without this template: its modules, and the log line and metrics that they write.
_OURS = ("this project's own modules", "aws_lambda_powertools")
_Read = Callable[[SubjectFigures], float | None]


def text(figures: Figures) -> str:
    """Return the page."""
    machine, subjects = figures.machine, figures.subjects
    missed = targets.missed(figures)
    return _TEXT.read_text(encoding="utf-8").format(
        in_process=ENTRIES[IN_PROCESS].title,
        generated=ENTRIES[GENERATED].title,
        measured=machine.measured,
        system=machine.system,
        cores=machine.cores,
        processor=machine.processor,
        versions=", ".join(f"{name} {version}" for name, version in machine.versions.items()),
        memory=machine.memory_mb,
        targets=_targets(figures),
        verdict=f"Missed: {'; '.join(missed)}. {_WHY}" if missed else "All are met.",
        sdk_start=f"{subjects[SDK].cold.median / subjects[RUN_MCP].cold.median:.2f}",
        sdk_call=_number(targets.WARM.figure(subjects, MANGUM)),
        newest_call=_number(targets.WARM.figure(subjects, MODERN)),
        json_call=_number(targets.WARM.figure(subjects, LAMBDA_INVOKE)),
        times=_times(figures),
        starts=subjects[IN_PROCESS].cold.calls,
        calls=f"{subjects[IN_PROCESS].duration.calls:,}",
        slow_calls=subjects[RUN_MCP].duration.calls,
        weights=_weights(figures),
        many_tools=_many_tools(figures),
        long_results=_long_results(figures),
        imports_ms=f"{sum(figures.imports.values()):,.0f}",
        imports=_by_package(figures.imports, 1),
        profile_ms=f"{sum(figures.profile.values()):,.1f}",
        profile_ours=f"{sum(figures.profile[name] for name in _OURS) / sum(figures.profile.values()):.0%}",
        profile=_by_package(figures.profile, 2),
    )


def _targets(figures: Figures) -> str:
    rows = [
        [
            target.text,
            ENTRIES[name].title,
            f"{'≥' if target.least else '≤'} {_number(target.bound)}{target.unit}",
            f"{_number(value)}{target.unit}",
            "met" if met else "**missed**",
        ]
        for target, name, value, met in targets.all_of(figures)
    ]
    return table(["target", "of", "bound", "figure", ""], rows)


def _times(figures: Figures) -> str:
    head = [
        "",
        "cold start",
        "× bare",
        "× run-mcp",
        "warm, Duration",
        "p95",
        "× bare",
        "run-mcp ÷ it",
        "end to end",
        "p95",
    ]
    rows: list[Sequence[str]] = []
    for name, found in figures.subjects.items():
        rows.append(
            [
                ENTRIES[name].title,
                f"{found.cold.median:,.0f} ms",
                *_ratios(figures, found, lambda each: each.cold.median),
                f"{found.duration.median:,.2f} ms",
                f"{found.duration.p95:,.2f} ms",
                _times_bare(figures, found, lambda each: each.duration.median),
                f"{figures.subjects[RUN_MCP].duration.median / found.duration.median:,.0f}",
                f"{found.end_to_end.median:,.2f} ms",
                f"{found.end_to_end.p95:,.2f} ms",
            ]
        )
    return table(head, rows)


def _weights(figures: Figures) -> str:
    head = ["", "what it is", "peak memory", "× bare", "× run-mcp", "modules", "unzipped", "× run-mcp", "zipped"]
    rows: list[Sequence[str]] = []
    for name, found in figures.subjects.items():
        rows.append(
            [
                ENTRIES[name].title,
                ENTRIES[name].about,
                f"{found.peak_mb:,.0f} MB",
                *_ratios(figures, found, lambda each: each.peak_mb),
                f"{found.modules:,}",
                _megabytes(found.unzipped_mb),
                _times_run_mcp(figures, found, lambda each: each.unzipped_mb),
                _megabytes(found.zipped_mb),
            ]
        )
    return table(head, rows)


def _many_tools(figures: Figures) -> str:
    rows = [
        [
            f"{found.tools:,}",
            f"{found.cold_ms:,.0f} ms",
            f"{found.list_ms:,.2f} ms",
            f"{found.list_kb:,.1f} kB",
            f"{found.call_ms:,.2f} ms",
        ]
        for found in figures.many_tools
    ]
    return table(["tools", "cold start, first answer a list", "warm `tools/list`", "its size", "warm call"], rows)


def _long_results(figures: Figures) -> str:
    rows = [
        [f"{found.kb:,} kB", f"{found.call_ms:,.2f} ms", f"{found.end_to_end_ms:,.2f} ms"]
        for found in figures.long_results
    ]
    return table(["result", "warm call, Duration", "end to end"], rows)


def _by_package(spent: Mapping[str, float], digits: int) -> str:
    return table(["package", "own time"], [[package, f"{took:,.{digits}f} ms"] for package, took in spent.items()])


def _ratios(figures: Figures, found: SubjectFigures, read: _Read) -> list[str]:
    return [_times_bare(figures, found, read), _times_run_mcp(figures, found, read)]


def _times_bare(figures: Figures, found: SubjectFigures, read: _Read) -> str:
    return _ratio(read(found), read(figures.subjects[BARE]))


def _times_run_mcp(figures: Figures, found: SubjectFigures, read: _Read) -> str:
    return _ratio(read(found), read(figures.subjects[RUN_MCP]))


def _ratio(value: float | None, other: float | None) -> str:
    return f"{value / other:,.2f}" if value is not None and other else ""


def _megabytes(value: float | None) -> str:
    # A few kilobytes of one's own would be nothing.
    return "" if value is None else f"{value:,.1f} MB" if value >= 0.1 else f"{value * 1000:,.0f} kB"  # noqa: PLR2004


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:,.2f}"  # noqa: PLR2004
