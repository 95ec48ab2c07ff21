"""The Lambda entry point: one JSON-RPC message in, its response out, on behalf of a tenant."""

from typing import Any

import artifact

with artifact.required():
    from aws_lambda_powertools.utilities.typing import LambdaContext

    import caller
    import principal
    from messages import MessageServer
    from server import build_server
    from telemetry import logger

_serve = MessageServer(build_server())


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Serve one MCP message for the tenant that the invoking program names; a notification's answer is `{}`."""
    with caller.acting_for(principal.of(context)):
        return _serve(event, context)
