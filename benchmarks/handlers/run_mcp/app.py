"""The handler of the README of run-mcp-servers-with-aws-lambda, for the events of an HTTP API."""

import sys

from mcp.client.stdio import StdioServerParameters
from mcp_lambda import APIGatewayProxyEventV2Handler, StdioServerAdapterRequestHandler

server_params = StdioServerParameters(command=sys.executable, args=["-m", "server"])

request_handler = StdioServerAdapterRequestHandler(server_params)
event_handler = APIGatewayProxyEventV2Handler(request_handler)


def lambda_handler(event, context):
    """Serve one HTTP request with a process of the server's own."""
    return event_handler.handle(event, context)
