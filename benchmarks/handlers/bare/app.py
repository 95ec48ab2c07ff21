"""A handler that does nothing: what the runtime itself costs."""

import json

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
