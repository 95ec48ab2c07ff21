"""Serves each JSON-RPC request by a stdio MCP server in a process of its own, for run-mcp's event handlers."""

import logging
import sys
from pathlib import Path
from time import perf_counter

from aws_lambda_powertools.utilities.typing import LambdaContext
from mcp.client.stdio import StdioServerParameters
from mcp.shared.exceptions import McpError
from mcp.types import INTERNAL_ERROR, ErrorData, JSONRPCError, JSONRPCRequest, JSONRPCResponse
from mcp_lambda import StdioServerAdapterRequestHandler

import caller
import client_requests
import telemetry
from child_environment import RefusedSessionError, environment
from child_process import ChildError, ChildProcess, ChildTimeoutError
from child_session import ChildSession

_logger = logging.getLogger(__name__)
_ENTRY_POINT = Path(__file__).with_name("stdio_main.py")
# What is left of the function's time when a child is stopped: enough to kill it and to say so.
_FAREWELL_SECONDS = 1.0


class StdioChild(StdioServerAdapterRequestHandler):
    """Answers a request by a new child process, on behalf of `caller.current()`; made once, at init.

    Args:
        entry_point: The Python file that serves MCP over stdio.
    """

    def __init__(self, entry_point: Path = _ENTRY_POINT) -> None:
        super().__init__(
            StdioServerParameters(command=sys.executable, args=[str(entry_point)], cwd=str(entry_point.parent))
        )
        self._folder = entry_point.parent
        self._tools: set[str] = set()

    def handle_request(self, request: JSONRPCRequest, context: LambdaContext) -> JSONRPCResponse | JSONRPCError:
        """Return the child's answer, or an error that says what happened to the child; record it. Never raises.

        Overridden because the inherited method waits for ever on a child that hangs, replaces every error of the child
        by code 500, and logs what the child said.

        Args:
            request: Any JSON-RPC request.
            context: The invocation's context; its remaining time bounds the call.
        """
        started = perf_counter()
        answer, outcome = self._serve(request, context.get_remaining_time_in_millis() / 1000 - _FAREWELL_SECONDS)
        self._learn(request, answer)
        duration_ms = (perf_counter() - started) * 1000
        telemetry.record(request.method, self._tool(request), request.id, outcome, duration_ms)
        return answer

    def _serve(self, request: JSONRPCRequest, seconds: float) -> tuple[JSONRPCResponse | JSONRPCError, str]:
        try:
            client_requests.check(request)
            answer = self._ask(request, seconds)
        except McpError as refused:
            answer = JSONRPCError(jsonrpc="2.0", id=request.id, error=refused.error)
        except ChildError as failure:
            if not isinstance(failure, RefusedSessionError):
                # That one has a line already, which says no more than may be said.
                _logger.warning("%s: %s", failure.outcome, failure)
            return _failed(request, str(failure)), failure.outcome
        if isinstance(answer, JSONRPCError):
            return answer, f"protocol_error {answer.error.code}"
        return answer, "tool_error" if answer.result.get("isError") else "ok"

    def _ask(self, request: JSONRPCRequest, seconds: float) -> JSONRPCResponse | JSONRPCError:
        if seconds <= 0:
            raise ChildTimeoutError("The function had no time left for this call. Retry once.")
        command = [self.server_params.command, *self.server_params.args]
        variables = environment(caller.current(), request.method, seconds)
        with ChildProcess(command, self._folder, variables, seconds) as child:
            return ChildSession(child).answer(request)

    def _learn(self, request: JSONRPCRequest, answer: JSONRPCResponse | JSONRPCError) -> None:
        """Note which tools there are: a name that a caller made up must not become a metric's dimension."""
        if isinstance(answer, JSONRPCError) or answer.result.get("isError"):
            return
        if request.method == "tools/call":
            self._tools.add((request.params or {})["name"])
        elif request.method == "tools/list":
            tools = answer.result.get("tools")
            self._tools.update(
                name
                for tool in (tools if isinstance(tools, list) else [])
                if isinstance(tool, dict) and isinstance(name := tool.get("name"), str)
            )

    def _tool(self, request: JSONRPCRequest) -> str | None:
        if request.method != "tools/call":
            return None
        name = (request.params or {}).get("name")
        return name if isinstance(name, str) and name in self._tools else telemetry.UNKNOWN_TOOL


def _failed(request: JSONRPCRequest, message: str) -> JSONRPCResponse | JSONRPCError:
    if request.method == "tools/call":
        result = {"content": [{"type": "text", "text": message}], "isError": True}
        return JSONRPCResponse(jsonrpc="2.0", id=request.id, result=result)
    return JSONRPCError(jsonrpc="2.0", id=request.id, error=ErrorData(code=INTERNAL_ERROR, message=message))
