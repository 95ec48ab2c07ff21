"""A client of a server in memory; answers are as they go over the wire."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from mcp.types import ResourceTemplateReference

from memory import Refused, session
from sdk import MCPServer

__all__ = ["Connected", "Refused", "connected"]


class OnProgress(Protocol):
    """Hears of a tool's progress."""

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None: ...


def _wire(result: Any) -> dict[str, Any]:
    wire: dict[str, Any] = result.model_dump(by_alias=True, mode="json", exclude_none=True)
    return wire


class Connected:
    """What the tests ask of a server, through a session of either line of the SDK."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def tools(self) -> list[dict[str, Any]]:
        return [_wire(tool) for tool in (await self._session.list_tools()).tools]

    async def call(self, tool: str, on_progress: OnProgress | None = None, **arguments: Any) -> dict[str, Any]:
        return _wire(await self._session.call_tool(tool, arguments, progress_callback=on_progress))

    async def read(self, uri: str) -> str:
        return str(_wire(await self._session.read_resource(uri))["contents"][0]["text"])

    async def complete(self, uri: str, argument: str, begun: str) -> list[str]:
        reference = ResourceTemplateReference(type="ref/resource", uri=uri)
        completed = _wire(await self._session.complete(reference, {"name": argument, "value": begun}))
        values: list[str] = completed["completion"]["values"]
        return values

    async def prompt(self, name: str, **arguments: str) -> str:
        return str(_wire(await self._session.get_prompt(name, arguments))["messages"][0]["content"]["text"])


@asynccontextmanager
async def connected(server: MCPServer) -> AsyncIterator[Connected]:
    """Connect to `server` until the block ends."""
    async with session(server) as entered:
        yield Connected(entered)
