"""The JWT authorizer lets pass what API Gateway would, and refuses the rest with the challenge that it would send."""

import base64
import hashlib
import hmac
import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.bearer.refusal import Refusal
from local.http_api.authorizer import Grant
from local.http_api.jwt_authorizer import JwtAuthorizer
from local.intrinsics import TemplateError
from local.template import Resource

pytestmark = pytest.mark.anyio

AUDIENCE = "https://api.example/mcp"


def authorizer(
    issuer: str, audience: list[str] | None = None, source: str = "$request.header.Authorization"
) -> JwtAuthorizer:
    configuration = {"Issuer": issuer, "Audience": [AUDIENCE, "a-client"] if audience is None else audience}
    properties = {"AuthorizerType": "JWT", "IdentitySource": [source], "JwtConfiguration": configuration}
    return JwtAuthorizer(Resource("Authorizer", "AWS::ApiGatewayV2::Authorizer", properties, "abc"))


def request(query: str = "", **headers: str) -> dict[str, Any]:
    """Return what of an event an authorizer looks at."""
    return {"headers": headers, "rawQueryString": query}


async def decided(issuer: Any, token: str, *, scopes: tuple[str, ...] = (), prefix: str = "Bearer ") -> Grant | Refusal:
    return await authorizer(issuer.url).authorize(request(authorization=prefix + token), scopes)


def refused(description: str) -> Refusal:
    return Refusal(401, f'Bearer scope="" error="invalid_token" error_description="{description}"')


def unsigned(header: dict[str, Any], issuer: Any, secret: bytes | None = None) -> str:
    """Put together what a JWT library would refuse to."""

    def encoded(part: bytes) -> str:
        return base64.urlsafe_b64encode(part).decode().rstrip("=")

    claims = {"iss": issuer.url, "aud": AUDIENCE, "exp": int(time.time()) + 60}
    signed = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest() if secret else b""
    return f"{signed}.{encoded(signature)}"


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
async def test_a_good_token_passes(issuer: Any, algorithm: str) -> None:
    grant = await decided(issuer, issuer.token(algorithm=algorithm))
    assert isinstance(grant, Grant)
    assert grant.context["jwt"]["claims"]["sub"] == "alice"


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer ", "BEARER  "])
async def test_the_prefix_may_be_missing_and_of_any_case(issuer: Any, prefix: str) -> None:
    assert isinstance(await decided(issuer, issuer.token(), prefix=prefix), Grant)


async def test_claims_arrive_as_strings(issuer: Any) -> None:
    claims = {"groups": ["a", "b"], "admin": True, "auth_time": 5, "nested": {"a": [1]}, "exp": 4102444800}
    grant = await decided(issuer, issuer.token(**claims))
    assert isinstance(grant, Grant)
    expected = {"groups": "[a b]", "admin": "true", "auth_time": "5", "nested": '{"a":[1]}', "exp": "4102444800"}
    assert expected.items() <= grant.context["jwt"]["claims"].items()


async def test_scopes_arrive_where_the_route_asks_for_some(issuer: Any) -> None:
    token = issuer.token(scope="mcp/invoke openid")
    with_scopes, without = await decided(issuer, token, scopes=("mcp/invoke",)), await decided(issuer, token)
    assert isinstance(with_scopes, Grant)
    assert isinstance(without, Grant)
    assert with_scopes.context["jwt"]["scopes"] == ["mcp/invoke", "openid"]
    assert without.context["jwt"]["scopes"] is None


@pytest.mark.parametrize("header", [{}, {"authorization": ""}, {"authorization": "Bearer "}])
async def test_no_token_is_a_bare_challenge(issuer: Any, header: dict[str, str]) -> None:
    assert await authorizer(issuer.url).authorize(request(**header), ()) == Refusal(401, "Bearer")


@pytest.mark.parametrize("token", ["x", "a.b.c", "..", "Basic abc", "é.é.é", "e30.e30.e30", "W10.W10.", "bnVsbA.e30."])
async def test_what_is_no_token_is_refused(issuer: Any, token: str) -> None:
    refusal = await decided(issuer, token)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 401
    assert refusal.challenge.isascii()


