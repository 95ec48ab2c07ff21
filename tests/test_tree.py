"""The rendered project: exactly the files that belong to the answers, and nothing left over."""

import re
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest

from conftest import Bake
from variants import COMBINATIONS, CONTEXT, MANIFEST, Answers, name_of

every_combination = pytest.mark.parametrize("answers", COMBINATIONS, ids=name_of)
Baked = Callable[[Answers], Path]


def contents(project: Path) -> dict[str, bytes]:
    return {str(path.relative_to(project)): path.read_bytes() for path in project.rglob("*") if path.is_file()}


def expected(template: Path, answers: Answers) -> set[str]:
    source = template / "{{cookiecutter.project_slug}}"
    names = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
    names = {name for name in names if not name.startswith("variants/")} | set(MANIFEST["alternatives"])
    for path, needed in MANIFEST["only"].items():
        if any(answers[question] not in choices for question, choices in needed.items()):
            names = {name for name in names if name != path and not name.startswith(f"{path}/")}
    return names


@every_combination
def test_the_files_are_exactly_those_of_the_answers(template: Path, baked: Baked, answers: Answers) -> None:
    project = baked(answers)
    assert set(contents(project)) == expected(template, answers)
    assert [path for path in project.rglob("*") if path.is_dir() and not any(path.iterdir())] == []


@every_combination
def test_nothing_of_the_template_engine_is_left_over(baked: Baked, answers: Answers) -> None:
    for name, content in contents(baked(answers)).items():
        text = content.decode()
        assert "cookiecutter" not in text, name
        assert not re.search(r"^\s*#%", text, re.MULTILINE), name
        if not any(fnmatch(name, pattern) for pattern in CONTEXT["_copy_without_render"]):
            assert not re.search(r"\{\{|\{%|\{#", text), name
        assert text.endswith("\n"), name
        assert not text.endswith("\n\n"), name


@every_combination
def test_a_second_generation_gives_the_same_bytes(bake: Bake, baked: Baked, answers: Answers) -> None:
    assert contents(bake(**answers)) == contents(baked(answers))


def test_what_to_do_next_is_told_at_the_end(bake: Bake, capfd: pytest.CaptureFixture[str]) -> None:
    bake(project_name="Team Tools")
    told = capfd.readouterr().out
    assert "cd team-tools" in told
    assert "make dev" in told
    assert "sam deploy --guided" in told


def test_what_every_function_ships_is_pinned_and_nothing_of_it_is_boto3(baked: Baked) -> None:
    lines = (baked(COMBINATIONS[0]) / "src/requirements.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.match(r"[a-z0-9._-]+==\S+", pin) for pin in pins)
    assert not [pin for pin in pins if re.match(r"(aiobotocore|boto3|botocore|awscrt)\b", pin)]


def test_the_files_that_people_edit_stay_short(baked: Baked) -> None:
    project = baked(COMBINATIONS[0])
    for name, most in {"src/server.py": 150, "src/app.py": 40, "README.md": 150}.items():
        assert len((project / name).read_text().splitlines()) < most, name
