"""The MCP SDK that the server is built on, its 1.x line, and what every server here has of it."""

import logging
import os
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from mcp.server import fastmcp
from mcp.server.fastmcp.exceptions import ResourceError, ToolError
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.session import ServerSession
from mcp.shared.exceptions import McpError
from mcp.types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    ContentBlock,
    ErrorData,
    PromptReference,
    ResourceTemplateReference,
    Tool,
    ToolAnnotations,
)
from pydantic import AnyUrl, ValidationError

import annotations

__all__ = [
    "READ_ONLY",
    "Completion",
    "CompletionArgument",
    "CompletionContext",
    "Context",
    "MCPServer",
    "PromptReference",
    "ResourceError",
    "ResourceNotFoundError",
    "ResourceTemplateReference",
    "ToolAnnotations",
    "new_server",
]

Context: TypeAlias = fastmcp.Context[ServerSession, None, Any]

READ_ONLY = ToolAnnotations.model_validate(annotations.READ_ONLY)

# Specification 2025-11-25, "Resources", error handling.
_RESOURCE_NOT_FOUND = -32002
# What the SDK itself gives every other exception.
_RESOURCE_ERROR = 0
# What says what is wrong with a call.
_FOR_THE_MODEL = (McpError, ResourceError, ToolError, ValidationError)
_logger = logging.getLogger(__name__)


class ResourceNotFoundError(ResourceError):
    """A resource, or what it would show, does not exist."""


class MCPServer(fastmcp.FastMCP[None]):
    """A server that says of each tool what it may do, and of each resource why it cannot be read."""

    async def list_tools(self) -> list[Tool]:
        """Return the tools; one that carries no annotation is listed as one that destroys."""
        tools = await super().list_tools()
        for tool in tools:
            known = tool.annotations.model_dump(exclude_none=True) if tool.annotations else {}
            tool.annotations = ToolAnnotations.model_validate(annotations.ASSUMED | known)
        return tools

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Sequence[ContentBlock] | dict[str, Any]:
        """Return what a tool answers.

        Raises:
            ToolError: With the text of an error that is for the model to read. That of any other exception, which the
                SDK would pass on, goes to the log, as it does with the SDK's 2.x line.
        """
        try:
            return await super().call_tool(name, arguments)
        except ToolError as error:
            if error.__cause__ is None or isinstance(error.__cause__, _FOR_THE_MODEL):
                raise
            _logger.error("Tool %r raised an unexpected exception", name, exc_info=error.__cause__)  # noqa: TRY400
            raise ToolError(f"Error executing tool {name}") from None

    async def read_resource(self, uri: AnyUrl | str) -> Iterable[ReadResourceContents]:
        """Return what a resource holds.

        Raises:
            McpError: With the text of the `ResourceError` that was raised, where the SDK would bury it in its own.
        """
        try:
            return await super().read_resource(uri)
        except Exception as error:
            cause: BaseException | None = error
            while cause and not isinstance(cause, ResourceError):
                cause = cause.__context__
            code = _RESOURCE_NOT_FOUND if isinstance(cause, ResourceNotFoundError) else _RESOURCE_ERROR
            raise McpError(ErrorData(code=code, message=str(cause or error))) from error


def new_server(version: str, instructions: str) -> MCPServer:
    """Return a server without tools, which says of each tool what it may do."""
    # Before the SDK does so, whose handler breaks lines into the columns of a terminal.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    server = MCPServer(
        name=os.environ.get("POWERTOOLS_SERVICE_NAME", "mcp-server"), instructions=instructions, log_level="WARNING"
    )
    # FastMCP takes no version, and would tell the client the SDK's.
    server._mcp_server.version = version
    # At ERROR the SDK writes what a caller asked for, with the traceback of the answer.
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    return server
