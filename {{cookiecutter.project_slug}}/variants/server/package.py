"""The MCP server: the PyPI package named by STDIO_PACKAGE, which serves over stdio as it is.

To give it arguments, as you would on its command line, write them into ARGUMENTS. The function's own settings are not
passed on to it: to give it a variable such as an API key, add the name in child_environment.py.
"""

import asyncio
import inspect
import os
import re
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Any

ARGUMENTS: list[str] = []


class NoServerError(Exception):
    """There is no command to run; the text says why."""


class PackagedServer:
    """A command that a package installs, run in this process: a zip keeps no script that the system could start."""

    def __init__(self, name: str, main: Callable[[], Any]) -> None:
        self._name = name
        self._main = main

    def run(self, transport: str) -> None:
        """Run the command as `transport`, which is "stdio", until it ends; exit with its status as the command would.

        Raises:
            SystemExit: At its end.
            ValueError: For another transport.
        """
        if transport != "stdio":
            raise ValueError(f"A package serves over stdio, not over {transport}.")
        sys.argv = [self._name, *ARGUMENTS]
        status = self._main()
        sys.exit(asyncio.run(status) if inspect.iscoroutine(status) else status)


def build_server() -> PackagedServer:
    """Import and return what STDIO_PACKAGE names: a requirement such as `mcp-server-time` or `name[extra]==1.2.3`.

    Raises:
        NoServerError: If the package is not installed, or does not say which of its commands is the server.
    """
    name = re.split(r"[^A-Za-z0-9._-]", os.environ["STDIO_PACKAGE"].strip(), maxsplit=1)[0]
    try:
        entry_points = metadata.distribution(name).entry_points
    except (metadata.PackageNotFoundError, ValueError):
        raise NoServerError(f"{name!r} is not installed: add it to requirements.in, then `make requirements`") from None
    commands = list(entry_points.select(group="console_scripts"))
    own = [command for command in commands if _normalized(command.name) == _normalized(name)]
    if len(own or commands) != 1:
        listed = ", ".join(sorted(command.name for command in commands)) or "none"
        raise NoServerError(f"{name} must install one command, or one of its own name. It installs: {listed}.")
    command = (own or commands)[0]
    return PackagedServer(command.name, command.load())


def _normalized(name: str) -> str:
    """Return the name as PyPI compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()
