"""The MCP server as an ASGI application."""

from starlette.types import ASGIApp

import security
from methods import PostOnly
from server import build_server


def application() -> ASGIApp:
    """Return a new application, which keeps nothing from one request to the next."""
    return PostOnly(build_server().streamable_http_app(stateless_http=True, transport_security=security.SETTINGS))
