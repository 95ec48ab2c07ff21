"""The Lambda entry point: a gateway's call of a tool in, its result out."""

from typing import Any

import artifact

with artifact.required():
    from aws_lambda_powertools.utilities.typing import LambdaContext

    import gateway_target
    from messages import MessageServer
    from server import build_server
    from telemetry import logger

_serve = MessageServer(build_server())


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Call one tool, with the event as its arguments, for the AgentCore Gateway that names it."""
    try:
        params = {"name": gateway_target.tool_name(context), "arguments": event}
    except gateway_target.NotFromGatewayError as error:
        return gateway_target.error(str(error))
    answer = _serve.answer({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, context)
    if "error" in answer:
        return gateway_target.refused(answer["error"]["code"], answer["error"]["message"])
    return gateway_target.told(answer["result"])
