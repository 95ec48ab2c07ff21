"""Dynamic client registration at the provider by the book: who gets what, and what is refused."""

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from local.sign_in import registration
from local.sign_in.client import Client
from local.sign_in.identity import IdentityProvider

pytestmark = pytest.mark.anyio

BASE = "http://127.0.0.1:4000"
MCP_URL = "http://127.0.0.1:3000/mcp"
CALLBACK = "http://127.0.0.1:8765/callback"
PEOPLE = Client(
    "people", None, (CALLBACK,), frozenset({"authorization_code", "refresh_token"}), frozenset({"mcp/read", "openid"})
)
JOB = Client("job", "secret", (), frozenset({"client_credentials"}), frozenset({"mcp/admin"}))
# RFC 7636 appendix B.
VERIFIER, CHALLENGE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class Session:
    """A new provider, and an HTTP client that reaches it."""

    def __init__(self) -> None:
        provider = IdentityProvider(BASE, shape="oidc", clients=[PEOPLE, JOB], resources={MCP_URL})
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(provider.app), base_url=BASE)

    async def register(self, **metadata: Any) -> httpx2.Response:
        return await self.http.post("/oauth2/register", json={"redirect_uris": [CALLBACK], **metadata})

    async def registered(self, **metadata: Any) -> dict[str, Any]:
        answer = await self.register(**metadata)
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def code(self, client_id: str, **asked: str) -> str:
        """Sign alice in."""
        question = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "username": "alice",
        }
        answer = await self.http.post("/oauth2/authorize", data=question | asked)
        assert answer.status_code == 302, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))["code"]

    async def exchange(self, code: str, headers: dict[str, str] | None = None, **form: str) -> httpx2.Response:
        good = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return await self.http.post("/oauth2/token", data=good | form, headers=headers)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def session(anyio_backend: str) -> Session:
    return Session()


def refused(answer: httpx2.Response, error: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text
    assert answer.json()["error_description"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_public_client_is_told_what_it_was_registered_as_and_signs_a_person_in(session: Session) -> None:
    grants = ["authorization_code", "refresh_token"]
    answer = await session.register(token_endpoint_auth_method="none", grant_types=grants, client_name="Editor")
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    client = answer.json()
    assert isinstance(client.pop("client_id_issued_at"), int)
    client_id = client.pop("client_id")
    assert client == {
        "redirect_uris": [CALLBACK],
        "grant_types": grants,
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "client_name": "Editor",
        "scope": "mcp/read openid",
    }
    tokens = await session.exchange(await session.code(client_id), client_id=client_id)
    assert tokens.status_code == 200
    assert "refresh_token" in tokens.json()


async def test_a_client_that_says_nothing_of_how_it_proves_itself_gets_a_secret_and_needs_it(session: Session) -> None:
    client = await session.registered()
    assert client["token_endpoint_auth_method"] == "client_secret_basic"
    assert client["client_secret_expires_at"] == 0
    assert client["grant_types"] == ["authorization_code"]
    code = await session.code(client["client_id"])
    assert (await session.exchange(code, client_id=client["client_id"])).status_code == 401
    credentials = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    tokens = await session.exchange(code, {"authorization": f"Basic {credentials}"})
    assert tokens.status_code == 200
    assert "refresh_token" not in tokens.json()


async def test_a_client_may_send_its_secret_in_the_form(session: Session) -> None:
    client = await session.registered(token_endpoint_auth_method="client_secret_post")
    secret = {name: client[name] for name in ("client_id", "client_secret")}
    assert (await session.exchange(await session.code(client["client_id"]), **secret)).status_code == 200


async def test_no_two_clients_have_an_id_or_a_secret_in_common(session: Session) -> None:
    one, two = await session.registered(), await session.registered()
    assert one["client_id"] != two["client_id"]
    assert one["client_secret"] != two["client_secret"]


@pytest.mark.parametrize(
    "uri",
    [
        "https://client.example/callback?a=b",
        "http://127.0.0.1/callback",
        "http://localhost:3118/callback",
        "http://[::1]:80/",
        "com.example.app:/callback",
        "cursor://anysphere.cursor-retrieval/oauth/callback",
    ],
)
async def test_a_browser_may_return_to_https_to_loopback_and_to_an_application(session: Session, uri: str) -> None:
    assert (await session.registered(redirect_uris=[CALLBACK, uri]))["redirect_uris"] == [CALLBACK, uri]


@pytest.mark.parametrize(
    "uri",
    [
        "http://client.example/callback",
        "http://localhost.evil.example/",
        "http://127.0.0.1@evil.example/",
        "https://user@client.example/",
        "https://client.example/#fragment",
        "https://client.example/#",
        "https:///callback",
        "https://[/",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "/callback",
        "client.example/callback",
        "",
        "https://client.example/a b",
        "https://client.example/\n",
        "https://client.example/é",
    ],
)
async def test_a_browser_may_return_nowhere_else(session: Session, uri: str) -> None:
    refused(await session.register(redirect_uris=[CALLBACK, uri]), "invalid_redirect_uri")


async def test_a_client_without_a_redirect_uri_is_refused(session: Session) -> None:
    refused(await session.register(redirect_uris=[]), "invalid_redirect_uri")
    refused(await session.http.post("/oauth2/register", json={}), "invalid_redirect_uri")


@pytest.mark.parametrize(
    "metadata",
    [
        {"redirect_uris": CALLBACK},
        {"redirect_uris": [7]},
        {"grant_types": ["client_credentials"]},
        {"grant_types": ["authorization_code", "client_credentials"]},
        {"grant_types": ["refresh_token"]},
        {"grant_types": "authorization_code"},
        {"response_types": ["token"]},
        {"response_types": ["code", "token"]},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": ["none"]},
        {"token_endpoint_auth_method": None},
        {"scope": ["mcp/read"]},
        {"scope": "mcp/admin"},
    ],
)
async def test_metadata_that_cannot_be_granted_is_refused(session: Session, metadata: dict[str, Any]) -> None:
    refused(await session.register(**metadata), "invalid_client_metadata")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"redirect_uris=x", b'"\xff"', b"[" * 100_000])
