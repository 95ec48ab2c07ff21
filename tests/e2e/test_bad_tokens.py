"""Tokens with one thing wrong, most of them signed by the right key, at the authorizer that the template declares."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from time import time
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from doors import door
from e2e.conftest import Built
from e2e.test_refusals import BODY, HEADERS

door("http-api")
from local.stack import LocalStack, Settings  # noqa: E402

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", params=["built", "built_oidc"])
async def stack(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[LocalStack]:
    """The stack in this process, so that its provider signs what no provider would."""
    built: Built = request.getfixturevalue(request.param)
    settings = Settings(built.project, built.tools / "runtime/bin/python", Path(), template=built.template, port=0)
    async with LocalStack(settings) as running:
        yield running


def issued(stack: LocalStack, **claims: Any) -> str:
    people = stack.door.sign_in.people
    assert people
    token = {"scopes": people.scopes, "subject": "alice", "resource": stack.door.url(stack.stack), **claims}
    return str(stack.door.sign_in.provider.issue(people, **token))


async def status(stack: LocalStack, token: str) -> int:
    async with httpx2.AsyncClient(timeout=60) as http:
        headers = {**HEADERS, "authorization": f"Bearer {token}"}
        return (await http.post(stack.door.url(stack.stack), json=BODY, headers=headers)).status_code


async def test_the_same_token_without_a_fault_is_accepted(stack: LocalStack) -> None:
    for _ in range(2):
        assert await status(stack, issued(stack)) == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "https://elsewhere.example/mcp"},
        {"aud": None, "client_id": "somebody-elses-client"},
        {"exp": int(time()) - 600},
        {"nbf": int(time()) + 3600},
    ],
    ids="-".join,
)
async def test_a_signed_token_with_a_wrong_claim_is_a_401(stack: LocalStack, fault: dict[str, Any]) -> None:
    assert await status(stack, issued(stack, **fault)) == 401


async def test_a_slash_more_makes_another_audience(stack: LocalStack) -> None:
    assert await status(stack, issued(stack, aud=f"{stack.door.url(stack.stack)}/")) == 401


async def test_a_token_with_other_scopes_is_a_403(stack: LocalStack) -> None:
    assert await status(stack, issued(stack, scopes={"openid", "mcp"})) == 403


async def test_an_unsigned_token_is_a_401(stack: LocalStack) -> None:
    _, payload, _ = issued(stack).split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    assert await status(stack, f"{header}.{payload}.") == 401


async def test_a_token_signed_by_another_key_is_a_401(stack: LocalStack) -> None:
    good = issued(stack)
    claims = jwt.decode(good, options={"verify_signature": False})
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert await status(stack, jwt.encode(claims, key, "RS256", {"kid": jwt.get_unverified_header(good)["kid"]})) == 401


async def test_a_tampered_token_is_a_401(stack: LocalStack) -> None:
    header, _, signature = issued(stack).split(".")
    _, payload, _ = issued(stack, subject="mallory").split(".")
    assert await status(stack, f"{header}.{payload}.{signature}") == 401
