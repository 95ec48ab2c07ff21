"""The MCP SDK that the server is built on, its 2.x line, and what every server here has of it."""

import json
import os
from typing import Any, cast

from mcp.server.caching import CacheHint
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp_types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
    ToolAnnotations,
)

import annotations
from recorder import CallRecorder

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

READ_ONLY = ToolAnnotations.model_validate(annotations.READ_ONLY)

# The lists are the same for every caller and change only with a deployment; what a resource says is the caller's.
_LISTS = CacheHint(ttl_ms=300_000, scope="public")
_CONTENT = CacheHint(ttl_ms=60_000, scope="private")


def new_server(version: str, instructions: str) -> MCPServer:
    """Return a server without tools, which records its calls and says of each tool what it may do."""
    server = MCPServer(
        name=os.environ.get("POWERTOOLS_SERVICE_NAME", "mcp-server"),
        title=os.environ.get("SERVER_TITLE"),
        version=version,
        instructions=instructions,
        # A subscription would hold an invocation, and its bill, until the function times out.
        subscriptions=False,
        cache_hints={
            "server/discover": _LISTS,
            "tools/list": _LISTS,
            "prompts/list": _LISTS,
            "resources/list": _LISTS,
            "resources/templates/list": _LISTS,
            "resources/read": _CONTENT,
        },
    )
    server.middleware.extend([CallRecorder(server), _explicit_annotations, _in_unicode])
    return server


async def _explicit_annotations(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware: list every tool that carries no annotation as one that destroys."""
    result = await call_next(ctx)
    if ctx.method == "tools/list" and isinstance(result, dict):
        for tool in result["tools"]:
            tool["annotations"] = annotations.ASSUMED | (tool.get("annotations") or {})
    return result


async def _in_unicode(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware: put a question mark in the place of half of a surrogate pair, which no UTF-8 can hold.

    AWS's JSON can have one, where a text was cut. The SDK would drop the answer, or Lambda's runtime client end on it.
    """
    result = await call_next(ctx)
    text = json.dumps(result, ensure_ascii=False, default=str)
    try:
        text.encode()
    except UnicodeEncodeError:
        return cast("HandlerResult", json.loads(text.encode(errors="replace")))
    return result
