"""What never reaches the function: bad tokens, wrong routes, too much of anything."""

import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from e2e.conftest import Stack
from e2e.test_sign_in import CALLBACK

BODY = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


def post(stack: Stack, token: str | None, **headers: str) -> httpx2.Response:
    authorization = {} if token is None else {"authorization": f"Bearer {token}"}
    return httpx2.post(stack.mcp_url, json=BODY, headers={**HEADERS, **authorization, **headers}, timeout=60)


def test_a_good_token_is_let_in(stack: Stack) -> None:
    for _ in range(2):
        assert post(stack, stack.access_token).status_code == 200


def test_no_token_is_a_401_with_a_challenge(stack: Stack) -> None:
    response = post(stack, None)
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["x", "a.b.c", "a" * 5000])
def test_what_is_no_token_is_a_401(stack: Stack, token: str) -> None:
    assert post(stack, token).status_code == 401


def test_get_and_delete_do_not_hang(stack: Stack) -> None:
    authorized = {"authorization": f"Bearer {stack.access_token}", "accept": "text/event-stream"}
    started = httpx2.get(stack.mcp_url, headers=authorized)
    assert (started.status_code, started.headers["allow"]) == (405, "POST")
    assert httpx2.get(stack.mcp_url).status_code == 401
    # API Gateway has no such route.
    assert httpx2.delete(stack.mcp_url, headers=authorized).status_code == 404


def test_a_path_that_the_template_does_not_name_is_a_404(stack: Stack) -> None:
    for path in ("/", "/mcp/", "/prod/mcp", "/.well-known/openid-configuration"):
        assert httpx2.get(stack.origin + path).status_code == 404


def test_a_preflight_needs_no_token(stack: Stack) -> None:
    asked = {
        "origin": "http://localhost:6274",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,mcp-protocol-version,mcp-method,mcp-name,content-type",
    }
    allowed = httpx2.options(stack.mcp_url, headers=asked)
    assert allowed.status_code in {200, 204}
    assert allowed.headers["access-control-allow-origin"] == "http://localhost:6274"
    assert "mcp-protocol-version" in allowed.headers["access-control-allow-headers"].lower()
    refused = httpx2.options(stack.mcp_url, headers=asked | {"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in refused.headers
    assert post(stack, stack.access_token, origin="https://evil.example").status_code == 403


def test_too_much_is_refused_before_it_reaches_the_function(stack: Stack) -> None:
    authorized = HEADERS | {"authorization": f"Bearer {stack.access_token}"}
    for size in (10_500_000, 5_000_000):
        response = httpx2.post(stack.mcp_url, content=b"x" * size, headers=authorized, timeout=60)
        assert response.status_code == 413
    assert post(stack, stack.access_token, filler="x" * 10_300).status_code == 431


def test_the_token_is_taken_from_its_header_alone(stack: Stack) -> None:
    response = httpx2.post(f"{stack.mcp_url}?access_token={stack.access_token}", json=BODY, headers=HEADERS)
    assert response.status_code == 401


def test_a_token_without_the_scope_is_a_403(oidc: Stack, cognito: Stack) -> None:
    # Both providers let the interactive client ask for `openid` alone.
    for stack in (cognito, oidc):
        token = code_token(stack, CALLBACK, scope="openid")
        response = post(stack, token)
        assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})
        assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


def code_token(stack: Stack, callback: str, **asked: str) -> str:
    """Sign in by hand, with code and PKCE."""
    metadata = httpx2.get(f"{stack.issuer}/.well-known/openid-configuration").json()
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    question = {
        "response_type": "code",
        "client_id": stack.client_id,
        "redirect_uri": callback,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "resource": stack.mcp_url,
        "username": "alice",
        **asked,
    }
    answer = httpx2.post(metadata["authorization_endpoint"], data=question)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": stack.client_id,
        "redirect_uri": callback,
        "code_verifier": verifier,
    }
    response = httpx2.post(metadata["token_endpoint"], data=form)
    response.raise_for_status()
    return str(response.json()["access_token"])
