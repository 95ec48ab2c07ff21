"""What generated projects are built and run with: interpreters, and environments that all of them share."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from variants import ROOT

ARCHITECTURE = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"


def interpreter(version: str) -> str:
    """Return a Python of that minor version, or the one that runs the tests where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path(shutil.which("pyenv") or "/none").resolve().parent.parent))
    candidates = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"versions/{version}.*/bin/python"))]
    for candidate in filter(None, candidates):
        # A shim of pyenv is on the PATH whether or not it works.
        done = subprocess.run([str(candidate), "--version"], capture_output=True, text=True, check=False)
        if done.returncode == 0 and f" {version}." in done.stdout:
            return str(candidate)
    return sys.executable


class Workshop:
    """Runs the targets of a generated project's Makefile with the environments that this repository keeps."""

    def __init__(self, project: Path, python_version: str) -> None:
        self.project = project
        self.python = interpreter(python_version)
        self.is_target = self.python != sys.executable or sys.version.startswith(f"{python_version}.")
        major, minor = python_version.split(".")
        self._wanted = (int(major), int(minor))
        base = ROOT / ".tools" / Path(self.python).resolve().parent.parent.name
        self.venv, self.tools = base / "venv", base / "tools"

    @property
    def version(self) -> tuple[int, int]:
        """Major and minor version of the interpreter."""
        return (sys.version_info[0], sys.version_info[1]) if not self.is_target else self._wanted

    def make(self, *targets: str, **variables: str) -> str:
        """Run make and return what it printed.

        Raises:
            AssertionError: With the output, if make fails.
        """
        # Every project has the same dependencies; one that is only younger needs no new installation.
        for ready in (self.venv / ".ready", *self.tools.glob("*/.ready")):
            if ready.exists():
                ready.touch()
        settings = {"VENV": str(self.venv), "TOOLS": str(self.tools), "PYTHON": self.python} | variables
        command = ["make", "--no-print-directory", *targets, *(f"{name}={value}" for name, value in settings.items())]
        done = subprocess.run(command, cwd=self.project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr
