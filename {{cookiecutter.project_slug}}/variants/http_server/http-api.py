"""The MCP server as an ASGI application, whose tools are for callers with their scopes."""

from starlette.types import ASGIApp

import security
from methods import PostOnly
from scope_guard import ScopeGuard
from server import build_server


def application() -> ASGIApp:
    """Return a new application, which keeps nothing from one request to the next."""
    server = build_server()
    server.middleware.append(ScopeGuard(server))
    return PostOnly(server.streamable_http_app(stateless_http=True, transport_security=security.SETTINGS))
