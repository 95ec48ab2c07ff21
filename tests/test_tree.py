"""The rendered project: exactly the files that belong to the answers, and nothing left over."""

import re
import shutil
import subprocess
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest

from conftest import Bake
from variants import (
    BY_TURNS,
    CONTEXT,
    DEFAULT,
    MANIFEST,
    PACKAGE,
    ROOT,
    TEMPLATE,
    Answers,
    facts,
    name_of,
    needed,
    shapes,
    sources,
)

every_combination = pytest.mark.parametrize("answers", BY_TURNS, ids=name_of)
SOURCES = [str((ROOT / path).relative_to(TEMPLATE)) for path in sources() if (ROOT / path).is_relative_to(TEMPLATE)]
Baked = Callable[[Answers], Path]


def contents(project: Path) -> dict[str, bytes]:
    return {str(path.relative_to(project)): path.read_bytes() for path in project.rglob("*") if path.is_file()}


def expected(answers: Answers) -> set[str]:
    names = set(SOURCES)
    for path, alternative in MANIFEST["alternatives"].items():
        if alternative.format(**facts(answers)) in names:
            names.add(path)
    dropped = ["variants", *(path for path in MANIFEST["only"] if not needed(path, answers))]
    return {name for name in names if not any(name == path or name.startswith(f"{path}/") for path in dropped)}


@every_combination
def test_the_files_are_those_of_the_answers_and_nothing_of_the_engine_is_left_over(
    bake: Bake, answers: Answers
) -> None:
    # One test, because each process of the tests would bake for each of two.
    project = bake(**answers)
    found = contents(project)
    assert set(found) == expected(answers)
    assert [path for path in project.rglob("*") if path.is_dir() and not any(path.iterdir())] == []
    for name, content in found.items():
        text = content.decode()
        assert "cookiecutter" not in text, name
        assert not re.search(r"^\s*#%", text, re.MULTILINE), name
        if not any(fnmatch(name, pattern) for pattern in CONTEXT["_copy_without_render"]):
            assert not re.search(r"\{\{|\{%|\{#", text), name
        assert text.endswith("\n"), name
        assert not text.endswith("\n\n"), name
    # All of them together are gigabytes.
    shutil.rmtree(project.parent)


@pytest.mark.parametrize("answers", shapes(), ids=name_of)
def test_a_second_generation_gives_the_same_bytes(bake: Bake, baked: Baked, answers: Answers) -> None:
    assert contents(bake(**answers)) == contents(baked(answers))


@pytest.mark.parametrize("endpoint", ["function-url", "lambda-invoke"])
def test_where_iam_decides_the_kind_of_sign_in_changes_nothing(baked: Baked, endpoint: str) -> None:
    cognito, oidc = (baked(DEFAULT | {"endpoint": endpoint, "authorization": choice}) for choice in ("cognito", "oidc"))
    assert contents(cognito) == contents(oidc)


def test_a_package_changes_nothing_where_no_process_is_started(bake: Bake, baked: Baked) -> None:
    assert contents(bake(stdio_package="mcp-server-time")) == contents(baked(DEFAULT))


def test_every_module_of_a_project_is_imported_or_run(baked: Baked) -> None:
    for answers in shapes():
        project = baked(answers)
        read = [
            path for path in project.rglob("*") if path.suffix in {".py", ".sh", ".yaml"} or path.name == "Makefile"
        ]
        text = "\n".join(path.read_text() for path in read)
        for path in project.glob("src/*.py"):
            used = rf"^\s*(import|from) ([\w, ]+, )?{path.stem}\b|\b{path.stem}(\.py|:app|\.lambda_handler)\b"
            assert re.search(used, text, re.MULTILINE), f"{name_of(answers)}: {path.name}"


def test_what_to_do_next_is_told_at_the_end(bake: Bake, capfd: pytest.CaptureFixture[str]) -> None:
    bake(project_name="Team Tools")
    told = capfd.readouterr().out
    assert "cd team-tools" in told
    assert "make dev" in told
    assert "sam deploy --guided" in told


def test_what_every_function_ships_is_pinned_and_nothing_of_it_is_boto3(baked: Baked) -> None:
    lines = (baked(DEFAULT) / "src/requirements.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.match(r"[a-z0-9._-]+==\S+", pin) for pin in pins)
    assert not [pin for pin in pins if re.match(r"(aiobotocore|boto3|botocore|awscrt)\b", pin)]


def test_what_a_stdio_function_ships_is_pinned_but_for_the_package_that_was_named(baked: Baked) -> None:
    stdio = DEFAULT | {"adapter": "stdio"}
    lines = [(baked(stdio | {"stdio_package": name}) / "src/requirements.txt").read_text() for name in ("", PACKAGE)]
    pins, with_package = ([line for line in text.splitlines() if line and line[0] != "#"] for text in lines)
    assert all(re.match(r"[a-z0-9._-]+==\S+", pin) for pin in pins)
    assert [pin for pin in with_package if pin not in pins] == [PACKAGE]


def test_make_knows_the_name_that_the_stack_was_deployed_under(bake: Bake) -> None:
    project = bake()

    def planned() -> str:
        done = subprocess.run(["make", "--dry-run", "logs"], cwd=project, capture_output=True, text=True, check=True)
        return done.stdout

    assert "/aws/lambda/my-mcp-server-mcp " in planned()
    settings = project / "samconfig.toml"
    # As `sam deploy --guided` writes down what it was told.
    guided = '[default.deploy.parameters]\nstack_name = "team-tools"'
    settings.write_text(settings.read_text().replace("[default.deploy.parameters]", guided))
    assert "/aws/lambda/team-tools-mcp " in planned()


def test_the_files_that_people_edit_stay_short(baked: Baked) -> None:
    for answers in shapes():
        project = baked(answers)
        for name, most in {"src/server.py": 150, "src/app.py": 40, "README.md": 150}.items():
            assert len((project / name).read_text().splitlines()) < most, f"{name_of(answers)}: {name}"
