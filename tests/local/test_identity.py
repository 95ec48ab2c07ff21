"""The identity provider, over HTTP and by the official MCP client's OAuth providers."""

import base64
import hashlib
import json
import re
import uuid
from collections.abc import AsyncIterator, Callable
from html.parser import HTMLParser
from time import time
from typing import Any, Literal
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import jwt
import pytest
from mcp import Client as McpClient
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata

from local.sign_in import exchange, tokens
from local.sign_in.client import Client
from local.sign_in.clients import sign_in
from local.sign_in.identity import IdentityProvider
from local.template import Stack
from oauth_storage import Storage

pytestmark = pytest.mark.anyio

BASE = "http://127.0.0.1:4000"
ISSUERS = {"cognito": f"{BASE}/us-east-1_local", "oidc": BASE}
MCP_URL = "http://127.0.0.1:3000/mcp"
OTHER_API = "https://api.example.com/"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CALLBACK = "http://127.0.0.1:8765/callback"
USER_GRANTS = frozenset({"authorization_code", "refresh_token"})
DESKTOP = Client("desktop", None, (CALLBACK,), USER_GRANTS, frozenset({"mcp/read", "mcp/write"}))
WEBSITE = Client(
    "website", "web secret", ("https://app.example.com/cb?tenant=1",), USER_GRANTS, frozenset({"mcp/read"})
)
JOB = Client("nightly job", "100% s3cret:+é", (), frozenset({"client_credentials"}), frozenset({"mcp/read", "mcp/run"}))
Shape = Literal["cognito", "oidc"]


class Session:
    """One provider, and an HTTP client that reaches it."""

    def __init__(self, shape: Shape, *more: Client) -> None:
        self.shape, self.issuer = shape, ISSUERS[shape]
        clients = [DESKTOP, WEBSITE, JOB, *more]
        self.provider = IdentityProvider(
            self.issuer, shape=shape, clients=clients, resources={MCP_URL, OTHER_API}, audience="default-api"
        )
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(self.provider.app), base_url=BASE)

    def question(self, client: Client = DESKTOP, /, **changes: str | None) -> dict[str, str]:
        """Return the parameters of a good authorization request, changed; None removes one."""
        good = {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uris[0],
            "scope": "mcp/read",
            "state": "a state",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "resource": MCP_URL,
        }
        return {name: value for name, value in (good | changes).items() if value is not None}

    async def sign_in(self, client: Client = DESKTOP, /, **changes: str | None) -> dict[str, str]:
        """Sign alice in and return what the client's callback URL receives."""
        question = self.question(client, **changes)
        answer = await self.http.post("/oauth2/authorize", data={**question, "username": "alice"})
        assert answer.status_code == 302, answer.text
        location = answer.headers["location"]
        assert location.startswith(question["redirect_uri"])
        return dict(parse_qsl(urlsplit(location).query))

    async def token(self, **form: str | None) -> httpx2.Response:
        return await self.http.post("/oauth2/token", data={name: value for name, value in form.items() if value})

    async def exchange(self, code: str, client: Client = DESKTOP, /, **changes: str | None) -> httpx2.Response:
        """Exchange a code as it should be done, changed; None removes a parameter."""
        good = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": client.client_id,
            "client_secret": client.secret,
            "redirect_uri": client.redirect_uris[0],
            "code_verifier": VERIFIER,
        }
        return await self.token(**(good | changes))

    async def tokens(self, **changes: str | None) -> dict[str, Any]:
        answer = await self.exchange((await self.sign_in(**changes))["code"])
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def refresh(self, token: str, **changes: str | None) -> httpx2.Response:
        return await self.token(
            **({"grant_type": "refresh_token", "client_id": "desktop", "refresh_token": token} | changes)
        )

    async def claims(self, token: str) -> dict[str, Any]:
        """Verify a token as an API does: by the keys that are published now."""
        metadata = (await self.http.get(f"{self.issuer}/.well-known/openid-configuration")).json()
        keys = jwt.PyJWKSet.from_dict((await self.http.get(metadata["jwks_uri"])).json())
        key = keys[jwt.get_unverified_header(token)["kid"]]
        options: Any = {"verify_aud": False, "require": ["exp", "iat", "iss", "sub", "jti"]}
        claims: dict[str, Any] = jwt.decode(token, key, ["RS256"], issuer=metadata["issuer"], options=options)
        return claims


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


# Making a key takes longer than any of the tests, so they share a provider of each shape.
@pytest.fixture(scope="module")
async def cognito(anyio_backend: str) -> AsyncIterator[Session]:
    session = Session("cognito")
    async with session.http:
        yield session


