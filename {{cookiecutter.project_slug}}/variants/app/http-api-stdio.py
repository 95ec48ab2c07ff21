"""The Lambda entry point: HTTP events in, HTTP responses out, and a stdio server's process for each request."""

from typing import Any

import artifact

with artifact.required():
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mcp_lambda import APIGatewayProxyEventV2Handler

    from child import StdioChild
    from events import Response
    from http_stdio import HttpStdio
    from scoped_child import ScopedChild
    from telemetry import logger

_app = HttpStdio(APIGatewayProxyEventV2Handler(ScopedChild(StdioChild())))


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Any, context: LambdaContext) -> Response:
    """Serve one HTTP request to the MCP endpoint on behalf of the caller that API Gateway has verified."""
    return _app(event, context)
