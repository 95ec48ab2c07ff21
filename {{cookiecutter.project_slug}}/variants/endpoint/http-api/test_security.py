"""Which hosts and web pages a request may name."""

import pytest
from mcp.server.transport_security import TransportSecurityMiddleware
from starlette.requests import Request

import security

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "mcp.example.com"}, None),
        ({"host": "mcp.example.com:443"}, None),
        ({"host": "mcp.example.com", "origin": "http://localhost:6274"}, None),
        ({"host": "mcp.example.com", "origin": "https://evil.example"}, 403),
        ({"host": "evil.example"}, 421),
        ({}, 421),
    ],
)
async def test_only_this_host_and_the_listed_pages_are_admitted(headers: dict[str, str], status: int | None) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    refusal = await TransportSecurityMiddleware(security.SETTINGS).validate_request(
        Request({"type": "http", "headers": raw})
    )
    assert (refusal and refusal.status_code) == status
