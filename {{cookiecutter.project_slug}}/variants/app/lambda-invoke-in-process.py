"""The Lambda entry point: one JSON-RPC message in, its response out."""

from typing import Any

import artifact

with artifact.required():
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from messages import MessageServer
    from server import build_server
    from telemetry import logger

_serve = MessageServer(build_server())


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Serve one MCP message that a caller sent with lambda:InvokeFunction; a notification's answer is `{}`."""
    return _serve(event, context)
