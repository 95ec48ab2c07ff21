"""The documents that tell a client where to sign in."""

import json
from typing import Any

import pytest

import protected_resource
from responder import Responder, published

ORIGIN = "https://mcp.example.com"
DOCUMENT = protected_resource.document(origin=ORIGIN, authorization_server="https://issuer.example", scopes=["a", "b"])
RESPOND = Responder(dict.fromkeys(protected_resource.ROUTES, published(DOCUMENT)))


@pytest.mark.parametrize("path", ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"])
def test_the_protected_resource_is_described_at_both_paths_where_clients_look(path: str) -> None:
    response: Any = RESPOND({"routeKey": f"GET {path}"}, None)
    assert response["statusCode"] == 200
    assert response["headers"] == {"content-type": "application/json", "cache-control": "public, max-age=3600"}
    assert json.loads(str(response["body"])) == {
        "resource": "https://mcp.example.com/mcp",
        "authorization_servers": ["https://issuer.example"],
        "scopes_supported": ["a", "b"],
        "bearer_methods_supported": ["header"],
    }


@pytest.mark.parametrize(
    "event", [None, [], {}, {"routeKey": None}, {"routeKey": ["/"]}, {"routeKey": "POST /register"}]
)
def test_anything_else_is_not_found(event: Any) -> None:
    response: Any = RESPOND(event, None)
    assert response["statusCode"] == 404
    assert response["headers"]["cache-control"] == "no-store"
