"""Holds callers to the scopes of a stdio server's tools, before a process is started for them."""

from aws_lambda_powertools.utilities.typing import LambdaContext
from mcp.types import JSONRPCError, JSONRPCRequest, JSONRPCResponse
from mcp_lambda import RequestHandler

import telemetry
import tool_scopes


class ScopedChild(RequestHandler):
    """Answers a call whose scope the caller lacks by itself, and hands every other request on; made once, at init.

    Which tools a server has is known to itself alone, so that a name in ToolScopes that is no tool goes unnoticed.

    Args:
        child: What serves requests, such as a `StdioChild`.
    """

    def __init__(self, child: RequestHandler) -> None:
        self._child = child

    def handle_request(self, request: JSONRPCRequest, context: LambdaContext) -> JSONRPCResponse | JSONRPCError:
        """Return the child's answer, or a result that says which scope is missing. Never raises."""
        tool = (request.params or {}).get("name") if request.method == "tools/call" else None
        refusal = tool_scopes.refusal(tool)
        if refusal is None:
            return self._child.handle_request(request, context)
        telemetry.record(request.method, tool, request.id, "tool_error", 0)
        result = {"content": [{"type": "text", "text": refusal}], "isError": True}
        return JSONRPCResponse(jsonrpc="2.0", id=request.id, result=result)
