"""What an operator sees of each call: one structured log line, and metrics by tool. Never arguments, never results."""

import logging
from time import perf_counter
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

import caller

logger = Logger()
metrics = Metrics()

# At INFO the MCP SDK writes the text of failed results, which can quote what a caller sent, and botocore mere noise.
for _library in ("mcp", "botocore"):
    logging.getLogger(_library).setLevel(logging.WARNING)

# A caller chooses these texts; no honest one is longer.
_LONGEST_TEXT = 128


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
            duration_ms = round((perf_counter() - started) * 1000, 2)
            tool = await self._tool(ctx)
            _write_line(ctx, tool, outcome, duration_ms)
            if tool:
                _write_metrics(tool, outcome, duration_ms)

    async def _tool(self, ctx: ServerRequestContext[Any, Any]) -> str | None:
        if ctx.method != "tools/call" or not ctx.params:
            return None
        if self._tools is None:
            self._tools = frozenset(tool.name for tool in await self._server.list_tools())
        # Every value of a metric's dimension is billed, so a made-up name must not become one.
        return name if (name := ctx.params.get("name")) in self._tools else "unknown"


def _write_line(ctx: ServerRequestContext[Any, Any], tool: str | None, outcome: str, duration_ms: float) -> None:
    who = caller.current()
    logger.info(
        "mcp call",
        method=ctx.method[:_LONGEST_TEXT],
        tool=tool,
        jsonrpc_id=None if ctx.request_id is None else str(ctx.request_id)[:_LONGEST_TEXT],
        sub=who.subject,
        client_id=who.client_id,
        outcome=outcome,
        duration_ms=duration_ms,
    )


def _write_metrics(tool: str, outcome: str, duration_ms: float) -> None:
    metrics.add_dimension("tool", tool)
    metrics.add_metric("Calls", MetricUnit.Count, 1)
    metrics.add_metric("Errors", MetricUnit.Count, int(outcome != "ok"))
    metrics.add_metric("Duration", MetricUnit.Milliseconds, duration_ms)
    metrics.flush_metrics()
