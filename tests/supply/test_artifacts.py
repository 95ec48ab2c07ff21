"""What is uploaded: how large it is, whether it starts from byte code, and under which licences it ships."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import Bake
from e2e.conftest import Built
from supply import budget, licences
from variants import DEFAULT, facts
from workshop import ARCHITECTURE

# Printed by an interpreter that imports what the function does at its start, and at the start of a child.
WITHOUT_BYTE_CODE = """
import os, sys, app
from importlib.util import cache_from_source
if os.path.exists("stdio_main.py"):
    import mcp.server.stdio, server
files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
own = [path for path in files if path.startswith(os.getcwd())]
print(len(own), *(path for path in own if path.endswith(".py") and not os.path.exists(cache_from_source(path))))
"""
VARIABLES = {
    "ALLOWED_ORIGINS": "https://example.com",
    "MCP_URL": "https://mcp.example.com/mcp",
    "POWERTOOLS_METRICS_NAMESPACE": "MCP",
    "POWERTOOLS_SERVICE_NAME": "test",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TOOL_SCOPES": "",
}
# One of each line of the SDK; between them they have each function that stands beside the server too.
SHAPES = [DEFAULT, DEFAULT | {"adapter": "stdio", "authorization": "token"}]


@dataclass(frozen=True)
class Artifact:
    """The folder of a built function, the line of the SDK that it serves with, and the Python that runs it."""

    sdk: str
    folder: Path
    runtime: Path


@pytest.fixture(scope="module", params=SHAPES, ids=lambda answers: facts(answers)["__sdk"])
def artifact(request: pytest.FixtureRequest, bake: Bake) -> Artifact:
    built = Built(bake(**request.param | {"architecture": ARCHITECTURE}))
    runtime = built.tools / "runtime/bin/python"
    return Artifact(facts(request.param)["__sdk"], built.template.with_name("McpFunction"), runtime)


def test_all_that_a_start_imports_has_byte_code(artifact: Artifact) -> None:
    variables = VARIABLES | {"PYTHONPATH": str(artifact.folder)}
    command: list[str | Path] = [artifact.runtime, "-c", WITHOUT_BYTE_CODE]
    done = subprocess.run(command, cwd=artifact.folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported, *without = done.stdout.split()
    assert int(imported) > 300
    assert without == []


def test_what_is_uploaded_keeps_within_its_budget(artifact: Artifact, tmp_path: Path) -> None:
    sdk, folder = artifact.sdk, artifact.folder
    size, most = budget.unzipped(folder), budget.BUDGETS[sdk]
    assert size <= most.unzipped
    assert budget.zipped(folder, tmp_path) <= most.zipped
    if sdk == "v1":
        # So that whatever the other keeps within is a share of this one.
        assert budget.BUDGETS["v2"].unzipped <= budget.SHARE * size


def test_all_that_ships_has_a_licence_that_is_allowed(artifact: Artifact) -> None:
    table = licences.section(licences.shipped(artifact.folder))
    if os.environ.get("UPDATE_GOLDEN"):
        licences.write(artifact.sdk, table)
    assert table == licences.written(artifact.sdk), "if you mean what ships now: make licences"


def test_what_stands_beside_the_server_ships_no_package(artifact: Artifact) -> None:
    folder = artifact.folder
    (beside,) = (path for path in folder.parent.iterdir() if path.is_dir() and path != folder)
    assert not list(beside.glob("*.dist-info"))
