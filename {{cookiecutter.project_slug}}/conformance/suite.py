"""The official MCP conformance suite: how it is run, and what it found."""

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.process import kill_group, started

_PACKAGE = Path("@modelcontextprotocol", "conformance")
_OLDEST_NODE = 22
# What the suite writes between the scenarios and its verdict.
_VERDICT = "=== SUMMARY ==="
# The suite names a scenario's folder by it and the time.
_RESULTS = re.compile(r"server-(.+)-\d{4}-\d\d-\d\dT.*")


class SuiteError(Exception):
    """The suite cannot be run; the message says what is missing."""


@dataclass(frozen=True)
class Finding:
    """How one scenario ended: the statuses of its checks, whether all was as expected, and what the suite said."""

    scenario: str
    statuses: frozenset[str]
    as_expected: bool
    words: str = ""

    @property
    def good(self) -> bool:
        """Whether something was checked, and nothing found that nobody expected."""
        return self.as_expected and bool(self.statuses & {"SUCCESS", "FAILURE", "WARNING"})

    @property
    def passed(self) -> bool:
        """Whether it counts as passed, which the suite lets it with a warning too."""
        return self.good and "FAILURE" not in self.statuses

    @property
    def warned(self) -> bool:
        """Whether it passed with a warning."""
        return self.passed and "WARNING" in self.statuses


class Suite:
    """The suite below `modules`, a folder `node_modules`, against the server at `url`, which asks for no credentials.

    `expected` is its file of expected failures; what it writes down goes to `folder`, whose content is deleted.
    """

    def __init__(self, modules: Path, url: str, expected: Path, folder: Path) -> None:
        """Start nothing yet."""
        own = modules / ".bin/node"
        self._node = str(own if own.exists() else shutil.which("node"))
        self._package = modules / _PACKAGE
        self._options = ["--url", url, "--expected-failures", str(expected)]
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    async def described(self) -> str:
        """Return which versions are run. Raises SuiteError if they cannot be."""
        try:
            version = json.loads((self._package / "package.json").read_text(encoding="utf-8"))["version"]
            _, said = await self._run([self._node, "--version"])
        except OSError as error:
            raise SuiteError(f"The conformance suite is not installed: {error}. Use `make conformance`.") from error
        found = re.fullmatch(r"v((\d+)\..*)", said.strip())
        if not found or int(found[2]) < _OLDEST_NODE:
            raise SuiteError(
                f"The conformance suite needs Node {_OLDEST_NODE} or newer, `node` is {said.strip()}, and npm has none "
                "for this machine: install one from https://nodejs.org."
            )
        return f"MCP conformance suite {version}, Node {found[1]}"

    async def scenario(self, name: str, revision: str) -> Finding:
        """Run one scenario as `revision` has it."""
        folder = self._folder / revision / name
        status, words = await self._examined(folder, "--scenario", name, "--spec-version", revision)
        return _finding(name, _checks(folder).get(name, []), status == 0, words)

    async def requirements(self, revision: str) -> tuple[list[Finding], str]:
        """Run what `revision` requires; return the findings that count, and what was not expected in the suite's words.

        Of a single finding the suite does not say so in a way that a program could rely on.
        """
        listed = yaml.safe_load((self._package / "requirements" / f"{revision}.yaml").read_text(encoding="utf-8"))
        folder = self._folder / revision
        status, words = await self._examined(folder, "--requirements", revision)
        checks = _checks(folder)
        findings = [_finding(name, checks.get(name, []), True) for name in listed["server"]]
        return findings, words.partition(_VERDICT)[2] or words if status else ""

    async def _examined(self, folder: Path, *selection: str) -> tuple[int, str]:
        script = str(self._package / "dist/index.js")
        return await self._run([self._node, script, "server", *self._options, "-o", str(folder), *selection])

    async def _run(self, command: Sequence[str]) -> tuple[int, str]:
        process = await started(command, self._folder, os.environ)
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                kill_group(process)
        return process.returncode or 0, output.decode(errors="replace")


def _checks(folder: Path) -> Mapping[str, list[dict[str, Any]]]:
    """Return the checks of each scenario that has written any down."""
    found = {}
    for path in folder.glob("server-*/checks.json"):
        if named := _RESULTS.fullmatch(path.parent.name):
            found[named[1]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _finding(name: str, checks: list[dict[str, Any]], as_expected: bool, words: str = "") -> Finding:
    return Finding(name, frozenset(check["status"] for check in checks), as_expected, words)
