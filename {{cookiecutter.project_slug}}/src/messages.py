"""JSON-RPC messages without HTTP: each becomes the request that the SDK's HTTP application takes."""

import base64
import json
import sys
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import INVALID_REQUEST

import envelope
import events
import limits
from asgi import LambdaAsgi

_VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
# What a client speaks that has shaken hands; without HTTP its messages do not say so.
_LATEST_WITH_HANDSHAKE = "2025-11-25"


class MessageServer:
    """An MCP server that takes one JSON-RPC message at a time; made once, at init."""

    def __init__(self, server: MCPServer) -> None:
        app = server.streamable_http_app(
            stateless_http=True,
            json_response=True,
            # Lambda has held the event to its own limit.
            max_request_body_size=sys.maxsize,
            # There is no host and no web page to check: the message came by lambda:InvokeFunction.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        self._app = LambdaAsgi(app)

    def __call__(self, message: Any, context: LambdaContext) -> dict[str, Any]:
        """Return the response to a request, or what stands for one that Lambda would drop; see `answer`."""
        method = message.get("method") if isinstance(message, dict) else None
        return limits.bounded(self.answer(message, context), str(method))

    def answer(self, message: Any, context: LambdaContext) -> dict[str, Any]:
        """Return the response to a request, or an empty object for a notification; never raise.

        Args:
            message: One JSON-RPC 2.0 message, whose parameters may be of any MCP revision. A batch is refused.
            context: The invocation's context; its remaining time bounds the call.
        """
        if (
            not isinstance(message, dict)
            or message.get("jsonrpc") != "2.0"
            or not isinstance(message.get("method"), str)
        ):
            return _refusal(message, "The event must be one JSON-RPC 2.0 message with a method.")
        if envelope.lacks_id(message):
            return _refusal(message, envelope.REFUSAL)
        try:
            text = json.dumps(message, ensure_ascii=False)
            text.encode()
        except (RecursionError, ValueError):
            return _refusal(message, "The event has half of a surrogate pair, or is nested too deep.")
        scope, body = events.request(_http_event(message, text))
        response = self._app.answer(scope, body, context)
        if "id" not in message:
            return {}
        answer: dict[str, Any] = json.loads(response["body"])
        # An error that was made before the message was read belongs to it all the same.
        return answer | {"id": message["id"]} if answer.get("id") is None else answer


def _refusal(message: Any, text: str) -> dict[str, Any]:
    request_id = message.get("id") if isinstance(message, dict) and not envelope.lacks_id(message) else None
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": INVALID_REQUEST, "message": text}}


def _http_event(message: dict[str, Any], body: str) -> dict[str, Any]:
    """Return the message as a function URL event, with the headers that its revision wants over HTTP."""
    params = message.get("params")
    params = params if isinstance(params, dict) else {}
    meta = params.get("_meta")
    version = meta.get(_VERSION_KEY) if isinstance(meta, dict) else None
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    if version is not None:
        # 2026-07-28, basic/transports/streamable-http: what the body says is said in headers too.
        headers |= {"mcp-protocol-version": _header(version), "mcp-method": _header(message["method"])}
        if (name := params.get("name", params.get("uri"))) is not None:
            headers["mcp-name"] = _header(name)
    elif message["method"] != "initialize":
        headers["mcp-protocol-version"] = _LATEST_WITH_HANDSHAKE
    return {"requestContext": {"http": {"method": "POST"}}, "rawPath": "/mcp", "headers": headers, "body": body}


def _header(value: Any) -> str:
    text = str(value)
    if text.isascii() and text.isprintable() and text == text.strip():
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="
