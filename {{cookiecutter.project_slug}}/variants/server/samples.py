"""The MCP server, with the tools, resources and prompts that only read: to change these, edit this file.

To add a tool, write one function under `_add_tools`. The model reads its docstring, the client its type hints, so
write both for them. If it calls AWS, allow the action in template.yaml, beside a comment that names the tool.
"""

from typing import Annotated

import anyio.to_thread
from pydantic import BaseModel, Field

import account
import logs
from sdk import (
    READ_ONLY,
    Completion,
    CompletionArgument,
    CompletionContext,
    Context,
    MCPServer,
    PromptReference,
    ResourceTemplateReference,
    new_server,
)

VERSION = "0.1.0"

Cursor = Annotated[str | None, Field(description="next_cursor of the page before")]

INSTRUCTIONS = """\
What an operator asks about one AWS account, in the region of this server.
Start with a list_ or count_ tool. Pass `next_cursor` back as `cursor`, with the other arguments as they were, until it
is null, to see every page.
If a result says that the role lacks a permission, tell the user; retrying does not help."""


class BucketCount(BaseModel):
    """How many S3 buckets the account owns."""

    buckets: int


class LogMatches(BaseModel):
    """Log events that match a pattern."""

    events: list[logs.LogEvent]
    pages_searched: int
    next_cursor: str | None = Field(description="Pass it as `cursor` to search on from here; None at the end")


def build_server() -> MCPServer:
    """Return a new server with everything registered, for the Lambda function and for tests alike."""
    server = new_server(VERSION, INSTRUCTIONS)
    _add_tools(server)
    _add_resources(server)
    _add_prompts(server)
    return server


def _add_tools(server: MCPServer) -> None:
    @server.tool(title="List EC2 instances", annotations=READ_ONLY)
    def list_ec2_instances(state: account.InstanceState = "running", cursor: Cursor = None) -> account.Instances:
        """List the EC2 instances in one state, with name, type, zone, private IP and launch time."""
        return account.instances(state, cursor)

    @server.tool(title="List Lambda functions", annotations=READ_ONLY)
    def list_lambda_functions(
        runtime: Annotated[str | None, Field(description="Only this runtime, such as python3.13")] = None,
        cursor: Cursor = None,
    ) -> account.Functions:
        """List Lambda functions and flag deprecated runtimes. An empty page may still have a next_cursor."""
        return account.functions(runtime, cursor)

    @server.tool(title="Count S3 buckets", annotations=READ_ONLY)
    def count_s3_buckets() -> BucketCount:
        """Count the S3 buckets in the account, over all regions."""
        return BucketCount(buckets=account.count_buckets())

    @server.tool(title="Scan a log group", annotations=READ_ONLY)
    async def scan_log_group(  # noqa: PLR0913, PLR0917 - a tool's arguments are flat
        ctx: Context,
        log_group: Annotated[str, Field(description="Full name, such as /aws/lambda/orders")],
        pattern: Annotated[str, Field(description='CloudWatch Logs filter pattern, such as ERROR or "timed out"')],
        minutes: Annotated[int, Field(ge=1, le=1440, description="How far to look back")] = 60,
        max_events: Annotated[int, Field(ge=1, le=500)] = 100,
        cursor: Cursor = None,
    ) -> LogMatches:
        """Search a log group's recent events for a pattern; use it to see what a service reported and when."""
        scan = logs.LogScan(log_group, pattern, minutes, max_events, cursor)
        events: list[logs.LogEvent] = []
        # Each page is a checkpoint: a call that is cancelled, or short of time, makes no further AWS request.
        while scan.goes_on():
            events += await anyio.to_thread.run_sync(scan.next_page)
            await ctx.report_progress(scan.pages, message=f"{len(events)} matching events in {scan.pages} pages")
        return LogMatches(events=events, pages_searched=scan.pages, next_cursor=scan.cursor)


def _add_resources(server: MCPServer) -> None:
    @server.resource("aws://ec2/regions", title="Enabled regions", mime_type="application/json")
    def regions() -> list[str]:
        """Names of the AWS regions that are enabled for the account."""
        return account.regions()

    @server.resource("aws://lambda/{function}", title="Lambda function", mime_type="application/json")
    def lambda_function(function: str) -> account.Function:
        """One Lambda function: runtime, memory, timeout, last change."""
        return account.function(function)

    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator]  # The SDK leaves it untyped.
    async def complete(
        ref: PromptReference | ResourceTemplateReference, argument: CompletionArgument, _: CompletionContext | None
    ) -> Completion | None:
        if not isinstance(ref, ResourceTemplateReference) or argument.name != "function":
            return None
        page = await anyio.to_thread.run_sync(account.functions, None, None)
        names = sorted(item.name for item in page.functions if item.name.startswith(argument.value))
        return Completion.model_validate({"values": names, "hasMore": page.next_cursor is not None})


def _add_prompts(server: MCPServer) -> None:
    @server.prompt(title="Summarize errors")
    def summarize_errors(log_group: str) -> str:
        """Have the model find the recent errors of a log group and explain them."""
        return (
            f"Call scan_log_group with log_group={log_group!r} and pattern='ERROR'. Group what it finds by cause. "
            "For each cause give the number of events, the first and the last time, one example, and the next step "
            "that you would take. If there are none, say so and name the time span searched."
        )
