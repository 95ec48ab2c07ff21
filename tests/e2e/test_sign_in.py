"""Signing in from nothing but the MCP URL, with the official SDKs' own OAuth clients."""

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from e2e.callers import Bearer, connected
from e2e.conftest import Stack
from oauth_storage import Storage

pytestmark = pytest.mark.anyio
CALLBACK = "http://localhost:3118/callback"
# What a program says of itself that asks to be registered.
PROGRAM = OAuthClientMetadata.model_validate(
    {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "client_name": "test"}
)


class Browser:
    """Follows the sign-in page as a person would: type a name, press the button, return to the client."""

    def __init__(self) -> None:
        self.visited: list[str] = []
        self.returned: dict[str, str] = {}

    async def go(self, url: str) -> None:
        self.visited.append(url)
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        async with httpx2.AsyncClient() as http:
            page = await http.get(url)
            assert page.status_code == 200, page.text
            response = await http.post(url.split("?", maxsplit=1)[0], data={**query, "username": "alice"})
        assert response.status_code == 302, response.text
        location = urlsplit(response.headers["location"])
        assert f"{location.scheme}://{location.netloc}{location.path}" == CALLBACK
        self.returned = {name: values[0] for name, values in parse_qs(location.query).items()}

    async def come_back(self) -> AuthorizationCodeResult:
        answer = self.returned
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))


def claims(tokens: OAuthToken | None) -> dict[str, Any]:
    assert tokens
    decoded: dict[str, Any] = jwt.decode(tokens.access_token, options={"verify_signature": False})
    return decoded


async def test_a_person_signs_in_with_nothing_but_the_url(stack: Stack) -> None:
    storage, browser = Storage(), Browser()
    auth = OAuthClientProvider(stack.mcp_url, PROGRAM, storage, browser.go, browser.come_back)
    async with connected(stack, auth=auth) as client:
        for _ in range(2):
            assert (await client.call_tool("count_s3_buckets")).structured_content == {"buckets": 3}
    assert storage.client
    (asked,) = (parse_qs(urlsplit(url).query) for url in browser.visited)
    assert asked["client_id"] == [storage.client.client_id]
    assert asked["resource"] == [stack.mcp_url]
    token = claims(storage.tokens)
    assert (token["aud"], token["client_id"]) == (stack.mcp_url, storage.client.client_id)


async def test_who_registers_is_given_the_one_client_that_cognito_knows_and_with_oidc_a_new_one(
    cognito: Stack, oidc: Stack
) -> None:
    for stack in (cognito, oidc):
        storage, browser = Storage(), Browser()
        auth = OAuthClientProvider(stack.mcp_url, PROGRAM, storage, browser.go, browser.come_back)
        async with connected(stack, auth=auth) as client:
            assert (await client.list_tools()).tools
        assert storage.client
        assert storage.client.client_secret is None
        assert (storage.client.client_id == stack.client_id) is (stack is cognito)


async def test_a_client_whose_token_has_expired_refreshes_it_and_nobody_signs_in_again(stack: Stack) -> None:
    storage, browser = Storage(), Browser()
    auth = OAuthClientProvider(stack.mcp_url, PROGRAM, storage, browser.go, browser.come_back)
    async with connected(stack, auth=auth) as client:
        assert (await client.list_tools()).tools
        before = storage.tokens
        assert before
        # An hour has passed, as far as the client can tell.
        auth.context.token_expiry_time = 1.0
        assert (await client.call_tool("count_s3_buckets")).structured_content == {"buckets": 3}
    assert storage.tokens
    assert storage.tokens.access_token != before.access_token
    assert storage.tokens.refresh_token != before.refresh_token
    assert claims(storage.tokens)["aud"] == stack.mcp_url
    assert len(browser.visited) == 1


