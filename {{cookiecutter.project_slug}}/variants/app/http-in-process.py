"""The Lambda entry point: HTTP events in, HTTP responses out."""

from typing import Any

import artifact

with artifact.required():
    from aws_lambda_powertools.utilities.typing import LambdaContext

    import caller
    import principal
    from asgi import LambdaAsgi
    from events import Response
    from http_server import application
    from telemetry import logger

_app = LambdaAsgi(application())


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Any, context: LambdaContext) -> Response:
    """Serve one HTTP request to the MCP endpoint on behalf of the caller that AWS has verified."""
    with caller.acting_for(principal.of(event.get("requestContext") if isinstance(event, dict) else None)):
        return _app(event, context)