async def test_what_is_no_json_object_is_refused(session: Session, body: bytes) -> None:
    refused(await session.http.post("/oauth2/register", content=body), "invalid_client_metadata")


async def test_a_client_gets_no_scope_that_people_may_not_have(session: Session) -> None:
    # Of a machine's scopes and of unknown ones it is told that it did not get them.
    client = await session.registered(scope="mcp/read mcp/admin offline_access", token_endpoint_auth_method="none")
    assert client["scope"] == "mcp/read"
    answer = await session.http.get(
        "/oauth2/authorize",
        params={
            "response_type": "code",
            "client_id": client["client_id"],
            "redirect_uri": CALLBACK,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "scope": "openid",
        },
    )
    assert dict(parse_qsl(urlsplit(answer.headers["location"]).query))["error"] == "invalid_scope"


async def test_what_a_client_says_beside_that_is_ignored(session: Session) -> None:
    client = await session.registered(client_id="people", client_secret="mine", software_id=7, client_name=7)
    assert client["client_id"] != "people"
    assert client["client_secret"] != "mine"
    assert not {"software_id", "client_name"} & set(client)


async def test_the_oldest_goes_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "MOST_CLIENTS", 2)
    session = Session()
    first, second, third = [(await session.registered())["client_id"] for _ in range(3)]
    question = {"redirect_uri": CALLBACK, "response_type": "code", "code_challenge": CHALLENGE}
    question["code_challenge_method"] = "S256"
    statuses = [
        (await session.http.get("/oauth2/authorize", params=question | {"client_id": client_id})).status_code
        for client_id in (first, second, third, PEOPLE.client_id)
    ]
    assert statuses == [400, 200, 200, 200]


async def test_a_script_of_any_origin_may_register(session: Session) -> None:
    origin = {"origin": "http://localhost:6274"}
    asking = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    preflight = await session.http.options("/oauth2/register", headers=origin | asking)
    assert preflight.status_code == 200
    body = json.dumps({"redirect_uris": [CALLBACK]})
    answer = await session.http.post("/oauth2/register", content=body, headers=origin)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (201, "*")


async def test_cognito_registers_nobody() -> None:
    provider = IdentityProvider(f"{BASE}/us-east-1_local", shape="cognito", clients=[PEOPLE], resources=[])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(provider.app), base_url=BASE) as http:
        answer = await http.post("/oauth2/register", json={"redirect_uris": [CALLBACK]})
    assert answer.status_code == 404
