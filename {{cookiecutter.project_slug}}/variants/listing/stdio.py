"""Asks the server for its tools, as a child process that speaks over stdio: the way in which the function runs it."""

import os
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

import anyio
from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import PaginatedRequestParams

_SOURCES = Path(__file__).resolve().parent.parent / "src"

# Far longer than a server takes to start; one that never answers is not to hang the command.
_PATIENCE = timedelta(seconds=60)


def tools() -> list[dict[str, Any]]:
    """Return the server's tools as `tools/list` sends them, page by page, in its order.

    Raises:
        RuntimeError: If the server does not start or does not answer; the message ends with what it wrote to stderr.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as stderr:
        try:
            return anyio.run(_tools, stderr)
        # The SDK's task groups wrap what goes wrong inside them.
        except (ExceptionGroup, McpError, OSError) as error:
            stderr.seek(0)
            said = stderr.read().strip() or "It wrote nothing to stderr."
            raise RuntimeError(
                f"src/server.py did not answer over stdio; `{Path(sys.executable).name} stdio_main.py` in src starts "
                f"it ({_reason(error)}).\n{said}"
            ) from None


async def _tools(stderr: TextIO) -> list[dict[str, Any]]:
    child = StdioServerParameters(command=sys.executable, args=["stdio_main.py"], cwd=_SOURCES, env=dict(os.environ))
    found: list[dict[str, Any]] = []
    async with (
        stdio_client(child, errlog=stderr) as (read, write),
        ClientSession(read, write, read_timeout_seconds=_PATIENCE) as session,
    ):
        await session.initialize()
        cursor: str | None = None
        while True:
            page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor))
            found.extend(tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in page.tools)
            cursor = page.nextCursor
            if cursor is None:
                return found


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
