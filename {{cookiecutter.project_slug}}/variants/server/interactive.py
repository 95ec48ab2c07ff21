"""The MCP server: tools that remember, and tools that ask back, beside those of read_only.py. This is a file to edit.

A tool that asks back ends its call with a question, and is called again with the answer, maybe in another execution
environment: whatever comes before the answer runs again. It asks on MCP 2026-07-28 and later; to earlier clients, whom
a server without sessions cannot ask, asking.py tells the way out.
"""

from typing import Annotated, Literal

import anyio.to_thread
from mcp.server.mcpserver.resolve import AcceptedElicitation, Elicit, ElicitationResult, ListRoots, Resolve
from mcp_types import CreateMessageRequest, CreateMessageResult, InputRequiredResult, ListRootsResult, ToolAnnotations
from pydantic import BaseModel, Field

import account
import asking
import audit
import changes
import counter
import excerpt
import inventory
import logs
import read_only
import request_state
import roots
from read_only import VERSION
from sdk import READ_ONLY, Context, MCPServer, ResourceError

__all__ = ["VERSION", "build_server"]

_CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)
_OUTCOMES: dict[str, Literal["declined", "cancelled"]] = {"decline": "declined", "cancel": "cancelled"}


class Confirmation(BaseModel):
    """The form that the user fills in to confirm a change."""

    reason: str = Field(min_length=3, max_length=200, description="Why; this goes into the audit log")


class RuntimeUpdate(BaseModel):
    """How the change of a runtime ended."""

    outcome: Literal["changed", "declined", "cancelled"] = Field(description="declined and cancelled are the user's")
    function: str
    runtime: str = Field(description="The one that it has now")


def build_server() -> MCPServer:
    """Return a new server with everything registered, for the Lambda function and for tests alike."""
    server = read_only.build_server()
    request_state.share(server)
    counter.add(server)
    _add_tools(server)
    return server


def _planned(ctx: Context, function: str, runtime: str) -> changes.RuntimeChange:
    asking.require(ctx, "elicitation", "Tell the user to change it with `aws lambda update-function-configuration`.")
    return changes.planned(function, runtime)


def _confirm(change: Annotated[changes.RuntimeChange, Resolve(_planned)]) -> Elicit[Confirmation]:
    return Elicit(f"Change the runtime of {change.function} from {change.before} to {change.after}?", Confirmation)


def _roots(ctx: Context) -> ListRoots:
    asking.require(ctx, "roots", "Call list_lambda_functions and write the file yourself.")
    return ListRoots()


def _add_tools(server: MCPServer) -> None:
    @server.tool(title="Change a function's runtime", annotations=_CHANGES)
    def update_function_runtime(
        function: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Its name, not its ARN")],
        runtime: Annotated[str, Field(pattern=r"^[a-z0-9.]{1,32}$", description="The new one, such as python3.13")],
        change: Annotated[changes.RuntimeChange, Resolve(_planned)],
        answer: Annotated[ElicitationResult[Confirmation], Resolve(_confirm)],
    ) -> RuntimeUpdate:
        """Change the runtime of a Lambda function's $LATEST, once the user has confirmed it and said why.

        Only functions tagged mcp-managed=true can be changed. If the user declines, do not call it again.
        """
        what = ("update_function_runtime", function)
        if not isinstance(answer, AcceptedElicitation):
            audit.record(*what, _OUTCOMES[answer.action], before=change.before, after=runtime)
            return RuntimeUpdate(outcome=_OUTCOMES[answer.action], function=function, runtime=change.before)
        details = {"before": change.before, "after": runtime, "reason": answer.data.reason}
        try:
            changes.change_runtime(change)
        except Exception:
            audit.record(*what, "failed", **details)
            raise
        audit.record(*what, "changed", **details)
        return RuntimeUpdate(outcome="changed", function=function, runtime=runtime)

    @server.tool(title="Summarize a log group", annotations=READ_ONLY)
    async def summarize_log_group(
        ctx: Context,
        log_group: Annotated[str, Field(description="Full name, such as /aws/lambda/orders")],
        minutes: Annotated[int, Field(ge=1, le=1440, description="How far to look back")] = 60,
    ) -> excerpt.LogSummary | InputRequiredResult:
        """Have the client's own model summarize a log group's recent events, by sampling.

        MCP has deprecated sampling in 2026-07-28: it is still served, but prefer scan_log_group for new work.
        """
        asking.require(ctx, "sampling", "Call scan_log_group and summarize what it finds yourself.")
        if ctx.request_state is not None:
            asked = excerpt.LogSummary.model_validate_json(ctx.request_state)
            answer = (ctx.input_responses or {}).get("summary")
            if not isinstance(answer, CreateMessageResult) or answer.content.type != "text":
                raise ResourceError("The client's model has answered with no text. Call scan_log_group instead.")
            return asked.model_copy(update={"summary": answer.content.text, "model": answer.model})
        scan, found = logs.LogScan(log_group, "", minutes, excerpt.MOST_EVENTS), excerpt.Excerpt()
        while scan.goes_on() and not found.full:
            found.add(await anyio.to_thread.run_sync(scan.next_page))
        none, more = f"No events were found in the last {minutes} minutes.", found.full or scan.cursor is not None
        summary = excerpt.LogSummary(summary=none, model=None, events=len(found), truncated=more)
        if not found:
            return summary
        question = {"role": "user", "content": {"type": "text", "text": str(found)}}
        request = {"messages": [question], "systemPrompt": excerpt.INSTRUCTIONS, "maxTokens": 1000}
        return InputRequiredResult(
            input_requests={"summary": CreateMessageRequest.model_validate({"params": request})},
            # The answer is to what was asked: to scan again would find more, and ask again.
            request_state=summary.model_dump_json(),
        )

    @server.tool(title="Export the Lambda functions", annotations=READ_ONLY)
    async def export_functions(
        uri: Annotated[str, Field(max_length=2048, description="file:// URI of a file in one of the client's roots")],
        listed: Annotated[ListRootsResult, Resolve(_roots)],
    ) -> inventory.Export:
        """List all Lambda functions as a CSV file for the client to save at `uri`, inside one of its roots.

        MCP has deprecated roots in 2026-07-28: they are still served, but prefer list_lambda_functions for new work.
        """
        opened = [str(root.uri) for root in listed.roots]
        if not roots.contain(opened, uri):
            raise ResourceError(f"{uri} is in none of the client's roots, which are: {', '.join(opened) or 'none'}.")
        table = inventory.Inventory()
        while table.goes_on():
            table.add(await anyio.to_thread.run_sync(account.functions, None, table.cursor))
        return table.export(uri)
