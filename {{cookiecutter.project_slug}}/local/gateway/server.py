"""The MCP server that an AgentCore Gateway is to its clients: the tools of its targets, and the versions it speaks."""

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mcp.server import ServerRequestContext
from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    UNSUPPORTED_PROTOCOL_VERSION,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)

from local.functions import LambdaFunction, PayloadTooLargeError
from local.gateway.targets import TargetTool
from local.outcome import Outcome

_MODERN = "2026-07-28"
_INTERNAL_ERROR = "An internal error occurred. Please retry later."
_LOG = logging.getLogger(__name__)


class ToolCalls:
    """Answers for `tools`, by name, calling `functions` by logical id, as the gateway with the identifier `gateway_id`.

    A call gives the function its arguments as the event, and the rest in the client context (AgentCore developer
    guide, "AWS Lambda function targets"). What the function returns is the text of the result, as JSON, which is how
    clients of live gateways read it; that even a returned MCP result is so, and that structured content comes with an
    output schema alone, is unverified. Where the function fails or may not be called, the result says no more than
    that, unless `debugging` ("Turn on debugging messages", which has the wording for what may not be called; the one
    for a function's own error is unverified). Arguments are not held to the schema: whether AWS does is unverified.
    """

    def __init__(
        self,
        tools: Mapping[str, TargetTool],
        functions: Mapping[str, LambdaFunction],
        gateway_id: str,
        *,
        debugging: bool,
    ) -> None:
        """Call nothing yet."""
        self._tools = tools
        self._functions = functions
        self._id = gateway_id
        self._debugging = debugging

    async def listed(self, _: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
        """Handle `tools/list`."""
        return ListToolsResult(tools=[offered.tool for offered in self._tools.values()])

    async def called(self, context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        """Handle `tools/call`."""
        offered = self._tools.get(params.name)
        if offered is None:
            raise MCPError(INVALID_PARAMS, f"Unknown tool: {params.name}")
        if offered.missing:
            _LOG.warning("%s cannot be called: %s", params.name, offered.missing)
            remedy = "Check the permissions on the Lambda function and Gateway execution role, and retry the request."
            return self._failed(f"Access denied while invoking Lambda function {offered.arn}. {remedy}")
        custom = {
            "bedrockAgentCoreToolName": params.name,
            "bedrockAgentCoreMessageVersion": "1.0",
            "bedrockAgentCoreAwsRequestId": str(uuid.uuid4()),
            "bedrockAgentCoreMcpMessageId": str(context.request_id),
            "bedrockAgentCoreGatewayId": self._id,
            "bedrockAgentCoreTargetId": offered.target_id,
        }
        try:
            function = self._functions[offered.function]
            result = await function.invoke(params.arguments or {}, client_context={"custom": custom})
        except PayloadTooLargeError as error:
            return self._failed(str(error))
        if result.outcome is not Outcome.RESPONSE:
            message = f"{result.outcome.value}: {result.payload.get('errorMessage')}"
            _LOG.warning("%s: %s", offered.function, message)
            return self._failed(message)
        text = json.dumps(result.payload, ensure_ascii=False, separators=(",", ":"))
        structured = result.payload if offered.tool.output_schema and isinstance(result.payload, dict) else None
        return CallToolResult(content=[TextContent(text=text)], structured_content=structured)

    def _failed(self, detail: str) -> CallToolResult:
        if not self._debugging:
            return CallToolResult(content=[TextContent(text=_INTERNAL_ERROR)], is_error=True)
        debug = {"debug": {"type": "text", "text": detail}}
        return CallToolResult(content=[TextContent(text=detail)], is_error=True, _meta=debug)


class Versions:
    """Middleware of an MCP server that keeps it to the protocol versions `supported`, of all that the SDK speaks."""

    def __init__(self, supported: Sequence[str]) -> None:
        """Take the versions in any order."""
        self.supported = list(supported)
        self._negotiable = [version for version in supported if version != _MODERN]

    def refusal(self, requested: object) -> MCPError:
        """Return the error for a version that is not supported (MCP specification 2026-07-28, "Versioning")."""
        data = {"supported": self.supported, "requested": requested}
        return MCPError(UNSUPPORTED_PROTOCOL_VERSION, "Unsupported protocol version", data)

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Let a handshake end in a supported version: the newest, if the client asks for another one."""
        if ctx.method != "initialize":
            if ctx.protocol_version not in self.supported:
                raise self.refusal(ctx.protocol_version)
            return await call_next(ctx)
        params = ctx.params or {}
        if not self._negotiable:
            raise self.refusal(params.get("protocolVersion"))
        if params.get("protocolVersion") not in self._negotiable:
            ctx = replace(ctx, params={**params, "protocolVersion": max(self._negotiable)})
        return await call_next(ctx)
