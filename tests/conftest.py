"""Bakes projects the way a user does, from nothing but the files that git tracks."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cookiecutter.main import cookiecutter
from jinja2 import Environment

from variants import COMBINATIONS, QUESTIONS, REFUSED, ROOT, TEMPLATES, Answers, sources

Bake = Callable[..., Path]

# Byte code beside the template's sources would be baked by whoever generates a project from this folder.
sys.dont_write_bytecode = True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much there was to render, for a reader of the log."""
    terminalreporter.write_line(
        f"{len(COMBINATIONS)} combinations of answers, {len(TEMPLATES)} distinct template.yaml but for Python and "
        f"processor, {len(REFUSED)} combinations refused"
    )


@pytest.fixture(scope="session", autouse=True)
def a_machine_without_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep every test from the credentials, settings and replay files of whoever runs it."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("SAM_CLI_TELEMETRY", "0")
        patch.setenv("COOKIECUTTER_CONFIG", str(home / "none"))
        patch.delenv("VIRTUAL_ENV", raising=False)
        (home / "none").write_text(f"replay_dir: {home / 'replay'}\ncookiecutters_dir: {home / 'templates'}\n")
        yield


@pytest.fixture(scope="session", autouse=True)
def each_text_is_compiled_once() -> Iterator[None]:
    """Keep what Jinja makes of a text: every project is made of the same ones, and compiling was most of a bake."""
    compile_anew = Environment.compile
    known: dict[tuple[Any, ...], Any] = {}

    def compile_once(environment: Environment, *text: Any) -> Any:
        # Environments of one syntax share their lexer.
        key = (environment.lexer, *text)
        if key not in known:
            known[key] = compile_anew(environment, *text)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", compile_once)
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository without what git ignores: caches beside the sources would be baked too."""
    copy = tmp_path_factory.mktemp("template")
    for path in sources():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, copy / path)
    return copy


@pytest.fixture(scope="session")
def bake(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Bake:
    """Return a function that generates a project from answers and returns its folder.

    Raises:
        AssertionError: If an answer is to no question; cookiecutter would ignore it, and the test would check nothing.
    """

    # Always in the same place, because to Jinja the path of each file is a text too.
    oven = tmp_path_factory.mktemp("oven")

    def generate(**answers: str) -> Path:
        unknown = set(answers) - set(QUESTIONS)
        assert not unknown, f"no such question: {unknown}"
        project = Path(cookiecutter(str(template), no_input=True, extra_context=answers, output_dir=str(oven)))
        return project.rename(tmp_path_factory.mktemp("baked") / project.name)

    return generate


@pytest.fixture(scope="session")
def baked(bake: Bake) -> Callable[[Answers], Path]:
    """Return a function that generates each combination once; its tests only read."""
    projects: dict[tuple[str, ...], Path] = {}

    def once(answers: Answers) -> Path:
        key = tuple(answers.values())
        if key not in projects:
            projects[key] = bake(**answers)
        return projects[key]

    return once
