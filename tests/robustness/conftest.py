"""What the tests of robustness share: projects by their answers, and a made-up AWS that their functions act on."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from conftest import Bake
from local import declared
from local.aws import REGION, LocalAws
from local.template import load
from robustness.environments import Function
from robustness.fronts import Front
from workshop import Workshop

PYTHON = "3.13"
Start = Callable[[Front], Function]

# `make robustness` asks for the second; how much the other tests here do goes by it too.
_SHARED: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}
settings.register_profile("few", max_examples=60, **_SHARED)
settings.register_profile("full", max_examples=2_000, **_SHARED)

_FIGURES = pytest.StashKey["Figures"]()


class Figures(list[str]):
    """Lines for whoever reads the log."""


def pytest_configure(config: pytest.Config) -> None:
    """Make room for figures."""
    config.stash[_FIGURES] = Figures()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures that README.md has of the last run at full size."""
    for line in config.stash[_FIGURES]:
        terminalreporter.write_line(line)


def full() -> bool:
    """Return whether this run is at full size: `--hypothesis-profile=full`."""
    return settings.get_current_profile_name() == "full"


def profile() -> settings:
    """Return how many examples each test has, and how they are tried."""
    return settings.get_profile("full" if full() else "few")


@pytest.fixture
def figures(pytestconfig: pytest.Config) -> Figures:
    return pytestconfig.stash[_FIGURES]


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    with asyncio.Runner() as runner:
        local = runner.run(LocalAws().__aenter__())
        yield local
        runner.run(local.__aexit__())


@pytest.fixture(scope="session")
def function(bake: Bake, aws: LocalAws) -> Start:
    """Return a function that makes the function behind a front; projects with the same answers are one."""
    projects: dict[tuple[str, ...], Workshop] = {}

    def made(front: Front) -> Function:
        key = (*front.answers.values(), str(front.quick))
        if key not in projects:
            project = bake(**front.answers)
            projects[key] = Workshop(project, PYTHON)
            projects[key].make("setup")
            if front.quick:
                source = Path(__file__).with_name("quick_server.py")
                (project / "src/stdio_main.py").write_text(source.read_text())
        workshop = projects[key]
        stack = load(workshop.project / "template.yaml")
        stack = stack.relocated(declared.hold(aws.endpoint_url, stack, REGION))
        return Function(stack, front.function, workshop, {**aws.environment, **front.variables})

    return made
