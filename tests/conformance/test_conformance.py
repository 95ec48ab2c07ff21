"""The official MCP conformance suite against built projects, each behind its own local stack."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import Bake
from e2e.conftest import PYTHON, Built
from variants import DEFAULT, Answers, facts
from workshop import ARCHITECTURE, Workshop, installed

HERE = Path(__file__).parent
PACKAGE = Path("node_modules/@modelcontextprotocol/conformance")
OLD, NEW = "2025-11-25", "2026-07-28"
# The least of the scored scenarios that must pass, and how many are scored.
HTTP = {OLD: (26, 30), NEW: (37, 37)}
STDIO = {OLD: (24, 30)}
# Where tools ask back the project seals what the client keeps for them.
ASKING = {"state": "dynamodb"}
SHAPES: dict[str, tuple[Answers, dict[str, tuple[int, int]]]] = {
    "in-process on http-api": (ASKING, HTTP),
    "web-adapter on function-url, streaming": (ASKING | {"endpoint": "function-url", "adapter": "web-adapter"}, HTTP),
    "stdio on http-api": ({"adapter": "stdio"}, STDIO),
}
# What the suite's own tools answer, where any other answer, such as that there is no such tool, would pass as well.
ANSWERED = {
    OLD: {
        "tools-call-simple-text": "This is a simple text response for testing.",
        "tools-call-error": "Error executing tool test_error_handling",
    }
}
ANSWERED[NEW] = ANSWERED[OLD] | {
    "input-required-result-missing-input-response": "What is your name?",
    "input-required-result-ignore-extra-params": "Hello, Alice!",
    "input-required-result-validate-input": "What is your name?",
}
# Not scored, for the suite's own server fails them, and what an adapter that loses headers would fail too.
UNSCORED = {OLD: [], NEW: ["http-header-validation", "http-custom-header-server-validation"]}
SUMMARY = re.compile(r"^(\S+): (\d+) of (\d+) scenarios passed", re.MULTILINE)


@pytest.fixture(scope="module")
def suite(bake: Bake) -> Path:
    """The suite, installed by a project's own Makefile, with the versions of the lock file beside this one."""
    project = bake(architecture=ARCHITECTURE)
    shutil.copy2(HERE / "package-lock.json", project / "conformance")

    def install(folder: Path) -> None:
        Workshop(project, PYTHON).make(str(folder / ".ready"), f"CONFORMANCE={folder}")

    return installed("conformance", project / "conformance", install)


def examine(workshop: Workshop, suite: Path, *arguments: str) -> str:
    """Have a project's Makefile run the suite.

    Raises:
        AssertionError: With its output, if anything is not as expected.
    """
    # The project has been made since, and would have it installed anew.
    (suite / ".ready").touch()
    return workshop.make("conformance", f"CONFORMANCE={suite}", f"ARGS={' '.join(arguments)}")


def with_fixtures(project: Path, sdk: str) -> Built:
    """Put the suite's server in the place of the project's own, and build that."""
    for fixture in (HERE / "fixtures/everything.py", HERE / "fixtures" / sdk / "server.py"):
        shutil.copy2(fixture, project / "src")
    return Built(project)


def checks(project: Path, revision: str, scenario: str) -> list[Any]:
    [found] = (project / ".aws-sam/conformance" / revision).glob(f"server-{scenario}-20*/checks.json")
    return list(json.loads(found.read_text()))


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_built_conforms(
    bake: Bake, suite: Path, shape: str, record_property: Callable[[str, object], None]
) -> None:
    given, wanted = SHAPES[shape]
    answers = DEFAULT | given | {"architecture": ARCHITECTURE}
    sdk = facts(answers)["__sdk"]
    built = with_fixtures(bake(**answers), sdk)
    expected = HERE / f"expected/{sdk}.yaml"
    template = built.template.relative_to(built.project)
    said = examine(built.workshop, suite, "--requirements", f"--template {template}", f"--expected-failures {expected}")
    found = {revision: (int(passed), int(scored)) for revision, passed, scored in SUMMARY.findall(said)}
    for revision, (passed, scored) in found.items():
        record_property("conformance", (shape, revision, passed, scored))
    assert found.keys() == wanted.keys()
    for revision, (least, scored) in wanted.items():
        assert found[revision][0] >= least, said
        assert found[revision][1] == scored
        for scenario, words in ANSWERED[revision].items():
            assert words in json.dumps(checks(built.project, revision, scenario)), scenario
        for scenario in UNSCORED[revision]:
            statuses = {check["status"] for check in checks(built.project, revision, scenario)}
            assert "SUCCESS" in statuses, scenario
            assert "FAILURE" not in statuses, scenario


def test_the_lock_is_that_of_what_a_project_installs_and_names_no_registry(bake: Bake) -> None:
    package = json.loads((bake() / "conformance/package.json").read_text())
    lock = json.loads((HERE / "package-lock.json").read_text())["packages"]
    for kind in ("dependencies", "optionalDependencies"):
        assert lock[""][kind] == package[kind]
    assert not [name for name, locked in lock.items() if "resolved" in locked]


@pytest.mark.parametrize("path", sorted((HERE / "expected").glob("*.yaml")), ids=lambda path: path.stem)
def test_what_may_fail_is_scored_at_all(suite: Path, path: Path) -> None:
    """The suite takes no notice of an entry that names nothing."""
    listed = [yaml.safe_load((suite / PACKAGE / f"requirements/{revision}.yaml").read_text()) for revision in HTTP]
    scored = {scenario for requirements in listed for scenario in requirements["server"]}
    assert {entry.partition(":")[0] for entry in yaml.safe_load(path.read_text())["server"]} <= scored


@pytest.fixture(scope="module")
def generated(bake: Bake) -> Path:
    return bake(architecture=ARCHITECTURE)


def test_a_generated_project_conforms(generated: Path, suite: Path) -> None:
    said = examine(Workshop(generated, PYTHON), suite)
    # One checks two things by a tool of the suite's own.
    assert SUMMARY.findall(said) == [(OLD, "6", "6"), (NEW, "9", "10")]


def test_a_project_that_loses_headers_does_not(generated: Path, suite: Path, tmp_path: Path) -> None:
    project = tmp_path / "broken"
    shutil.copytree(generated, project)
    events = project / "src/events.py"
    before = events.read_text()
    after = before.replace(".items()\n    ]", '.items()\n        if not name.startswith("mcp-")\n    ]', 1)
    assert after != before
    events.write_text(after)
    with pytest.raises(AssertionError, match=r"FAILED +http-header-validation"):
        examine(Workshop(project, PYTHON), suite, f"--revision {NEW}")


def test_without_npm_it_is_said_what_is_missing(bake: Bake, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "make"):
        (programs / name).symlink_to(str(shutil.which(name)))
    command = ["make", f"CONFORMANCE={tmp_path / 'suite'}", str(tmp_path / "suite/.ready")]
    variables = {**os.environ, "PATH": str(programs)}
    done = subprocess.run(command, cwd=bake(), env=variables, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "there is no npm here: install Node 22" in done.stdout
