"""The clients, installed, the shapes, served, and the table, written from what the run saw."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Bake
from e2e.conftest import Built, fastmcp, old_sdk, typescript
from interop.clients import CLIENTS
from interop.places import SHAPES, Place, title
from interop.table import Cell, written
from interop.visits import Installed
from variants import Answers
from workshop import ARCHITECTURE

__all__ = ["fastmcp", "old_sdk", "typescript"]

# Where `make interop` wants the table; other runs leave it as it is.
_TABLE = os.environ.get("INTEROP_TABLE")
_seen: list[Cell] = []


@pytest.fixture(scope="session")
def installed(old_sdk: Path, fastmcp: Path, typescript: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(old_sdk, fastmcp, typescript, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest, bake: Bake) -> Iterator[Place]:
    answers: Answers = request.param | {"architecture": ARCHITECTURE}
    built = Built(bake(**answers))
    with built.serve() as stack:
        yield Place(answers, built, stack)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call":
        _seen.extend(Cell(*value) for name, value in report.user_properties if name == "cell")  # type: ignore[misc]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if _TABLE and exitstatus == pytest.ExitCode.OK:
        clients, places = [client.title for client in CLIENTS], [title(shape) for shape in SHAPES]
        Path(_TABLE).write_text(written(_seen, clients, places))
