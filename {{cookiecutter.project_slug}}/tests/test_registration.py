"""Client registration: one client for all, and only for addresses that sign-in may return to."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration import Registration

LISTED = ["http://localhost:3118/callback", "https://claude.ai/api/mcp/auth_callback", "cursor://example/callback"]
REGISTER = Registration("public-client", LISTED, ["a", "b"])


def answered(metadata: object) -> tuple[Any, dict[str, Any]]:
    response = REGISTER({"body": json.dumps(metadata)})
    assert response["headers"] == {"content-type": "application/json", "cache-control": "no-store"}
    return response["statusCode"], json.loads(str(response["body"]))


@pytest.mark.parametrize("uri", LISTED)
def test_whoever_returns_to_a_listed_address_is_given_the_one_client(uri: str) -> None:
    assert answered({"redirect_uris": [uri], "client_name": "anybody"}) == (
        201,
        {
            "client_id": "public-client",
            "redirect_uris": [uri],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "scope": "a b",
        },
    )


@pytest.mark.parametrize("loopback", ["http://127.0.0.1", "http://localhost:49152/x", "http://[::1]:1/callback"])
def test_a_client_may_name_other_loopback_addresses_and_is_told_which_one_works(loopback: str) -> None:
    status, client = answered({"redirect_uris": [loopback, LISTED[0]]})
    assert (status, client["redirect_uris"]) == (201, [LISTED[0]])


def test_a_client_is_told_that_it_is_public_whatever_it_asked_to_be() -> None:
    asked = {"redirect_uris": LISTED, "token_endpoint_auth_method": "client_secret_basic", "scope": "a admin"}
    status, client = answered(asked)
    assert (status, client["token_endpoint_auth_method"], client["scope"]) == (201, "none", "a b")
    assert "client_secret" not in client


@pytest.mark.parametrize(
    "redirect_uris",
    [
        ["https://evil.example/callback"],
        [LISTED[0], "https://evil.example/callback"],
        ["https://claude.ai/api/mcp/auth_callback/"],
        ["https://localhost:3118/callback"],
        ["http://localhost.evil.example/callback", LISTED[0]],
        ["http://localhost@evil.example/callback", LISTED[0]],
        ["http://user@localhost/callback", LISTED[0]],
        ["http://localhost:3118/callback#x", LISTED[0]],
        ["javascript:alert(1)", LISTED[0]],
        ["http://[::1", LISTED[0]],
        ["", LISTED[0]],
        # A loopback address alone: Cognito would sign people in to an error page.
        ["http://localhost:49152/callback"],
        [],
    ],
    ids=str,
)
def test_another_address_is_refused_with_where_to_add_it(redirect_uris: list[str]) -> None:
    status, refusal = answered({"redirect_uris": redirect_uris})
    assert (status, refusal["error"]) == (400, "invalid_redirect_uri")
    assert "CallbackUrls" in refusal["error_description"]


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        "text",
        None,
        {"redirect_uris": LISTED[0]},
        {"redirect_uris": [1]},
        {"redirect_uris": LISTED, "grant_types": ["client_credentials"]},
        {"redirect_uris": LISTED, "grant_types": "authorization_code"},
        {"redirect_uris": LISTED, "response_types": ["token"]},
        {"redirect_uris": LISTED, "client_name": "x" * 70_000},
    ],
    ids=lambda metadata: str(metadata)[:60],
)
def test_what_this_client_cannot_be_is_refused(metadata: object) -> None:
    status, refusal = answered(metadata)
    assert (status, refusal["error"]) == (400, "invalid_client_metadata")


def test_a_body_in_base64_is_read() -> None:
    body = base64.b64encode(json.dumps({"redirect_uris": LISTED}).encode()).decode()
    assert REGISTER({"body": body, "isBase64Encoded": True})["statusCode"] == 201


@given(
    body=st.none() | st.text() | st.binary().map(lambda raw: base64.b64encode(raw).decode()) | st.just("[" * 60_000),
    encoded=st.booleans(),
)
def test_no_body_breaks_it(body: str | None, encoded: bool) -> None:
    assert REGISTER({"body": body, "isBase64Encoded": encoded})["statusCode"] == 400
