"""Measures, and draws the pages: `python -m benchmarks`, or with `--redraw` from the figures that are kept."""

import argparse
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import distributions, version
from pathlib import Path

from benchmarks import catalog, chart, cost, page
from benchmarks.events import AnswerError
from benchmarks.figures import Figures, Machine
from benchmarks.growth import long_results, many_tools
from benchmarks.imports import by_package
from benchmarks.measurement import Settings, import_log, measure
from benchmarks.profile import warm_call
from benchmarks.projects import NoPythonError, Project
from benchmarks.subjects import Stage, build, check_without_byte_code

_HERE = Path(__file__).parent
_SHIPPED = ("aws-lambda-powertools", "mcp", "pydantic")


def main() -> None:
    """Measure unless told not to, keep the figures, and draw."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--redraw", action="store_true", help="measure nothing; draw from benchmarks/figures.json")
    parser.add_argument("--cold-starts", type=int, default=15, help="of each subject (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=1_000, help="warm ones of each subject (default: %(default)s)")
    parser.add_argument("--slow-calls", type=int, default=30, help="of those with a process for each call")
    options = parser.parse_args()
    if options.redraw:
        figures = Figures.kept()
    else:
        try:
            figures = _measured(build(), Settings(options.cold_starts, options.calls, options.slow_calls))
        except (NoPythonError, AnswerError) as error:
            sys.exit(str(error))
        figures.keep()
    draw(figures)


def draw(figures: Figures) -> None:
    """Write the pages and the chart."""
    chart.draw(figures, _HERE / "chart.svg")
    (_HERE / "README.md").write_text(page.text(figures), encoding="utf-8")
    (_HERE / "cost.md").write_text(cost.text(figures), encoding="utf-8")


def _measured(stage: Stage, settings: Settings) -> Figures:
    subjects = measure(stage.subjects, settings)
    check_without_byte_code(stage.subjects)
    default = next(subject for subject in stage.subjects if subject.name == catalog.IN_PROCESS)
    calls = max(settings.calls // 5, 10)
    return Figures(
        machine=_machine(stage.default),
        subjects=subjects,
        many_tools=many_tools(stage.default, max(settings.cold_starts // 3, 3), calls),
        long_results=long_results(stage.default, calls),
        profile=warm_call(default, calls),
        imports=by_package(import_log(default), frozenset(sys.stdlib_module_names)),
    )


def _machine(project: Project) -> Machine:
    artifact = [str(project.stack.code["McpFunction"])]
    shipped = {name: next(iter(distributions(name=name, path=artifact))).version for name in _SHIPPED}
    script = "import importlib.metadata as m, platform as p; print(p.python_version(), m.version('awslambdaric'))"
    said = subprocess.run([project.runtime, "-c", script], check=True, capture_output=True, text=True).stdout  # noqa: S603
    python, client = said.split()
    return Machine(
        measured=datetime.now(UTC).date(),
        processor=_processor(),
        cores=len(_processors()),
        system=f"{platform.system()} {platform.machine()}",
        versions={"Python": python, "awslambdaric": client, **shipped, "aws-sam-cli": version("aws-sam-cli")},
        memory_mb=int(project.server.properties["MemorySize"]),
    )


def _processors() -> list[str]:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("processor")]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