@pytest.fixture(scope="module")
async def oidc(anyio_backend: str) -> AsyncIterator[Session]:
    session = Session("oidc")
    async with session.http:
        yield session


@pytest.fixture(params=["cognito", "oidc"])
def either(request: pytest.FixtureRequest) -> Session:
    session: Session = request.getfixturevalue(request.param)
    return session


def refused(answer: httpx2.Response, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"


# Metadata


async def test_cognito_has_openid_metadata_below_its_issuer_and_nothing_else(cognito: Session) -> None:
    metadata = (await cognito.http.get("/us-east-1_local/.well-known/openid-configuration")).json()
    assert metadata["issuer"] == ISSUERS["cognito"]
    assert metadata["authorization_endpoint"] == f"{BASE}/oauth2/authorize"
    assert metadata["token_endpoint"] == f"{BASE}/oauth2/token"
    assert metadata["jwks_uri"] == f"{ISSUERS['cognito']}/.well-known/jwks.json"
    assert metadata["scopes_supported"] == ["openid", "email", "phone", "profile"]
    assert "code_challenge_methods_supported" not in metadata
    assert "authorization_response_iss_parameter_supported" not in metadata
    assert "registration_endpoint" not in metadata
    for elsewhere in (
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/us-east-1_local",
        "/us-east-1_local/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/us-east-1_local",
    ):
        assert (await cognito.http.get(elsewhere)).status_code == 404, elsewhere


async def test_oidc_has_openid_and_rfc_8414_metadata_with_pkce_and_issuer_identification(oidc: Session) -> None:
    metadata = (await oidc.http.get("/.well-known/openid-configuration")).json()
    assert (await oidc.http.get("/.well-known/oauth-authorization-server")).json() == metadata
    assert metadata["issuer"] == BASE
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["scopes_supported"] == ["mcp/read", "mcp/run", "mcp/write"]
    assert metadata["registration_endpoint"] == f"{BASE}/oauth2/register"


async def test_a_browser_may_read_metadata_and_fetch_tokens_but_not_the_sign_in_page(either: Session) -> None:
    origin = {"origin": "http://localhost:6274"}
    asking = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    for path in (f"{either.issuer}/.well-known/openid-configuration", f"{either.issuer}/.well-known/jwks.json"):
        preflight = await either.http.options(path, headers=origin | asking | {"access-control-request-method": "GET"})
        assert preflight.status_code == 200
        answer = await either.http.get(path, headers=origin)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
    preflight = await either.http.options("/oauth2/token", headers=origin | asking)
    assert preflight.status_code == 200
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    refusal = await either.http.post("/oauth2/token", headers=origin)
    assert (refusal.status_code, refusal.headers["access-control-allow-origin"]) == (401, "*")
    page = await either.http.get("/oauth2/authorize", params=either.question(), headers=origin)
    assert "access-control-allow-origin" not in page.headers


@pytest.mark.parametrize(
    "issuer", [f"{BASE}/", f"{BASE}/pool/", f"{BASE}?a=b", f"{BASE}#a", "127.0.0.1:4000", "ftp://a"]
)
async def test_an_issuer_where_metadata_cannot_be_found_is_refused(issuer: str) -> None:
    with pytest.raises(ValueError, match=re.escape(issuer)):
        IdentityProvider(issuer, shape="oidc", clients=[], resources=[])


# Tokens


async def test_a_cognito_users_token_has_the_documented_claims(cognito: Session) -> None:
    token = cognito.provider.issue(DESKTOP, scopes=["mcp/write", "mcp/read"], subject="alice", resource=MCP_URL)
    claims = await cognito.claims(token)
    assert uuid.UUID(claims["sub"])
    assert claims.pop("exp") - claims["iat"] == 3600
    assert claims.pop("auth_time") == claims.pop("iat")
    assert uuid.UUID(claims.pop("jti"))
    assert claims == {
        "iss": ISSUERS["cognito"],
        "sub": claims["sub"],
        "client_id": "desktop",
        "token_use": "access",
        "scope": "mcp/read mcp/write",
        "username": "alice",
        "version": 2,
        "aud": MCP_URL,
    }
    assert set(jwt.get_unverified_header(token)) == {"alg", "kid"}


async def test_a_cognito_clients_own_token_has_no_audience_and_no_user(cognito: Session) -> None:
    claims = await cognito.claims(cognito.provider.issue(JOB, scopes=["mcp/run"], resource=MCP_URL))
    assert (claims["sub"], claims["client_id"]) == ("nightly job", "nightly job")
    assert not {"aud", "username"} & set(claims)


async def test_an_oidc_token_is_for_the_resource_or_else_for_the_usual_audience(oidc: Session) -> None:
    issue = oidc.provider.issue
    token = issue(DESKTOP, scopes=["mcp/read"], subject="alice", resource=MCP_URL)
    claims = await oidc.claims(token)
    assert (claims["aud"], claims["azp"], claims["client_id"]) == (MCP_URL, "desktop", "desktop")
    assert not {"token_use", "version", "username"} & set(claims)
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    assert (await oidc.claims(issue(JOB, scopes=[])))["aud"] == "default-api"


async def test_a_users_subject_is_the_same_each_time_and_not_another_users(either: Session) -> None:
    def subject(name: str) -> object:
        token = either.provider.issue(DESKTOP, scopes=[], subject=name)
        return jwt.decode(token, options={"verify_signature": False})["sub"]

    assert subject("alice") == subject("alice") == "5aca05f7-1e30-5a6b-82b9-64f1787ab26a"
    assert subject("bob") != subject("alice")


async def test_a_test_may_replace_and_remove_claims(either: Session) -> None:
    token = either.provider.issue(
        DESKTOP, scopes=["a"], subject="alice", exp=1, aud=["x", "y"], client_id=None, extra=True
    )
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["exp"], claims["aud"], claims["extra"]) == (1, ["x", "y"], True)
    assert "client_id" not in claims


