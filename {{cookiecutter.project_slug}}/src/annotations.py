"""Tool annotations: what a client may assume about a tool before it lets a model call it."""

from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types import ToolAnnotations

READ_ONLY = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

# The defaults of the specification (schema, ToolAnnotations), said aloud: not every client assumes the worst.
_ASSUME_THE_WORST = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False, "openWorldHint": True}


async def explicit_annotations(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware: list every tool that carries no annotation as one that destroys."""
    result = await call_next(ctx)
    if ctx.method == "tools/list" and isinstance(result, dict):
        for tool in result["tools"]:
            tool["annotations"] = _ASSUME_THE_WORST | (tool.get("annotations") or {})
    return result
