"""Projects as users generate and build them, and their functions as the template declares them."""

import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from cookiecutter.main import cookiecutter

from benchmarks.emulator import Function
from local.layers import command
from local.template import Resource, Stack, load
from local.variables import defined
from variants import ROOT, Answers
from workshop import ARCHITECTURE, Workshop

PYTHON = "3.13"
BUILD = ROOT / "build/benchmark"
HANDLERS = Path(__file__).with_name("handlers")
HANDLER = "app.lambda_handler"
UV = Path(sys.executable).with_name("uv")
# A process for each call, without byte code, is slow on a machine that does something else too.
_FOREIGN_SECONDS = 120
# /var/task is read-only on AWS, and a stdio server is started without the variable that would say so.
_READ_ONLY_TASK = "import sys\n\nsys.dont_write_bytecode = True\n"


class NoPythonError(Exception):
    """The Python that the figures are for is not on this machine."""


@dataclass(frozen=True)
class Project:
    """A project that `make build` has built, and the interpreter that its functions run on."""

    folder: Path
    stack: Stack
    runtime: Path

    @property
    def server(self) -> Resource:
        """The function that serves MCP."""
        return self.stack.resources["McpFunction"]

    @property
    def host(self) -> str:
        """The host name that clients call it by."""
        url = str(self.server.properties["Environment"]["Variables"]["MCP_URL"])
        return url.split("/")[2]

    def function(self, name: str = "McpFunction") -> Function:
        """Return a function as the template declares it."""
        resource, code = self.stack.resources[name], self.stack.code[name]
        return _function(resource, code, self.runtime)

    def foreign(self, code: Path) -> Function:
        """Return a function of other code: it has the server's memory, none of its variables, and time enough."""
        changed = {"Handler": HANDLER, "Environment": {}, "Layers": [], "Timeout": _FOREIGN_SECONDS}
        properties = {**self.server.properties, **changed}
        return _function(replace(self.server, properties=properties), code, self.runtime)


def _function(resource: Resource, code: Path, runtime: Path) -> Function:
    return Function(
        code, command(resource, code, runtime), defined(resource, code, runtime), int(resource.properties["Timeout"])
    )


def built(name: str, answers: Answers, server: Path | None = None) -> Project:
    """Generate and build a project for this machine, with the module `server` in the place of its samples.

    Raises:
        NoPythonError: If there is no PYTHON.
    """
    output = BUILD / name
    shutil.rmtree(output, ignore_errors=True)
    chosen = {"architecture": ARCHITECTURE, "python_version": PYTHON, **answers}
    folder = Path(cookiecutter(str(ROOT), no_input=True, extra_context=chosen, output_dir=str(output)))
    if server:
        shutil.copy(server, folder / "src/server.py")
    workshop = Workshop(folder, PYTHON)
    if workshop.version != PYTHON:
        raise NoPythonError(f"The figures are for Python {PYTHON}, and there is none on this machine.")
    workshop.make("build")
    return Project(folder, load(folder / ".aws-sam/build/template.yaml"), _runtime(folder, workshop.python))


def installed(name: str, runtime: Path) -> Path:
    """Return a folder with the handler `name`, and what it requires, as pip leaves it: without byte code."""
    folder = BUILD / "others" / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HANDLERS / name, folder)
    if (folder / "requirements.txt").exists():
        _uv("pip", "install", "--python", runtime, "--target", folder, "--requirement", folder / "requirements.txt")
    return folder


def _runtime(project: Path, python: Path) -> Path:
    """Return an interpreter with what a generated project says that Lambda's runtime has."""
    folder = BUILD / "runtime"
    requirements = tomllib.loads((project / "pyproject.toml").read_text())["dependency-groups"]["runtime"]
    ready = folder / ".ready"
    if not ready.exists() or ready.read_text() != repr(requirements):
        _uv("venv", "--clear", "--python", python, folder)
        _uv("pip", "install", "--compile-bytecode", "--python", folder / "bin/python", *requirements)
        (folder / f"lib/python{PYTHON}/site-packages/sitecustomize.py").write_text(_READ_ONLY_TASK)
        ready.write_text(repr(requirements))
    return folder / "bin/python"


def _uv(*arguments: str | Path) -> None:
    subprocess.run([UV, "--quiet", *arguments], check=True)  # noqa: S603 - nothing from outside
