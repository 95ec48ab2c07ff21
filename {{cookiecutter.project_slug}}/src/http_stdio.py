"""What stands between an HTTP event and run-mcp's handler: all that the handler would let through, or fail on."""

import asyncio
import logging
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from mcp.server.transport_security import DEFAULT_MAX_REQUEST_BODY_SIZE, TransportSecurityMiddleware
from mcp.shared.version import SUPPORTED_PROTOCOL_VERSIONS
from mcp.types import PARSE_ERROR
from mcp_lambda.handlers import StreamableHttpHandler
from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

import caller
import envelope
import events
import principal
import security
from events import Response

_PATH = "/mcp"
_TAKEN = ("accept", "content-type")
# Sent before the two have settled on a revision.
_NEGOTIATING = ("initialize", "server/discover")

# With LOG_LEVEL=DEBUG in the environment the library writes down whole events and answers.
logging.getLogger(StreamableHttpHandler.__module__).setLevel(logging.WARNING)


class HttpStdio:
    """One of run-mcp's handlers of payload format 2.0, as a Lambda handler that no event can break; made once, at init.

    Args:
        handler: Such as `mcp_lambda.APIGatewayProxyEventV2Handler`.
    """

    def __init__(self, handler: StreamableHttpHandler[Any, Any]) -> None:
        self._handler = handler
        self._security = TransportSecurityMiddleware(security.SETTINGS)

    def __call__(self, event: Any, context: LambdaContext) -> Response:
        """Serve one event. Whatever the event holds, the answer is a response, never an exception.

        Args:
            event: An HTTP API or function URL event, payload format 2.0.
            context: The invocation's context; its remaining time bounds the call.
        """
        try:
            scope, body = events.request(event)
        except events.NotHttpError as error:
            return events.error(400, str(error))
        headers = Headers(scope=scope)
        if refusal := self._refusal(scope) or _unreadable(headers, body):
            return refusal
        with caller.acting_for(principal.of(event["requestContext"])):
            answer = self._handler.handle(_plain(headers, body), context)
        # Who may read the answer is API Gateway's to say, or the function URL's; the library would admit every page.
        kept = {
            name.lower(): value
            for name, value in answer["headers"].items()
            if not name.lower().startswith("access-control-")
        }
        response: Response = {
            "statusCode": answer["statusCode"],
            "headers": kept,
            "body": answer["body"],
            "isBase64Encoded": False,
        }
        return events.bounded(response, body)

    def _refusal(self, scope: Scope) -> Response | None:
        if scope["path"] != _PATH:
            return events.error(404, "There is nothing at this path.")
        if scope["method"] != "POST":
            return events.response(HTTPStatus.METHOD_NOT_ALLOWED, [(b"allow", b"POST")], b"")
        refusal = asyncio.run(self._security.validate_request(HTTPConnection(scope)))
        if refusal is None:
            return None
        return events.response(refusal.status_code, refusal.raw_headers, bytes(refusal.body))


def _unreadable(headers: Headers, body: bytes) -> Response | None:
    """Return the refusal of what is not one JSON object of a known revision, or None."""
    if len(body) > DEFAULT_MAX_REQUEST_BODY_SIZE:
        return events.error(413, f"A request may have {DEFAULT_MAX_REQUEST_BODY_SIZE:,} bytes.")
    try:
        # Stricter than the library, which fails on deep nesting and takes NaN for JSON.
        message = from_json(body, allow_inf_nan=False)
    except ValueError:
        return events.error(400, "The body is not JSON.", PARSE_ERROR)
    if not isinstance(message, dict):
        # Revision 2025-06-18 of MCP removed batches.
        return events.error(400, "Send one JSON-RPC message, as a JSON object; this server takes no batches.")
    if envelope.lacks_id(message):
        return events.error(400, envelope.REFUSAL)
    version = headers.get("mcp-protocol-version")
    if version not in (None, *SUPPORTED_PROTOCOL_VERSIONS) and message.get("method") not in _NEGOTIATING:
        return events.error(400, f"This server speaks MCP of {', '.join(SUPPORTED_PROTOCOL_VERSIONS)}.")
    return None


def _plain(headers: Headers, body: bytes) -> dict[str, Any]:
    """Return an event with no more in it than the library reads: neither a token nor base64, which it cannot decode."""
    return {
        "requestContext": {"http": {"method": "POST"}},
        "headers": {name: headers[name].lower() for name in _TAKEN if name in headers},
        "body": body.decode(),
    }