async def test_an_unsigned_token_is_refused(issuer: Any) -> None:
    for algorithm in ("none", "None", ""):
        token = unsigned({"alg": algorithm, "kid": issuer.kid}, issuer)
        assert await decided(issuer, token) == refused(f"signing method {algorithm} is not supported")


async def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(issuer: Any) -> None:
    for encoding, form in ((Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), (Encoding.DER, PublicFormat.PKCS1)):
        secret = issuer.key.public_key().public_bytes(encoding, form)
        token = unsigned({"alg": "HS256", "kid": issuer.kid}, issuer, secret)
        assert await decided(issuer, token) == refused("signing method HS256 is not supported")


async def test_a_token_of_another_key_is_refused(issuer: Any) -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    assert await decided(issuer, issuer.token(key=stranger)) == refused("Signature verification failed")


async def test_a_token_whose_payload_was_changed_is_refused(issuer: Any) -> None:
    head, _, signature = issuer.token().split(".")
    payload = issuer.token(sub="mallory").split(".")[1]
    assert await decided(issuer, f"{head}.{payload}.{signature}") == refused("Signature verification failed")


@pytest.mark.parametrize(
    ("header", "description"),
    [
        ({"kid": "unknown"}, "the issuer has no key with the token's kid"),
        ({"kid": "elliptic"}, "the issuer has no key with the token's kid"),
        ({"kid": None}, "the token does not have a kid"),
    ],
)
async def test_a_key_that_the_issuer_does_not_publish_is_refused(
    issuer: Any, header: dict[str, Any], description: str
) -> None:
    token = unsigned({"alg": "RS256"} | {name: value for name, value in header.items() if value}, issuer)
    assert await decided(issuer, token) == refused(description)


@pytest.mark.parametrize(
    ("claims", "description"),
    [
        ({"iss": "https://elsewhere.example"}, "the token does not have a valid issuer"),
        ({"iss": None}, "the token does not have a valid issuer"),
        ({"aud": "https://elsewhere.example"}, "the token does not have a valid audience"),
        ({"aud": f"{AUDIENCE}/"}, "the token does not have a valid audience"),
        ({"aud": ["x", "y"]}, "the token does not have a valid audience"),
        ({"aud": []}, "the token does not have a valid audience"),
        ({"aud": None}, "the token does not have a valid audience"),
        ({"aud": None, "client_id": "b-client"}, "the token does not have a valid audience"),
        ({"aud": "https://elsewhere.example", "client_id": "a-client"}, "the token does not have a valid audience"),
        ({"exp": int(time.time()) - 1}, "Signature has expired"),
        ({"exp": None}, "Token is missing the exp claim"),
        ({"exp": "soon"}, "Expiration Time claim (exp) must be an integer."),
        ({"nbf": 4102444800}, "The token is not yet valid (nbf)"),
        ({"iat": 4102444800}, "The token is not yet valid (iat)"),
    ],
)
async def test_a_claim_that_is_wrong_is_refused(issuer: Any, claims: dict[str, Any], description: str) -> None:
    refusal = await decided(issuer, issuer.token(**claims))
    assert isinstance(refusal, Refusal)
    assert refusal.status == 401
    assert description.replace('"', " ") in refusal.challenge.replace("  ", " ")


async def test_the_challenge_for_a_wrong_audience_is_the_documented_one(issuer: Any) -> None:
    assert await decided(issuer, issuer.token(aud="x")) == refused("the token does not have a valid audience")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["x", AUDIENCE]},
        {"aud": None, "client_id": "a-client"},
        {"client_id": "b-client"},
        {"nbf": 5, "iat": None, "sub": 7, "jti": 8},
    ],
)
async def test_claims_that_api_gateway_accepts_pass(issuer: Any, claims: dict[str, Any]) -> None:
    assert isinstance(await decided(issuer, issuer.token(**claims)), Grant)


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": "openid mcp/invoke"},
        {"scope": None, "scp": "openid mcp/read"},
        {"scope": None, "scp": ["openid", "mcp/read"]},
    ],
)
async def test_one_of_the_routes_scopes_is_enough(issuer: Any, claims: dict[str, Any]) -> None:
    assert isinstance(await decided(issuer, issuer.token(**claims), scopes=("mcp/invoke", "mcp/read")), Grant)


