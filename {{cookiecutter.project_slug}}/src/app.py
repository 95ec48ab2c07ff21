"""The Lambda entry point: HTTP API events in, HTTP responses out."""

import os
from typing import Any
from urllib.parse import urlsplit

from aws_lambda_powertools.utilities.typing import LambdaContext
from mcp.server.transport_security import TransportSecuritySettings

import caller
from asgi import LambdaAsgi, PostOnly
from events import Response
from server import build_server
from telemetry import logger

# Set on purpose: the SDK's default admits localhost alone and answers 421 behind API Gateway's host name.
_host = urlsplit(os.environ["MCP_URL"]).netloc
_security = TransportSecuritySettings(
    allowed_hosts=[_host, f"{_host}:443"], allowed_origins=os.environ["ALLOWED_ORIGINS"].split(",")
)
_app = LambdaAsgi(PostOnly(build_server().streamable_http_app(stateless_http=True, transport_security=_security)))


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Any, context: LambdaContext) -> Response:
    """Serve one call of the MCP endpoint on behalf of the caller that API Gateway has authorized."""
    with caller.acting_for(event):
        return _app(event, context)
