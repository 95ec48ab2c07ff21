"""What is uploaded: how large it is, and under which licences; one artifact of each line of the SDK."""

import os
from pathlib import Path

import pytest

from conftest import Bake
from e2e.conftest import Built
from supply import budget, licences
from variants import DEFAULT, facts
from workshop import ARCHITECTURE

# Between them they have each function that stands beside the server too.
SHAPES = [DEFAULT, DEFAULT | {"adapter": "stdio", "authorization": "token"}]


@pytest.fixture(scope="module", params=SHAPES, ids=lambda answers: facts(answers)["__sdk"])
def artifact(request: pytest.FixtureRequest, bake: Bake) -> tuple[str, Path]:
    """The line of the SDK, and the folder of its function."""
    template = Built(bake(**request.param | {"architecture": ARCHITECTURE})).template
    return facts(request.param)["__sdk"], template.with_name("McpFunction")


def test_what_is_uploaded_keeps_within_its_budget(artifact: tuple[str, Path], tmp_path: Path) -> None:
    sdk, folder = artifact
    assert any(folder.rglob("*.pyc")), "the byte code belongs to what is measured"
    size, most = budget.unzipped(folder), budget.BUDGETS[sdk]
    assert size <= most.unzipped
    assert budget.zipped(folder, tmp_path) <= most.zipped
    if sdk == "v1":
        # So that whatever the other keeps within is a share of this one.
        assert budget.BUDGETS["v2"].unzipped <= budget.SHARE * size


def test_all_that_ships_has_a_licence_that_is_allowed(artifact: tuple[str, Path]) -> None:
    sdk, folder = artifact
    table = licences.section(licences.shipped(folder))
    if os.environ.get("UPDATE_GOLDEN"):
        licences.write(sdk, table)
    assert table == licences.written(sdk), "if you mean what ships now: make licences"


def test_what_stands_beside_the_server_ships_no_package(artifact: tuple[str, Path]) -> None:
    _, folder = artifact
    (beside,) = (path for path in folder.parent.iterdir() if path.is_dir() and path != folder)
    assert not list(beside.glob("*.dist-info"))