@pytest.mark.parametrize(
    "claims",
    [{"scope": "openid"}, {"scope": None}, {"scope": 7}, {"scope": "mcp/invoke2 mcp"}, {"scope": None, "scp": [7, {}]}],
)
async def test_a_token_without_the_routes_scope_is_forbidden(issuer: Any, claims: dict[str, Any]) -> None:
    refusal = await decided(issuer, issuer.token(**claims), scopes=("mcp/invoke", "mcp/read"))
    assert isinstance(refusal, Refusal)
    assert refusal.status == 403
    assert refusal.challenge.startswith('Bearer scope="mcp/invoke mcp/read" error="insufficient_scope"')


async def test_what_a_token_says_cannot_break_out_of_the_challenge(issuer: Any) -> None:
    refusal = await decided(issuer, unsigned({"alg": 'x", realm="\r\nset-cookie: a=b', "kid": "a"}, issuer))
    assert isinstance(refusal, Refusal)
    assert refusal.challenge.count('"') == 6
    assert "\n" not in refusal.challenge


async def test_keys_are_fetched_once_and_again_for_a_new_one(issuer: Any) -> None:
    keeps = authorizer(issuer.url)
    issuer.paths.clear()
    for _ in range(2):
        assert isinstance(await keeps.authorize(request(authorization=issuer.token()), ()), Grant)
    assert issuer.paths == ["/.well-known/openid-configuration", "/keys"]
    was = issuer.kid, issuer.key
    issuer.kid, issuer.key = "second", rsa.generate_private_key(65537, 2048)
    assert isinstance(await keeps.authorize(request(authorization=issuer.token()), ()), Grant)
    issuer.kid, issuer.key = was


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "file:///etc", "http://[", "no url at all"])
async def test_an_issuer_that_cannot_be_reached_is_a_refusal(
    issuer: Any, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = issuer.token()
    with caplog.at_level(logging.WARNING, "local"):
        refusal = await authorizer(url).authorize(request(authorization=token), ())
    assert isinstance(refusal, Refusal)
    assert refusal.status == 401
    assert f"no keys from {url}" in caplog.text
    assert token not in caplog.text


async def test_keys_are_not_read_from_files(issuer: Any, tmp_path: Path) -> None:
    (tmp_path / ".well-known").mkdir()
    (tmp_path / ".well-known" / "openid-configuration").write_text(json.dumps({"jwks_uri": f"{issuer.url}/keys"}))
    url = tmp_path.as_uri()
    refusal = await authorizer(url).authorize(request(authorization=issuer.token(iss=url)), ())
    assert isinstance(refusal, Refusal)


async def test_the_token_may_come_from_the_query(issuer: Any) -> None:
    by_query = authorizer(issuer.url, source="$request.querystring.token")
    assert isinstance(await by_query.authorize(request(f"a=b&token={issuer.token()}"), ()), Grant)
    assert await by_query.authorize(request("a=b", authorization=issuer.token()), ()) == Refusal(401, "Bearer")


@pytest.mark.parametrize(
    ("source", "audience", "issuer_url"),
    [
        ("$context.identity", [AUDIENCE], "https://a"),
        ("$request.header.A", [], "https://a"),
        ("$request.header.A", ["a"], ""),
    ],
)
async def test_a_configuration_that_api_gateway_would_not_accept_is_refused(
    source: str, audience: list[str], issuer_url: str
) -> None:
    with pytest.raises(TemplateError, match="Authorizer needs"):
        authorizer(issuer_url, audience, source)