async def test_a_rotated_key_signs_and_the_one_before_is_no_longer_published(either: Session) -> None:
    before = either.provider.issue(JOB, scopes=[])
    either.provider.rotate_key()
    after = either.provider.issue(JOB, scopes=[])
    assert await either.claims(after)
    keys = (await either.http.get(f"{either.issuer}/.well-known/jwks.json")).json()["keys"]
    assert [key["kid"] for key in keys] == [jwt.get_unverified_header(after)["kid"]]
    assert jwt.get_unverified_header(before)["kid"] != jwt.get_unverified_header(after)["kid"]
    assert set(keys[0]) >= {"kty", "alg", "use", "n", "e"}
    assert not {"d", "p", "q"} & set(keys[0])


# Signing in


class Form(HTMLParser):
    """The form of a page, as a browser would submit it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        if tag == "input":
            self.values[given["name"] or ""] = given["value"] or ""


async def test_the_form_of_the_sign_in_page_gives_alice_a_token(either: Session) -> None:
    page = await either.http.get("/oauth2/authorize", params=either.question(state="state"))
    assert page.status_code == 200
    form = Form(page.text)
    assert form.values["username"] == "alice"
    answer = await either.http.post("/oauth2/authorize", data=form.values)
    assert answer.status_code == 302
    received = parse_qs(urlsplit(answer.headers["location"]).query)
    assert received["state"] == ["state"]
    tokens = (await either.exchange(received["code"][0])).json()
    claims = await either.claims(tokens["access_token"])
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3600, "mcp/read")
    assert (claims["scope"], claims["client_id"], claims["aud"]) == ("mcp/read", "desktop", MCP_URL)
    expected = either.provider.issue(DESKTOP, scopes=[], subject="alice")
    assert claims["sub"] == jwt.decode(expected, options={"verify_signature": False})["sub"]


async def test_the_sign_in_page_shows_values_as_text_and_cannot_be_framed(either: Session) -> None:
    hostile = '"><script>alert(1)</script>{client}'
    page = await either.http.get("/oauth2/authorize", params=either.question(state=hostile, **{hostile: "x"}))
    form = Form(page.text)
    assert "script" not in form.tags
    assert form.values["state"] == hostile
    assert form.values[hostile] == "x"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


async def test_the_sign_in_page_shows_client_and_scopes_as_text() -> None:
    client = Client("<i>name", None, (CALLBACK,), USER_GRANTS, frozenset({"<u>scope"}))
    session = Session("oidc", client)
    async with session.http:
        page = await session.http.get("/oauth2/authorize", params=session.question(client, scope="<u>scope"))
    assert not {"i", "u"} & set(Form(page.text).tags)
    assert "&lt;i&gt;name" in page.text
    assert "&lt;u&gt;scope" in page.text


async def test_nobody_is_signed_in_without_a_name(either: Session) -> None:
    answer = await either.http.post("/oauth2/authorize", data={**either.question(), "username": ""})
    assert answer.status_code == 200
    assert Form(answer.text).values["username"] == "alice"


async def test_a_link_alone_signs_nobody_in(either: Session) -> None:
    answer = await either.http.get("/oauth2/authorize", params={**either.question(), "username": "mallory"})
    assert answer.status_code == 200
    assert Form(answer.text).values["username"] == "alice"
    assert answer.text.count('name="username"') == 1


async def test_a_callback_urls_own_query_is_kept(either: Session) -> None:
    received = await either.sign_in(WEBSITE)
    assert (received["tenant"], received["state"]) == ("1", "a state")
    assert received["code"]


async def test_only_oidc_says_who_answers(oidc: Session, cognito: Session) -> None:
    assert (await oidc.sign_in())["iss"] == BASE
    assert (await oidc.sign_in(scope="nonsense"))["iss"] == BASE
    assert "iss" not in await cognito.sign_in()
    assert "iss" not in await cognito.sign_in(scope="nonsense")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "mcp/read admin"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
async def test_a_wrong_question_is_answered_at_the_callback_url(
    either: Session, changes: dict[str, str | None], error: str
) -> None:
    received = await either.sign_in(**changes)
    assert (received["error"], received["state"]) == (error, "a state")
    assert received["error_description"]
    assert "code" not in received
    asked = await either.http.get("/oauth2/authorize", params=either.question(**changes))
    assert asked.status_code == 302


async def test_a_question_asked_twice_over_is_answered_at_the_callback_url(either: Session) -> None:
    answer = await either.http.get("/oauth2/authorize", params=[*either.question().items(), ("scope", "mcp/write")])
    assert answer.status_code == 302
    assert "error=invalid_request" in answer.headers["location"]


async def test_a_client_without_the_code_grant_may_not_sign_users_in() -> None:
    client = Client("machine", "secret", (CALLBACK,), frozenset({"client_credentials"}), frozenset({"mcp/read"}))
    session = Session("oidc", client)
    async with session.http:
        assert (await session.sign_in(client))["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    "question",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": f"{CALLBACK}?more"},
        {"redirect_uri": CALLBACK.replace("http:", "https:")},
        {"redirect_uri": "http://localhost:8765/callback"},
        {"redirect_uri": "http://127.0.0.1:8765@evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1.evil.example:8765/callback"},
    ],
)
async def test_nothing_is_sent_to_an_unknown_client_or_callback_url(
    either: Session, question: dict[str, str | None]
) -> None:
    asked = either.question(**question)
    for answer in (
        await either.http.get("/oauth2/authorize", params=asked),
        await either.http.post("/oauth2/authorize", data={**asked, "username": "alice"}),
    ):
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "evil" not in answer.text


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_nothing_is_sent_where_the_client_or_callback_url_is_ambiguous(either: Session, name: str) -> None:
    question = either.question()
    answer = await either.http.get("/oauth2/authorize", params=[*question.items(), (name, question[name])])
    assert answer.status_code == 400


async def test_a_loopback_callback_may_use_any_port_with_oidc_and_only_its_own_with_cognito(
    oidc: Session, cognito: Session
) -> None:
    other = "http://127.0.0.1:50123/callback"
    received = await oidc.sign_in(redirect_uri=other)
    assert (await oidc.exchange(received["code"], redirect_uri=other)).status_code == 200
    assert (await cognito.http.get("/oauth2/authorize", params=cognito.question(redirect_uri=other))).status_code == 400


# Codes


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "made-up"},
        {"code": None},
        {"redirect_uri": None},
        {"redirect_uri": "http://127.0.0.1:8766/callback"},
        {"code_verifier": None},
        {"code_verifier": "w" * 43},
        {"code_verifier": "short"},
        {"client_id": "website", "client_secret": "web secret"},
    ],
)
async def test_a_code_is_bound_to_its_client_callback_url_and_verifier(
    either: Session, changes: dict[str, str | None]
) -> None:
    code = (await either.sign_in())["code"]
    refused(await either.exchange(code, **changes), "invalid_grant")


async def test_a_verifier_that_is_too_short_is_refused_even_if_it_matches(either: Session) -> None:
    short = "v" * 42
    challenge = base64.urlsafe_b64encode(hashlib.sha256(short.encode()).digest()).rstrip(b"=").decode()
    code = (await either.sign_in(code_challenge=challenge))["code"]
    refused(await either.exchange(code, code_verifier=short), "invalid_grant")


async def test_a_code_works_once(either: Session) -> None:
    code = (await either.sign_in())["code"]
    assert (await either.exchange(code)).status_code == 200
    refused(await either.exchange(code), "invalid_grant")


@pytest.mark.parametrize(("seconds", "status"), [(299, 200), (301, 400)])
async def test_a_code_works_for_five_minutes(
    either: Session, monkeypatch: pytest.MonkeyPatch, seconds: int, status: int
) -> None:
    code = (await either.sign_in())["code"]
    later = time() + seconds
    monkeypatch.setattr(exchange, "time", lambda: later)
    assert (await either.exchange(code)).status_code == status


async def test_a_client_with_a_secret_may_do_without_pkce_but_not_half_of_it(either: Session) -> None:
    without = {"code_challenge": None, "code_challenge_method": None}
    code = (await either.sign_in(WEBSITE, **without))["code"]
    assert (await either.exchange(code, WEBSITE, code_verifier=None)).status_code == 200
    code = (await either.sign_in(WEBSITE, **without))["code"]
    refused(await either.exchange(code, WEBSITE), "invalid_grant")


# Clients


async def test_a_client_may_send_its_secret_by_http_basic_or_in_the_form(either: Session) -> None:
    form = {"grant_type": "client_credentials", "scope": "mcp/run"}
    # RFC 6749 section 2.3.1 encodes both parts before HTTP Basic does.
    basic = base64.b64encode(b"nightly+job:100%25+s3cret%3A%2B%C3%A9").decode()
    for answer in (
        await either.token(**form, client_id="nightly job", client_secret=JOB.secret),
        await either.http.post("/oauth2/token", data=form, headers={"authorization": f"Basic {basic}"}),
        await either.http.post(
            "/oauth2/token", data=form | {"client_id": "nightly job"}, headers={"authorization": f"basic {basic}"}
        ),
    ):
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert "refresh_token" not in answer.json()
        claims = await either.claims(answer.json()["access_token"])
        assert (claims["sub"], claims["scope"]) == ("nightly job", "mcp/run")


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"client_id": "nobody", "client_secret": "x"},
        {"client_id": "nightly job"},
        {"client_id": "nightly job", "client_secret": "wrong"},
        {"client_id": "desktop", "client_secret": "a public client has none"},
    ],
)
async def test_a_client_that_cannot_prove_itself_gets_401_and_a_challenge(
    either: Session, credentials: dict[str, str]
) -> None:
    for path in ("/oauth2/token", "/oauth2/revoke"):
        answer = await either.http.post(path, data={"grant_type": "client_credentials", "token": "t"} | credentials)
        refused(answer, "invalid_client", 401)
        assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize("credentials", ["!", "/w==", base64.b64encode(b"nightly job").decode(), ""])
async def test_unreadable_http_basic_credentials_get_401(either: Session, credentials: str) -> None:
    headers = {"authorization": f"Basic {credentials}"}
    answer = await either.http.post("/oauth2/token", data={"grant_type": "client_credentials"}, headers=headers)
    refused(answer, "invalid_client", 401)


@pytest.mark.parametrize("form", [{"client_secret": "100%"}, {"client_id": "desktop"}])
async def test_a_client_proves_itself_in_one_way_only(either: Session, form: dict[str, str]) -> None:
    basic = base64.b64encode(b"nightly+job:100%25+s3cret%3A%2B%C3%A9").decode()
    data = {"grant_type": "client_credentials"} | form
    refused(
        await either.http.post("/oauth2/token", data=data, headers={"authorization": f"Basic {basic}"}),
        "invalid_request",
    )


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"client_id": "desktop"}, "invalid_request"),
        ({"client_id": "desktop", "grant_type": "password"}, "unsupported_grant_type"),
        ({"client_id": "desktop", "grant_type": "client_credentials"}, "unauthorized_client"),
        (
            {"client_id": "nightly job", "client_secret": JOB.secret, "grant_type": "refresh_token"},
            "unauthorized_client",
        ),
        (
            {"client_id": "nightly job", "client_secret": JOB.secret, "grant_type": "client_credentials", "scope": "x"},
            "invalid_scope",
        ),
    ],
)
async def test_a_token_request_that_is_not_allowed_says_why(either: Session, form: dict[str, str], error: str) -> None:
    refused(await either.token(**form), error)


async def test_a_parameter_sent_twice_is_refused(either: Session) -> None:
    form = "client_id=desktop&grant_type=authorization_code&grant_type=refresh_token"
    refused(await either.http.post("/oauth2/token", content=form), "invalid_request")


async def test_a_public_client_may_not_act_for_itself_whatever_it_was_given() -> None:
    client = Client("leaky", None, (), frozenset({"client_credentials"}), frozenset({"mcp/read"}))
    session = Session("oidc", client)
    async with session.http:
        refused(await session.token(client_id="leaky", grant_type="client_credentials"), "unauthorized_client")


async def test_a_client_that_names_no_scope_gets_all_of_its_own(either: Session) -> None:
    answer = await either.token(client_id="nightly job", client_secret=JOB.secret, grant_type="client_credentials")
    assert answer.json()["scope"] == "mcp/read mcp/run"


# Refresh tokens


async def test_a_refreshed_token_keeps_user_resource_and_scopes_and_may_be_narrower(either: Session) -> None:
    first = await either.tokens(scope="mcp/read mcp/write")
    before = await either.claims(first["access_token"])
    narrow = (await either.refresh(first["refresh_token"], scope="mcp/read")).json()
    claims = await either.claims(narrow["access_token"])
    assert (claims["sub"], claims["aud"], claims["scope"]) == (before["sub"], MCP_URL, "mcp/read")
    again = await either.refresh(narrow.get("refresh_token", first["refresh_token"]))
    assert again.json()["scope"] == "mcp/read mcp/write"


async def test_a_refreshed_token_is_never_wider(either: Session) -> None:
    first = await either.tokens(scope="mcp/read")
    refused(await either.refresh(first["refresh_token"], scope="mcp/read mcp/write"), "invalid_scope")
    assert (await either.refresh(first["refresh_token"])).status_code == 200


async def test_a_refresh_token_is_of_no_use_to_another_client(either: Session) -> None:
    token = (await either.tokens())["refresh_token"]
    refused(await either.refresh(token, client_id="website", client_secret="web secret"), "invalid_grant")
    refused(await either.refresh("made-up"), "invalid_grant")


async def test_refresh_tokens_rotate_with_oidc_and_last_with_cognito(oidc: Session, cognito: Session) -> None:
    old = (await oidc.tokens())["refresh_token"]
    assert (await oidc.refresh(old)).json()["refresh_token"] != old
    refused(await oidc.refresh(old), "invalid_grant")
    lasting = (await cognito.tokens())["refresh_token"]
    assert "refresh_token" not in (await cognito.refresh(lasting)).json()
    assert (await cognito.refresh(lasting)).status_code == 200


ROTATING = Client("rotating", None, (CALLBACK,), USER_GRANTS, frozenset({"mcp/read"}), 600, 3600, grace_seconds=60)


class Clock:
    """The provider's time; it stands still until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time()
        for module in (exchange, tokens):
            monkeypatch.setattr(module, "time", lambda: self.now)


