"""Holds callers to the scopes of the server's tools."""

import logging
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp_types import CallToolResult, TextContent

import tool_scopes

_logger = logging.getLogger(__name__)
_MISSPELT = "The operator of this server has misspelt a tool's name in ToolScopes; its log says which. Do not retry."


class ScopeGuard:
    """Middleware: calls no tool whose scope the caller lacks, and none at all while ToolScopes names one in vain."""

    def __init__(self, server: MCPServer) -> None:
        self._server = server
        self._unknown: set[str] | None = None

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Serve one message; a call without the scope is a result with `isError` that says what is missing."""
        if ctx.method != "tools/call" or not tool_scopes.NEEDED:
            return await call_next(ctx)
        if self._unknown is None:
            self._unknown = tool_scopes.NEEDED.keys() - {tool.name for tool in await self._server.list_tools()}
        if self._unknown:
            # A misspelt name would leave the tool that was meant open to everybody.
            _logger.error("ToolScopes names what is no tool of this server: %s", ", ".join(sorted(self._unknown)))
            return _error(_MISSPELT)
        refusal = tool_scopes.refusal((ctx.params or {}).get("name"))
        return _error(refusal) if refusal else await call_next(ctx)


def _error(text: str) -> dict[str, Any]:
    result = CallToolResult(content=[TextContent(text=text)], is_error=True)
    return result.model_dump(by_alias=True, mode="json", exclude_none=True)
