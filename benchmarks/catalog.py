"""What is measured, by the names that the figures have."""

from dataclasses import dataclass

BARE, SDK, IN_PROCESS, GENERATED, WELL_KNOWN = "bare", "sdk", "in-process", "generated", "well-known"
MODERN, WEB_ADAPTER, LAMBDA_INVOKE, STDIO = "in-process-2026-07-28", "web-adapter", "lambda-invoke", "stdio"
SYNC_TOOL, RUN_MCP, AWSLABS, MANGUM = "in-process-sync", "run-mcp", "awslabs", "mangum"


@dataclass(frozen=True)
class Entry:
    """A subject as the page names it; `about` says what it is, in the words of a table's cell."""

    title: str
    about: str
    process_for_each_call: bool = False


ENTRIES = {
    BARE: Entry("bare handler", "returns a constant: the runtime's own share"),
    SDK: Entry("bare handler, SDK imported", "`import mcp.server.mcpserver` from byte code, and a constant"),
    IN_PROCESS: Entry("**`in-process`**", "the default answers: HTTP API, the SDK 2.x in the function's process"),
    MODERN: Entry("`in-process`, 2026-07-28", "the same, asked in the newest revision of the protocol"),
    SYNC_TOOL: Entry("`in-process`, sync tool", "the same, with a tool that may block: the SDK gives it a thread"),
    GENERATED: Entry("`in-process`, with the samples", "as generated, nothing replaced; the request is `tools/list`"),
    LAMBDA_INVOKE: Entry("`in-process`, `lambda-invoke`", "one JSON-RPC message by `lambda:InvokeFunction`"),
    WEB_ADAPTER: Entry("`web-adapter`", "uvicorn behind this project's stand-in, which is Python; AWS's layer is not"),
    STDIO: Entry(
        "`stdio`", "run-mcp's handlers and a process for each call, with byte code", process_for_each_call=True
    ),
    RUN_MCP: Entry(
        "run-mcp, stdio",
        "run-mcp-servers-with-aws-lambda by its README, a process for each call",
        process_for_each_call=True,
    ),
    AWSLABS: Entry("awslabs.mcp_lambda_handler", "by its README; checks little, and speaks revision 2024-11-05"),
    MANGUM: Entry("SDK behind Mangum", "as tutorials have it, mended so that the second call works too"),
    WELL_KNOWN: Entry("`well_known`", "the function beside the server, asked for the protected resource metadata"),
}
