"""Records each message that reaches the server: its log line, and the metrics of a tool."""

from time import perf_counter
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

import telemetry


class CallRecorder:
    """Middleware: writes a line for each message that reaches the server, and metrics for each call of a tool."""

    def __init__(self, server: MCPServer) -> None:
        self._server = server
        self._tools: frozenset[str] | None = None

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Serve the message, then record it; what the rest of the chain raises passes through."""
        started = perf_counter()
        outcome = "cancelled"
        try:
            result = await call_next(ctx)
            outcome = "tool_error" if isinstance(result, dict) and result.get("isError") else "ok"
        except MCPError as error:
            outcome = f"protocol_error {error.code}"
            raise
        except ValidationError:
            outcome = "invalid_params"
            raise
        except Exception:
            outcome = "crashed"
            raise
        else:
            return result
        finally:
            duration_ms = (perf_counter() - started) * 1000
            telemetry.record(ctx.method, await self._tool(ctx), ctx.request_id, outcome, duration_ms)

    async def _tool(self, ctx: ServerRequestContext[Any, Any]) -> str | None:
        if ctx.method != "tools/call" or not ctx.params:
            return None
        if self._tools is None:
            self._tools = frozenset(tool.name for tool in await self._server.list_tools())
        return name if (name := ctx.params.get("name")) in self._tools else telemetry.UNKNOWN_TOOL
