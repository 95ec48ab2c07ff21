"""What generated projects are built and run with: interpreters, and environments that all of them share."""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from variants import ROOT

ARCHITECTURE = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
HERE = "{}.{}".format(*sys.version_info)
# Where environments are made: where they stay, as their scripts name it.
_TOOLS = (ROOT / ".tools").resolve()


def environment() -> dict[str, str]:
    """Return the environment of what a generated project runs.

    Only beside the template's own sources does byte code do harm; without it the project's tools start slowly.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def interpreter(version: str) -> Path | None:
    """Return a Python of that minor version, from the PATH or from pyenv, or None if this machine has none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path(shutil.which("pyenv") or "/none").resolve().parent.parent))
    candidates = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"versions/{version}.*/bin/python"))]
    for candidate in map(str, filter(None, candidates)):
        # A shim of pyenv is on the PATH whether or not it works.
        done = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        if done.returncode == 0 and f" {version}." in done.stdout:
            return Path(candidate)
    return None


def installed(name: str, source: Path, install: Callable[[Path], object]) -> Path:
    """Return a folder below .tools with the files of `source`, where `install` has run once for these package files."""
    wanted = [path.read_bytes() for path in sorted(source.glob("package*.json"))]
    folder = _TOOLS / f"{name}-{_digest(wanted)}"
    with _held(folder) as ready:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        if not ready.exists():
            install(folder)
            ready.touch()
    return folder


def apart(name: str, *wanted: str) -> Path:
    """Return the Python of an environment of its own below .tools, for packages whose pins suit nothing else here."""
    folder = _TOOLS / name
    python, uv = folder / "bin/python", Path(sys.executable).with_name("uv")
    with _held(folder) as ready:
        if not ready.exists() or ready.read_text().splitlines() != list(wanted):
            commands: list[list[str | Path]] = [
                [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder],
                [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *wanted],
            ]
            for command in commands:
                subprocess.run(command, check=True)
            ready.write_text("\n".join(wanted))
    return python


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[Path]:
    """Keep a folder from the other processes of the tests; yield the mark that it is ready."""
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder / ".ready"


class Workshop:
    """Runs the targets of a generated project's Makefile with environments that this repository keeps.

    `version` is the minor version of the Python that it uses: the functions' own, or else that of the tests.
    """

    def __init__(self, project: Path, python_version: str) -> None:
        self.project = project
        found = interpreter(python_version)
        self.python, self.version = (found, python_version) if found else (Path(sys.executable), HERE)
        groups = tomllib.loads((project / "pyproject.toml").read_text())["dependency-groups"]
        requirements = (project / "src/requirements.txt").read_text()
        self._base = _TOOLS / f"python{self.version}"
        # By what is in them, so that none is made anew while a project that is being served uses it.
        self.venv = self._base / f"venv-{_digest(groups.pop('dev'), requirements)}"
        self.tools = self._base / f"tools-{_digest(groups)}"
        # What mypy learns of the libraries is kept for the next project that has the same ones, for each process of the
        # tests by itself, because no two of mypy may write into one cache.
        self._mypy = self.venv / "mypy" / os.environ.get("PYTEST_XDIST_WORKER", "alone")

    def make(self, *targets: str) -> str:
        """Run make and return what it printed.

        Raises:
            AssertionError: With the output, if make fails.
        """
        self._base.mkdir(parents=True, exist_ok=True)
        with (self._base / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for ready in (self.venv / ".ready", *sorted(self.tools.glob("*/.ready"))):
                if ready.exists():
                    # The project is only younger than what was installed for one like it.
                    ready.touch()
            self._make("setup")
        return self._make(*targets)

    def _make(self, *targets: str) -> str:
        settings = {"VENV": self.venv, "TOOLS": self.tools, "PYTHON": self.python}
        command = ["make", "--no-print-directory", *targets, *(f"{name}={value}" for name, value in settings.items())]
        variables = {**environment(), "MYPY_CACHE_DIR": str(self._mypy)}
        done = subprocess.run(command, cwd=self.project, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def _digest(*needed: object) -> str:
    return hashlib.sha256(repr(needed).encode()).hexdigest()[:12]
