"""An AgentCore Gateway with Lambda targets, built from the template's resources, as an ASGI application."""

import json
import logging
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from mcp.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Message, Receive, Scope, Send

from local.functions import LambdaFunction
from local.gateway.authorizer import METADATA_PATH, GatewayAuthorizer
from local.gateway.server import ToolCalls, Versions
from local.gateway.targets import tools
from local.intrinsics import TemplateError
from local.request import HttpRequest, received
from local.response import HttpResponse
from local.runtime_api import LARGEST_PAYLOAD
from local.sign_in.jwks import NoKeyError
from local.template import Stack

# AgentCore developer guide, "Use an AgentCore gateway"; the default is what a new gateway was seen to have
# (dev.classmethod.jp, "agentcore-gateway-enable-mcp-2026-07-28").
VERSIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
DEFAULT_VERSIONS = ("2025-03-26", "2025-11-25")
_LOG = logging.getLogger(__name__)


class Gateway:
    """Answers as the one AWS::BedrockAgentCore::Gateway of `stack` would, calling `functions` by logical id.

    It is reached at `authority`, host and port, by which alone it answers, and serves `/mcp` to who is authorized and
    its protected resource metadata to everybody. What it says to an unknown tool, to other methods than POST, to other
    versions than its own and in the bodies of refusals is unverified. Sessions, response streaming, semantic search,
    interceptors, policies and prompts or resources are not served.
    """

    def __init__(self, stack: Stack, functions: Mapping[str, LambdaFunction], authority: str) -> None:
        """Raise TemplateError if the template's gateway would not deploy, or not work here."""
        gateways = stack.of_type("AWS::BedrockAgentCore::Gateway")
        if len(gateways) != 1:
            raise TemplateError("The template must have one AWS::BedrockAgentCore::Gateway.")
        gateway, properties = gateways[0], gateways[0].properties
        if properties.get("ProtocolType", "MCP") != "MCP":
            raise TemplateError(f"ProtocolType of {gateway.logical_id} must be MCP, which is all that is served here.")
        protocol = properties.get("ProtocolConfiguration", {}).get("Mcp", {})
        supported = protocol.get("SupportedVersions", DEFAULT_VERSIONS)
        if wrong := [version for version in supported if version not in VERSIONS]:
            raise TemplateError(f"SupportedVersions of {gateway.logical_id} has {wrong[0]}, which no gateway speaks.")
        self._authority = authority
        self._authorizer = GatewayAuthorizer(gateway, f"http://{authority}")
        self._versions = Versions(supported)
        debugging = properties.get("ExceptionLevel") == "DEBUG"
        calls = ToolCalls(tools(stack, gateway), functions, gateway.ref, debugging=debugging)
        self._server: Server[Any] = Server(
            str(properties.get("Name")),
            instructions=protocol.get("Instructions"),
            on_list_tools=calls.listed,
            on_call_tool=calls.called,
        )
        self._server.middleware.append(self._versions)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        began = perf_counter()
        request = await received(scope, receive, LARGEST_PAYLOAD)

        async def logged(message: Message) -> None:
            if message["type"] == "http.response.start":
                milliseconds = (perf_counter() - began) * 1000
                _LOG.info("%s %s %d %.0f ms", request.method, request.path, message["status"], milliseconds)
            await send(message)

        answer = self._refused(request) or await self._answer(request)
        if answer is not None:
            await answer.send(logged, [])
            return
        # One for each request: nothing outlives a request, and so nothing has to be entered or left.
        manager = StreamableHTTPSessionManager(
            self._server, json_response=True, stateless=True, max_request_body_size=LARGEST_PAYLOAD
        )
        unread: list[Message] = [{"type": "http.request", "body": request.body, "more_body": False}]

        async def again() -> Message:
            return unread.pop() if unread else await receive()

        async with manager.run():
            await manager.handle_request(scope, again, logged)

    def _refused(self, request: HttpRequest) -> HttpResponse | None:
        host = request.headers.get("host", "").lower()
        if host != self._authority:
            _LOG.warning("%r is no name of this gateway; it has %s", host, self._authority)
            return _json(403, {"message": "Forbidden"})
        return _json(413, {"message": "Request Entity Too Large"}) if len(request.body) > LARGEST_PAYLOAD else None

    async def _answer(self, request: HttpRequest) -> HttpResponse | None:
        """Return the answer to what is no authorized MCP request, or None to one that is."""
        if request.path == METADATA_PATH and request.method == "GET":
            return await self._metadata()
        if request.path != "/mcp":
            return _json(404, {"message": "Not Found"})
        if refused := await self._authorizer.refusal(request.headers):
            message = "Unauthorized" if refused.status == 401 else "Forbidden"  # noqa: PLR2004
            return _json(refused.status, {"message": message}, ("www-authenticate", refused.challenge))
        if request.method != "POST":
            return _json(405, {"message": "Method Not Allowed"}, ("allow", "POST"))
        version = request.headers.get("mcp-protocol-version")
        return None if version is None or version in self._versions.supported else self._unsupported(version, request)

    async def _metadata(self) -> HttpResponse:
        try:
            return _json(200, await self._authorizer.metadata())
        except NoKeyError as error:
            _LOG.warning("Gateway: %s", error)
            return _json(500, {"message": "Internal Server Error"})

    def _unsupported(self, version: str, request: HttpRequest) -> HttpResponse:
        try:
            asked = json.loads(request.body)
        except (ValueError, RecursionError):
            asked = None
        message_id = asked.get("id") if isinstance(asked, dict) else None
        error = self._versions.refusal(version).error.model_dump(exclude_none=True)
        return _json(400, {"jsonrpc": "2.0", "id": message_id, "error": error})


def _json(status: int, document: Mapping[str, Any], *headers: tuple[str, str]) -> HttpResponse:
    body = json.dumps(document, separators=(",", ":")).encode()
    return HttpResponse(status, [("content-type", "application/json"), *headers], body)