@pytest.mark.parametrize("line", ["1", "2"])
def test_the_typescript_client_signs_in_with_nothing_but_the_url_and_refreshes(
    stack: Stack, typescript: Path, line: str
) -> None:
    command = ["node", "sign_in.mjs", line, stack.mcp_url, "count_s3_buckets"]
    done = subprocess.run(command, cwd=typescript, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["answers"] == [{"buckets": 3}] * 2
    (asked,) = (parse_qs(urlsplit(url).query) for url in told["visited"])
    assert asked["client_id"] == [told["client_id"]]
    assert asked["resource"] == [stack.mcp_url]
    assert asked["code_challenge_method"] == ["S256"]
    assert told["rotated"] == [True, True]


def test_the_typescript_clients_come_from_the_public_registry(typescript: Path) -> None:
    # npm writes down the registry that it used; a mirror's name is nobody else's business, and of no use to them.
    packages = json.loads((typescript / "package-lock.json").read_text())["packages"]
    resolved = [package["resolved"] for name, package in packages.items() if name]
    assert resolved
    assert all(url.startswith("https://registry.npmjs.org/") for url in resolved)


async def test_a_person_signs_in_with_the_url_and_a_client_id(stack: Stack) -> None:
    known = OAuthClientInformationFull.model_validate(
        {"client_id": stack.client_id, "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    )
    storage, browser = Storage(known), Browser()
    auth = OAuthClientProvider(stack.mcp_url, PROGRAM, storage, browser.go, browser.come_back)
    async with connected(stack, auth=auth) as client:
        for _ in range(2):
            assert (await client.call_tool("count_s3_buckets")).structured_content == {"buckets": 3}
    (asked,) = (parse_qs(urlsplit(url).query) for url in browser.visited)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["resource"] == [stack.mcp_url]
    token = claims(storage.tokens)
    # Bound to the server: the audience is the very URL that the client was given.
    assert token["aud"] == stack.mcp_url
    assert token["iss"] == stack.issuer


async def test_a_service_signs_in_with_its_secret(stack: Stack) -> None:
    # What the protected resource names as its authorization server; with Cognito that is this server's own façade.
    document = httpx2.get(stack.outputs["ProtectedResourceMetadataUrl"]).json()
    auth = ClientCredentialsOAuthProvider(
        stack.mcp_url,
        Storage(),
        stack.machine_client_id,
        stack.machine_client_secret,
        "client_secret_basic",
        issuer=document["authorization_servers"][0],
    )
    async with connected(stack, auth=auth) as client:
        assert (await client.call_tool("count_s3_buckets")).structured_content == {"buckets": 3}


async def test_cognitos_machine_token_has_no_audience_and_is_accepted_by_its_client(cognito: Stack) -> None:
    token = cognito.machine_token()
    assert "aud" not in jwt.decode(token, options={"verify_signature": False})
    async with connected(cognito, auth=Bearer(token)) as client:
        assert (await client.list_tools()).tools


async def test_the_documents_are_where_clients_look_and_name_the_url_exactly(stack: Stack) -> None:
    async with httpx2.AsyncClient() as http:
        for path in ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"):
            response = await http.get(stack.origin + path, headers={"origin": "http://localhost:6274"})
            assert response.status_code == 200
            assert "max-age" in response.headers["cache-control"]
            assert response.headers["access-control-allow-origin"] == "http://localhost:6274"
            document = response.json()
            assert document["resource"] == stack.mcp_url == stack.outputs["McpUrl"]
            assert document["scopes_supported"]
        assert stack.outputs["ProtectedResourceMetadataUrl"].endswith("/.well-known/oauth-protected-resource/mcp")


async def test_cognitos_lack_of_metadata_is_made_up_for(cognito: Stack) -> None:
    async with httpx2.AsyncClient() as http:
        own = (await http.get(f"{cognito.issuer}/.well-known/openid-configuration")).json()
        ours = (await http.get(f"{cognito.origin}/.well-known/oauth-authorization-server")).json()
        keys = (await http.get(ours["jwks_uri"])).json()
    assert "code_challenge_methods_supported" not in own
    assert ours["code_challenge_methods_supported"] == ["S256"]
    assert ours["issuer"] == cognito.origin
    for endpoint in ("authorization_endpoint", "token_endpoint", "revocation_endpoint", "jwks_uri"):
        assert ours[endpoint] == own[endpoint]
    assert keys["keys"]


async def test_with_another_provider_the_client_is_sent_straight_to_it(oidc: Stack) -> None:
    async with httpx2.AsyncClient() as http:
        document = (await http.get(f"{oidc.origin}/.well-known/oauth-protected-resource/mcp")).json()
        facade = await http.get(f"{oidc.origin}/.well-known/oauth-authorization-server")
    assert document["authorization_servers"] == [oidc.issuer]
    assert facade.status_code == 404
