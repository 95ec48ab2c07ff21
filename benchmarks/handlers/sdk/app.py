"""The bare handler, with the official SDK imported and unused: what that import alone costs."""

import json

import mcp.server.mcpserver  # noqa: F401 - to have it imported

_ANSWER = {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": "5"}], "isError": False}}
_RESPONSE = {
    "statusCode": 200,
    "headers": {"content-type": "application/json"},
    "body": json.dumps(_ANSWER),
    "isBase64Encoded": False,
}


def lambda_handler(_event, _context):
    """Return a constant, which is what the tool of the others would answer."""
    return _RESPONSE
