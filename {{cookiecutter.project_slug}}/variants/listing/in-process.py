"""Asks the server for its tools, in this process."""

from typing import Any

import anyio
from mcp import Client


def tools() -> list[dict[str, Any]]:
    """Return the server's tools as `tools/list` sends them, page by page, in its order.

    Raises:
        RuntimeError: If the server cannot be imported or built, or does not answer.
    """
    try:
        return anyio.run(_tools)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "server":
            raise RuntimeError("There is no src/server.py on the path: run `make schema` in the project.") from None
        reason = f"{type(error).__name__}: {error}"
        raise RuntimeError(f"The server in src/server.py could not be asked for its tools ({reason}).") from error


async def _tools() -> list[dict[str, Any]]:
    # Here, so that a server that cannot be imported is explained like one that cannot be built.
    from server import build_server  # noqa: PLC0415

    found: list[dict[str, Any]] = []
    async with Client(build_server()) as client:
        cursor: str | None = None
        while True:
            page = await client.list_tools(cursor=cursor)
            found.extend(tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in page.tools)
            cursor = page.next_cursor
            if cursor is None:
                return found
