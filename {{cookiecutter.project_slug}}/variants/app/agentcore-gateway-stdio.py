"""The Lambda entry point: a gateway's call of a tool in, its result out, and a stdio server's process for each call."""

from typing import Any

import artifact

with artifact.required():
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from child import StdioChild
    from gateway_stdio import GatewayStdio
    from telemetry import logger

_target = GatewayStdio(StdioChild())


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Call one tool, with the event as its arguments, for the AgentCore Gateway that names it."""
    return _target(event, context)