async def rotated(session: Session, token: str) -> httpx2.Response:
    return await session.refresh(token, client_id=ROTATING.client_id)


async def test_with_cognito_an_old_refresh_token_works_for_the_clients_grace_period(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session, clock = Session("cognito", ROTATING), Clock(monkeypatch)
    async with session.http:
        first = (await session.exchange((await session.sign_in(ROTATING))["code"], ROTATING)).json()["refresh_token"]
        second = (await rotated(session, first)).json()["refresh_token"]
        clock.now += 59
        retried = (await rotated(session, first)).json()["refresh_token"]
        assert len({first, second, retried}) == 3
        clock.now += 1
        # What was retried in the meantime does not make it last.
        refused(await rotated(session, first), "invalid_grant")
        for token in (second, retried):
            assert (await rotated(session, token)).status_code == 200


async def test_with_cognito_a_rotated_refresh_token_expires_when_the_first_would_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session, clock = Session("cognito", ROTATING), Clock(monkeypatch)
    async with session.http:
        first = (await session.exchange((await session.sign_in(ROTATING))["code"], ROTATING)).json()["refresh_token"]
        clock.now += 3599
        second = await rotated(session, first)
        assert second.status_code == 200
        clock.now += 1
        refused(await rotated(session, second.json()["refresh_token"]), "invalid_grant")


async def test_an_access_token_lives_for_as_long_as_its_client_says_and_the_answer_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session, clock = Session("cognito", ROTATING), Clock(monkeypatch)
    async with session.http:
        answer = (await session.exchange((await session.sign_in(ROTATING))["code"], ROTATING)).json()
        assert answer["expires_in"] == 600
        assert (await session.claims(answer["access_token"]))["exp"] == int(clock.now) + 600


POOL = """
Resources:
  Pool:
    Type: AWS::Cognito::UserPool
  People:
    Type: AWS::Cognito::UserPoolClient
    Properties:
      AllowedOAuthFlowsUserPoolClient: true
      AllowedOAuthFlows: [code]
"""


@pytest.mark.parametrize(
    ("properties", "access", "refresh", "grace"),
    [
        ({}, 3600, 30 * 86_400, None),
        # Cognito counts in hours and days unless it is told otherwise, and takes 0 for nothing at all.
        ({"AccessTokenValidity": 2, "RefreshTokenValidity": 3}, 7200, 3 * 86_400, None),
        ({"AccessTokenValidity": 0, "RefreshTokenValidity": 0}, 3600, 30 * 86_400, None),
        (
            {
                "AccessTokenValidity": "15",
                "RefreshTokenValidity": 90,
                "TokenValidityUnits": {"AccessToken": "minutes", "RefreshToken": "minutes"},
            },
            900,
            5400,
            None,
        ),
        (
            {
                "RefreshTokenValidity": 7200,
                "TokenValidityUnits": {"RefreshToken": "seconds"},
                "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
            },
            3600,
            7200,
            10,
        ),
        ({"RefreshTokenRotation": {"Feature": "ENABLED"}}, 3600, 30 * 86_400, 0),
        ({"RefreshTokenRotation": {"Feature": "DISABLED", "RetryGracePeriodSeconds": 10}}, 3600, 30 * 86_400, None),
    ],
)
def test_lifetimes_and_rotation_are_those_of_the_templates_client(
    written: Callable[..., Stack], properties: dict[str, Any], access: int, refresh: int, grace: int | None
) -> None:
    template = POOL + "".join(f"      {name}: {json.dumps(value)}\n" for name, value in properties.items())
    people = sign_in(written(template), BASE, MCP_URL).people
    assert people
    assert (people.access_seconds, people.refresh_seconds, people.grace_seconds) == (access, refresh, grace)


async def test_a_client_without_the_refresh_grant_gets_no_refresh_token() -> None:
    client = Client("kiosk", None, (CALLBACK,), frozenset({"authorization_code"}), frozenset({"mcp/read"}))
    session = Session("oidc", client)
    async with session.http:
        answer = await session.exchange((await session.sign_in(client))["code"], client)
        assert "refresh_token" not in answer.json()


async def test_a_client_revokes_its_own_refresh_token_and_no_other(either: Session) -> None:
    token = (await either.tokens())["refresh_token"]
    theirs = {"client_id": "website", "client_secret": "web secret", "token": token}
    assert (await either.http.post("/oauth2/revoke", data=theirs)).status_code == 200
    answer = await either.refresh(token)
    assert answer.status_code == 200
    token = answer.json().get("refresh_token", token)
    assert (await either.http.post("/oauth2/revoke", data={"client_id": "desktop", "token": token})).status_code == 200
    refused(await either.refresh(token), "invalid_grant")
    unknown = await either.http.post("/oauth2/revoke", data={"client_id": "desktop", "token": "made-up"})
    assert unknown.status_code == 200


# Tenants


@pytest.mark.parametrize(
    ("claim", "value"), [("cognito:groups", ["alice"]), ("tenant", "alice"), ("client_id", "desktop"), ("", None)]
)
async def test_whoever_signs_in_is_the_tenant_of_that_name(cognito: Session, claim: str, value: object) -> None:
    cognito.provider.tokens.tenant_claim = claim or None
    claims = await cognito.claims((await cognito.tokens())["access_token"])
    assert claims.get(claim) == value
    assert claims["client_id"] == "desktop"
    machine = cognito.provider.issue(JOB, scopes=JOB.scopes)
    assert (await cognito.claims(machine)).keys() & {"cognito:groups", "tenant"} == set()


def test_the_token_that_is_handed_out_is_the_first_tenants(written: Callable[..., Stack]) -> None:
    parameters = (
        "Parameters:\n  TenantClaim: {Type: String, Default: team}\n  Tenants: {Type: String, Default: b=acme}\n"
    )
    token = sign_in(written(parameters + POOL), BASE, MCP_URL).access_token(MCP_URL)
    assert jwt.decode(token, options={"verify_signature": False})["team"] == "b"


# Resources


async def test_a_token_is_for_no_resource_that_was_not_asked_for(cognito: Session, oidc: Session) -> None:
    assert "aud" not in await cognito.claims((await cognito.tokens(resource=None))["access_token"])
    assert (await oidc.claims((await oidc.tokens(resource=None))["access_token"]))["aud"] == "default-api"


async def test_cognito_signs_in_for_an_unknown_resource_and_then_refuses_the_code(cognito: Session) -> None:
    received = await cognito.sign_in(resource=f"{MCP_URL}/")
    refused(await cognito.exchange(received["code"]), "invalid_grant")


async def test_cognito_refuses_the_code_of_a_resource_without_a_scope(cognito: Session, oidc: Session) -> None:
    received = await cognito.sign_in(scope=None)
    refused(await cognito.exchange(received["code"]), "invalid_grant")
    assert (await cognito.tokens(scope=None, resource=None))["scope"] == "mcp/read mcp/write"
    assert (await oidc.tokens(scope=None))["scope"] == "mcp/read mcp/write"


async def test_cognito_reads_the_resource_when_signing_in_only(cognito: Session) -> None:
    answer = await cognito.exchange((await cognito.sign_in(resource=None))["code"], resource=MCP_URL)
    assert "aud" not in await cognito.claims(answer.json()["access_token"])
    job = {"client_id": "nightly job", "client_secret": JOB.secret, "grant_type": "client_credentials"}
    answer = await cognito.token(**job, resource=MCP_URL)
    assert "aud" not in await cognito.claims(answer.json()["access_token"])


@pytest.mark.parametrize("resource", [OTHER_API, "https://unknown.example/"])
async def test_an_oidc_token_is_for_no_other_resource_than_the_one_that_was_granted(
    oidc: Session, resource: str
) -> None:
    refused(await oidc.exchange((await oidc.sign_in())["code"], resource=resource), "invalid_target")
    token = (await oidc.tokens())["refresh_token"]
    refused(await oidc.refresh(token, resource=resource), "invalid_target")
    assert (await oidc.refresh(token, resource=MCP_URL)).status_code == 200


async def test_oidc_grants_no_resource_that_it_does_not_know(oidc: Session) -> None:
    assert (await oidc.sign_in(resource="https://unknown.example/"))["error"] == "invalid_target"


async def test_an_oidc_grant_without_a_resource_may_name_one_later(oidc: Session) -> None:
    code = (await oidc.sign_in(resource=None))["code"]
    answer = await oidc.exchange(code, resource=OTHER_API)
    assert (await oidc.claims(answer.json()["access_token"]))["aud"] == OTHER_API


async def test_an_oidc_client_acts_for_itself_on_the_resource_that_it_names(oidc: Session) -> None:
    job = {"client_id": "nightly job", "client_secret": JOB.secret, "grant_type": "client_credentials"}
    token = (await oidc.token(**job, resource=MCP_URL)).json()["access_token"]
    assert (await oidc.claims(token))["aud"] == MCP_URL
    refused(await oidc.token(**job, resource="https://other.example/mcp"), "invalid_target")


# The official client


class Verifier:
    """A protected server's check of tokens: by the provider's published keys, for its own URL or a known client."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def verify_token(self, token: str) -> AccessToken | None:
        claims = await self.session.claims(token)
        if claims.get("aud", claims["client_id"]) not in {MCP_URL, "nightly job"}:
            return None
        return AccessToken(
            token=token, client_id=claims["client_id"], scopes=claims["scope"].split(), subject=claims["sub"]
        )


async def tools_seen(session: Session, auth: httpx2.Auth) -> list[str]:
    """List the tools of a protected MCP server, in one process with the provider and the client."""
    settings = AuthSettings.model_validate(
        {
            "issuer_url": session.issuer,
            "resource_server_url": MCP_URL,
            "required_scopes": ["mcp/read"],
            "validate_token_resource": False,
        }
    )
    server = MCPServer("protected", token_verifier=Verifier(session), auth=settings)

    @server.tool()
    def ping() -> str:
        return "pong"

    app = server.streamable_http_app(stateless_http=True)
    mounts = {BASE: httpx2.ASGITransport(session.provider.app), "http://127.0.0.1:3000": httpx2.ASGITransport(app)}
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(auth=auth, mounts=mounts) as http,
        McpClient(streamable_http_client(MCP_URL, http_client=http)) as client,
    ):
        return [tool.name for tool in (await client.list_tools()).tools]


async def test_the_official_client_signs_a_user_in(either: Session) -> None:
    received: dict[str, str] = {}

    async def redirect(url: str) -> None:
        page = await either.http.get(url)
        answer = await either.http.post(url, data=Form(page.text).values)
        received.update(parse_qsl(urlsplit(answer.headers["location"]).query))

    async def callback() -> AuthorizationCodeResult:
        return AuthorizationCodeResult.model_validate(received)

    known = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    storage = Storage(
        OAuthClientInformationFull.model_validate(known | {"client_id": "desktop", "issuer": either.issuer})
    )
    metadata = OAuthClientMetadata.model_validate(known)
    assert await tools_seen(either, OAuthClientProvider(MCP_URL, metadata, storage, redirect, callback)) == ["ping"]
    assert storage.tokens is not None
    claims = await either.claims(storage.tokens.access_token)
    assert (claims["aud"], claims["scope"]) == (MCP_URL, "mcp/read")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_the_official_client_acts_for_itself(
    either: Session, method: Literal["client_secret_basic", "client_secret_post"]
) -> None:
    storage = Storage()
    auth = ClientCredentialsOAuthProvider(
        MCP_URL, storage, "nightly job", str(JOB.secret), method, scope="mcp/read", issuer=either.issuer
    )
    assert await tools_seen(either, auth) == ["ping"]
    assert storage.tokens is not None
    assert (await either.claims(storage.tokens.access_token)).get("aud") == {"cognito": None, "oidc": MCP_URL}[
        either.shape
    ]
