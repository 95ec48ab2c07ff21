"""What stands between an AgentCore Gateway's event and run-mcp's handler, which raises where the model should read."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from mcp.types import JSONRPCError, JSONRPCRequest, JSONRPCResponse
from mcp_lambda import BedrockAgentCoreGatewayTargetHandler, RequestHandler

import gateway_target


class GatewayStdio:
    """run-mcp's handler of gateway events, as a Lambda handler that answers every event with a tool's result."""

    def __init__(self, child: RequestHandler) -> None:
        self._handler = BedrockAgentCoreGatewayTargetHandler(_ErrorsAsResults(child))

    def __call__(self, event: Any, context: LambdaContext) -> dict[str, Any]:
        """Call the tool that the gateway names.

        Args:
            event: The tool's arguments, as an object.
            context: The invocation's context; its client context names the tool, its remaining time bounds the call.
        """
        try:
            gateway_target.tool_name(context)
        except gateway_target.NotFromGatewayError as error:
            return gateway_target.error(str(error))
        result: dict[str, Any] = self._handler.handle(event, context)
        return result


class _ErrorsAsResults(RequestHandler):
    """Answers a call with what the model is to read, even where it failed by the protocol."""

    def __init__(self, child: RequestHandler) -> None:
        self._child = child

    def handle_request(self, request: JSONRPCRequest, context: LambdaContext) -> JSONRPCResponse:
        """Answer one request."""
        answer = self._child.handle_request(request, context)
        if isinstance(answer, JSONRPCError):
            result = gateway_target.refused(answer.error.code, answer.error.message)
        else:
            result = gateway_target.told(answer.result)
        return JSONRPCResponse(jsonrpc="2.0", id=request.id, result=result)
