"""Everything that must not get past the authorizer, in one table, and the little beside it that must.

Each row is sent to the template as it is built, with a provider in this process that signs what no provider would. Of
every request that is refused the function must not have heard: it writes a line for each message that reaches it.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm

from doors import door
from e2e.conftest import Built

door("http-api-oauth")
from local.gateway.authorizer import GatewayAuthorizer  # noqa: E402
from local.stack import LocalStack, Settings  # noqa: E402
from local.template import Resource  # noqa: E402

pytestmark = pytest.mark.anyio

Sign = Callable[[bytes], bytes]
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.generate()
_SHA256 = RSAAlgorithm(RSAAlgorithm.SHA256)
OTHER_SERVER = "https://elsewhere.example/mcp"
STRANGERS_JWK = RSAAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True) | {"kid": "strangers"}


def by(key: rsa.RSAPrivateKey) -> Sign:
    return lambda signed: _SHA256.sign(signed, key)


def by_secret(secret: bytes) -> Sign:
    return lambda signed: hmac.digest(secret, signed, hashlib.sha256)


def encoded(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class Sent:
    """A request as it goes over the wire; `lines` are its headers beside those that every request has."""

    lines: tuple[str, ...] = ()
    method: str = "POST"
    target: str = "/mcp"
    asks: str = "tools/list"
    form: str | None = None
    host: str | None = None

    def encoded(self, host: str) -> bytes:
        body = self.form or json.dumps({"jsonrpc": "2.0", "id": 1, "method": self.asks})
        kind = "application/x-www-form-urlencoded" if self.form else "application/json"
        lines = [
            f"{self.method} {self.target} HTTP/1.1",
            f"host: {self.host or host}",
            "accept: application/json, text/event-stream",
            f"content-type: {kind}",
            f"content-length: {len(body)}",
            "connection: close",
            *self.lines,
        ]
        return "\r\n".join([*lines, "", body]).encode()


class Front:
    """A served stack: makes tokens with faults, sends requests, and knows what reached the function."""

    def __init__(self, stack: LocalStack, lines: "asyncio.Queue[str]") -> None:
        self.url = stack.door.url(stack.stack)
        self.provider = stack.door.sign_in.provider
        self.people = stack.door.sign_in.people
        self.issuer = stack.door.sign_in.issuer
        routes = {route.properties["RouteKey"]: route for route in stack.stack.of_type("AWS::ApiGatewayV2::Route")}
        (self.scope,) = routes["POST /mcp"].properties["AuthorizationScopes"]
        self._lines = lines

    def issued(self, **claims: object) -> str:
        """Return a token that is good but for `claims`; None removes one."""
        token = {"scopes": self.people.scopes, "subject": "alice", "resource": self.url, **claims}
        return str(self.provider.issue(self.people, **token))

    def forged(
        self, header: object = None, payload: object = None, sign: Sign | None = None, /, **changes: object
    ) -> str:
        """Put a token together; of its header the `changes` are made, and None removes one."""
        usual = {**jwt.get_unverified_header(self.issued()), **changes}
        head = {name: value for name, value in usual.items() if value is not None} if header is None else header
        signed = f"{encoded(head)}.{encoded(self.claims() if payload is None else payload)}"
        return f"{signed}.{encoded((sign or by(self.provider.tokens.key))(signed.encode()))}"

    def claims(self) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(self.issued(), options={"verify_signature": False})
        return claims

    def parts(self, **claims: object) -> list[str]:
        return self.issued(**claims).split(".")

    def public_pem(self) -> bytes:
        return bytes(
            self.provider.tokens.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )

    async def send(self, request: Sent) -> int:
        """Return the status of the answer."""
        parts = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(request.encoded(parts.netloc))
            answer = await reader.read()
        finally:
            writer.close()
        return int(answer.split(b" ", 2)[1])

    async def heard(self) -> list[str]:
        """Return what the function has written since it was last asked.

        A good request goes after the others: theirs would have come before it, as a function serves one at a time.
        """
        assert await self.send(bearer(self.issued(), asks="prompts/list")) == 200
        lines: list[str] = []
        while "prompts/list" not in (line := await asyncio.wait_for(self._lines.get(), 20)):
            lines.append(line)
        return lines

    async def outcome(self, request: Sent) -> tuple[int, list[str]]:
        """Return the status of the answer, and what the function has heard of the request."""
        return await self.send(request), await self.heard()


def bearer(token: str, **request: Any) -> Sent:
    return Sent((f"authorization: Bearer {token}",), **request)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", params=["built", "built_oidc"])
async def front(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[Front]:
    built: Built = request.getfixturevalue(request.param)
    lines: asyncio.Queue[str] = asyncio.Queue()
    settings = Settings(
        built.project,
        built.tools / "runtime/bin/python",
        Path(),
        template=built.template,
        port=0,
        log=lambda _name, line: lines.put_nowait(line),
    )
    async with LocalStack(settings) as running:
        front = Front(running, lines)
        await front.heard()
        yield front


# What is wrong with a token that comes as it should, how it is made, and the status.
TOKENS: list[tuple[str, Callable[[Front], str], int]] = [
    # Who signed it, and how
    ("alg none", lambda at: at.forged(None, None, lambda _: b"", alg="none"), 401),
    ("alg None", lambda at: at.forged(None, None, lambda _: b"", alg="None"), 401),
    ("alg NONE", lambda at: at.forged(None, None, lambda _: b"", alg="NONE"), 401),
    ("alg none, with a signature", lambda at: at.forged(alg="none"), 401),
    ("no alg", lambda at: at.forged(alg=None), 401),
    ("alg of another case", lambda at: at.forged(alg="rs256"), 401),
    ("alg a list", lambda at: at.forged(alg=["RS256"]), 401),
    ("HS256 by the public key as PEM", lambda at: at.forged(None, None, by_secret(at.public_pem()), alg="HS256"), 401),
    (
        "HS256 by the public key as JWK",
        lambda at: at.forged(
            None, None, by_secret(json.dumps(at.provider.tokens.jwks()["keys"][0]).encode()), alg="HS256"
        ),
        401,
    ),
    ("HS256 by an empty secret", lambda at: at.forged(None, None, by_secret(b""), alg="HS256"), 401),
    ("another key under the same kid", lambda at: at.forged(None, None, by(STRANGER)), 401),
    ("an unknown kid", lambda at: at.forged(kid="unknown"), 401),
    ("no kid", lambda at: at.forged(kid=None), 401),
    ("an empty kid", lambda at: at.forged(kid=""), 401),
    ("a kid that is a number", lambda at: at.forged(kid=7), 401),
    ("a kid that is a list", lambda at: at.forged(kid=[at.provider.tokens.kid]), 401),
    ("a kid that is a path", lambda at: at.forged(None, None, by_secret(b""), kid="../../../../dev/null"), 401),
    ("a kid that is SQL", lambda at: at.forged(None, None, by(STRANGER), kid="x' UNION SELECT 'key' --"), 401),
    ("PS256", lambda at: at.forged(None, None, lambda signed: pss(signed, at.provider.tokens.key), alg="PS256"), 401),
    ("ES256", lambda at: at.forged(None, None, elliptic, alg="ES256"), 401),
    ("EdDSA", lambda at: at.forged(None, None, edwards, alg="EdDSA"), 401),
    ("a critical extension that nobody knows", lambda at: at.forged(crit=["exp-strict"], **{"exp-strict": True}), 401),
    ("a payload that is not encoded", lambda at: at.forged(crit=["b64"], b64=False), 401),
    ("its own key", lambda at: at.forged(None, None, by(STRANGER), jwk=STRANGERS_JWK), 401),
    (
        "its own key and its kid",
        lambda at: at.forged(None, None, by(STRANGER), jwk=STRANGERS_JWK, kid="strangers"),
        401,
    ),
    (
        "the address of its own keys",
        lambda at: at.forged(None, None, by(STRANGER), jku="https://evil.example/keys"),
        401,
    ),
    (
        "the address of its own chain",
        lambda at: at.forged(None, None, by(STRANGER), x5u="https://evil.example/x5u"),
        401,
    ),
    ("its own certificate", lambda at: at.forged(None, None, by(STRANGER), x5c=["MIIB"]), 401),
    # What it looks like
    ("no token at all", lambda _: "x", 401),
    ("one segment", lambda at: at.parts()[1], 401),
    ("two segments", lambda at: ".".join(at.parts()[:2]), 401),
    ("an extra segment", lambda at: f"{at.issued()}.x", 401),
    ("five segments", lambda at: f"{at.issued()}.x.y", 401),
    ("a dot at the end", lambda at: f"{at.issued()}.", 401),
    ("an empty signature", lambda at: ".".join([*at.parts()[:2], ""]), 401),
    ("a truncated signature", lambda at: at.issued()[:-14], 401),
    ("a signature with more at its end", lambda at: f"{at.issued()}AAAA", 401),
    ("the signature of another token", lambda at: ".".join([*at.parts()[:2], at.parts(subject="bob")[2]]), 401),
    ("the payload of another token", lambda at: swapped(at, 1), 401),
    ("the header of another token", lambda at: swapped(at, 0), 401),
    ("segments that are no base64", lambda _: "!!!.???.***", 401),
    ("a header that is no JSON", lambda at: at.forged(b"{"), 401),
    ("a header that is a list", lambda at: at.forged([]), 401),
    ("a payload that is no JSON", lambda at: at.forged(None, b"{"), 401),
    ("a payload that is no UTF-8", lambda at: at.forged(None, b'{"a": "\xff"}'), 401),
    ("a payload that is a list", lambda at: at.forged(None, [1]), 401),
    ("a payload that is null", lambda at: at.forged(None, b"null"), 401),
    ("an empty payload", lambda at: at.forged(None, {}), 401),
    ("a payload without end", lambda at: at.forged(None, b"[" * 5_000), 401),
    ("9 kB of nothing", lambda _: "a" * 9_000, 401),
    ("more than a head may have", lambda at: at.issued(filler="x" * 9_000), 431),
    # Who issued it
    ("another issuer", lambda at: at.issued(iss="https://evil.example"), 401),
    ("the issuer with a slash", lambda at: at.issued(iss=f"{at.issuer}/"), 401),
    ("the issuer in capitals", lambda at: at.issued(iss=at.issuer.upper()), 401),
    ("the issuer in a list", lambda at: at.forged(None, {**at.claims(), "iss": [at.issuer]}), 401),
    ("no issuer", lambda at: at.issued(iss=None), 401),
    # Whom it is for
    ("a token for another server", lambda at: at.issued(aud=OTHER_SERVER), 401),
    ("the audience with a slash", lambda at: at.issued(aud=f"{at.url}/"), 401),
    ("the audience's origin", lambda at: at.issued(aud=at.url.removesuffix("/mcp")), 401),
    ("the audience and more", lambda at: at.issued(aud=f"{at.url}2"), 401),
    ("the audience in capitals", lambda at: at.issued(aud=at.url.upper()), 401),
    ("a list of other audiences", lambda at: at.issued(aud=[OTHER_SERVER, f"{at.url}/"]), 401),
    ("an empty audience", lambda at: at.issued(aud=""), 401),
    ("an empty list of audiences", lambda at: at.issued(aud=[]), 401),
    ("an audience within a list", lambda at: at.issued(aud=[[at.url]]), 401),
    ("an audience that is an object", lambda at: at.issued(aud={at.url: True}), 401),
    ("another client's, for nobody", lambda at: at.issued(aud=None, client_id="strangers"), 401),
    ("nobody's, for nobody", lambda at: at.issued(aud=None, client_id=None), 401),
    ("for another server, by our client", lambda at: at.issued(aud=OTHER_SERVER, client_id=at.people.client_id), 401),
    # What it allows
    ("no scope", lambda at: at.issued(scope=None), 403),
    ("an empty scope", lambda at: at.issued(scope=""), 403),
    ("another scope", lambda at: at.issued(scope="openid profile"), 403),
    ("the beginning of the scope", lambda at: at.issued(scope=at.scope[:-1]), 403),
    ("the scope and more", lambda at: at.issued(scope=f"{at.scope}s"), 403),
    ("the end of the scope", lambda at: at.issued(scope="invoke"), 403),
    ("the scope in capitals", lambda at: at.issued(scope=at.scope.upper()), 403),
    ("the scope between commas", lambda at: at.issued(scope=f"openid,{at.scope}"), 403),
    ("an ID token", lambda at: at.issued(scope=None, token_use="id", nonce="n", email="alice@example.com"), 403),
    # When it is good
    ("expired", lambda at: at.issued(exp=int(time()) - 1), 401),
    ("expired long ago", lambda at: at.issued(exp=0), 401),
    ("expires before the epoch", lambda at: at.issued(exp=-1), 401),
    ("never expires", lambda at: at.issued(exp=None), 401),
    ("expires on a text", lambda at: at.issued(exp="tomorrow"), 401),
    ("expires on a list", lambda at: at.issued(exp=[int(time()) + 600]), 401),
    ("expires at infinity", lambda at: at.issued(exp=float("inf")), 401),
    ("expires at NaN", lambda at: at.issued(exp=float("nan")), 401),
    ("not good yet", lambda at: at.issued(nbf=int(time()) + 600), 401),
    ("not good before infinity", lambda at: at.issued(nbf=float("inf")), 401),
    ("issued in the future", lambda at: at.issued(iat=int(time()) + 600), 401),
]


def pss(signed: bytes, key: rsa.RSAPrivateKey) -> bytes:
    return RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256).sign(signed, key)


def elliptic(signed: bytes) -> bytes:
    return ECAlgorithm(ECAlgorithm.SHA256).sign(signed, ELLIPTIC)


def edwards(signed: bytes) -> bytes:
    return OKPAlgorithm().sign(signed, EDWARDS)


def swapped(at: Front, part: int) -> str:
    """Return a good token of which one part is another good token's."""
    parts, others = at.parts(), at.forged(None, {**at.claims(), "sub": "mallory"}, typ="other").split(".")
    parts[part] = others[part]
    return ".".join(parts)


def authorized(value: str, **request: Any) -> Sent:
    return Sent((f"authorization: {value}",), **request)


# What is wrong with a request whose token, if any, is good, how it is made, and the status.
REQUESTS: list[tuple[str, Callable[[Front], Sent], int]] = [
    # Where the token is
    ("no token", lambda _: Sent(), 401),
    ("in the query", lambda at: Sent(target=f"/mcp?access_token={at.issued()}"), 401),
    ("in the body", lambda at: Sent(form=f"access_token={at.issued()}"), 401),
    ("in a cookie", lambda at: Sent((f"cookie: authorization=Bearer {at.issued()}",)), 401),
    ("in X-Authorization", lambda at: Sent((f"x-authorization: Bearer {at.issued()}",)), 401),
    ("in Proxy-Authorization", lambda at: Sent((f"proxy-authorization: Bearer {at.issued()}",)), 401),
    ("in X-Forwarded-Authorization", lambda at: Sent((f"x-forwarded-authorization: Bearer {at.issued()}",)), 401),
    # What is around it
    ("an empty header", lambda _: authorized(""), 401),
    ("Bearer and nothing", lambda _: authorized("Bearer"), 401),
    ("Bearer and a blank", lambda _: authorized("Bearer "), 401),
    ("Bearer, twice", lambda at: authorized(f"Bearer Bearer {at.issued()}"), 401),
    ("Basic", lambda at: authorized(f"Basic {at.issued()}"), 401),
    (
        "Basic, by the rules",
        lambda at: authorized(f"Basic {base64.b64encode(f':{at.issued()}'.encode()).decode()}"),
        401,
    ),
    ("Token", lambda at: authorized(f"Token {at.issued()}"), 401),
    ("DPoP", lambda at: authorized(f"DPoP {at.issued()}"), 401),
    ("a colon for the blank", lambda at: authorized(f"Bearer:{at.issued()}"), 401),
    ("a tab for the blank", lambda at: authorized(f"Bearer\t{at.issued()}"), 401),
    ("in quotes", lambda at: authorized(f'Bearer "{at.issued()}"'), 401),
    ("something after it", lambda at: authorized(f"Bearer {at.issued()} x"), 401),
    ("two tokens", lambda at: authorized(f"Bearer {at.issued()} {at.issued()}"), 401),
    ("two tokens with a comma", lambda at: authorized(f"Bearer {at.issued()},{at.issued()}"), 401),
    ("two headers", lambda at: Sent((f"authorization: Bearer {at.issued()}",) * 2), 401),
    ("two headers, the first bad", lambda at: Sent(("authorization: x", f"authorization: Bearer {at.issued()}")), 401),
    ("two headers, the last bad", lambda at: Sent((f"authorization: Bearer {at.issued()}", "authorization: x")), 401),
    ("a folded line in it", lambda at: authorized(f"Bearer {at.issued()[:20]}\r\n {at.issued()[20:]}"), 401),
    ("a blank in it", lambda at: authorized(f"Bearer {at.issued()[:20]} {at.issued()[20:]}"), 401),
    ("a NUL after it", lambda at: authorized(f"Bearer {at.issued()}\0"), 400),
    ("an accent in it", lambda at: authorized(f"Bearer {at.issued()}é"), 401),
    ("a blank of two bytes before it", lambda at: authorized(f"Bearer\u00a0{at.issued()}"), 401),
    # Where it goes
    ("GET without a token", lambda _: Sent(method="GET"), 401),
    ("GET with a token of another server", lambda at: bearer(at.issued(aud=OTHER_SERVER), method="GET"), 401),
    ("HEAD", lambda at: bearer(at.issued(), method="HEAD"), 404),
    ("PUT", lambda at: bearer(at.issued(), method="PUT"), 404),
    ("PATCH", lambda at: bearer(at.issued(), method="PATCH"), 404),
    ("DELETE", lambda at: bearer(at.issued(), method="DELETE"), 404),
    ("a method of no standard", lambda at: bearer(at.issued(), method="post"), 404),
    ("a method by another name", lambda _: Sent(("x-http-method-override: GET",)), 401),
    ("the origin", lambda at: bearer(at.issued(), target="/"), 404),
    ("a slash more", lambda at: bearer(at.issued(), target="/mcp/"), 404),
    ("a slash more before it", lambda at: bearer(at.issued(), target="//mcp"), 404),
    ("in capitals", lambda at: bearer(at.issued(), target="/MCP"), 404),
    ("below it", lambda at: bearer(at.issued(), target="/mcp/x"), 404),
    ("by way of a path that is open", lambda at: bearer(at.issued(), target="/.well-known/../mcp"), 404),
    ("a slash that is encoded", lambda at: bearer(at.issued(), target="/mcp%2f"), 404),
    ("an encoded path without a token", lambda _: Sent(target="/%6dcp"), 401),
    ("a path that is named elsewhere", lambda _: Sent(("x-original-url: /.well-known/oauth-protected-resource",)), 401),
    ("another host", lambda at: bearer(at.issued(), host="evil.example"), 403),
    ("two hosts", lambda at: Sent((f"authorization: Bearer {at.issued()}", "host: evil.example")), 400),
]

# What AWS documents as good, or by its documentation lets pass. Unverified are those of which it says nothing: schemes
# of another case, which RFC 9110 section 11.1 makes equal, and more than one blank, which section 11.4 allows.
GOOD: list[tuple[str, Callable[[Front], Sent]]] = [
    ("as it should be", lambda at: bearer(at.issued())),
    ("the token alone", lambda at: authorized(at.issued())),
    ("bearer", lambda at: authorized(f"bearer {at.issued()}")),
    ("BEARER", lambda at: authorized(f"BEARER {at.issued()}")),
    ("two blanks", lambda at: authorized(f"Bearer  {at.issued()}")),
    ("a head of 9 kB", lambda at: bearer(at.issued(filler="x" * 6_000))),
    ("one of several audiences", lambda at: bearer(at.issued(aud=[OTHER_SERVER, at.url]))),
    ("another client's, for us", lambda at: bearer(at.issued(client_id="strangers", azp="strangers"))),
    ("one scope of several", lambda at: bearer(at.issued(scope=f"openid {at.scope}"))),
    ("scopes by their other name", lambda at: bearer(at.issued(scope=None, scp=["openid", at.scope]))),
    ("no time but its end", lambda at: bearer(at.issued(iat=None))),
    ("good since now", lambda at: bearer(at.issued(nbf=int(time())))),
    ("an algorithm of the same family", lambda at: bearer(at.forged(None, None, rs512(at), alg="RS512"))),
]


def rs512(at: Front) -> Sign:
    return lambda signed: RSAAlgorithm(RSAAlgorithm.SHA512).sign(signed, at.provider.tokens.key)


@pytest.mark.parametrize(("make", "status"), [pytest.param(make, status, id=name) for name, make, status in TOKENS])
async def test_a_bad_token_is_refused_and_the_function_hears_nothing(
    front: Front, make: Callable[[Front], str], status: int
) -> None:
    assert await front.outcome(bearer(make(front))) == (status, [])


@pytest.mark.parametrize(("make", "status"), [pytest.param(make, status, id=name) for name, make, status in REQUESTS])
async def test_a_bad_request_is_refused_and_the_function_hears_nothing(
    front: Front, make: Callable[[Front], Sent], status: int
) -> None:
    assert await front.outcome(make(front)) == (status, [])


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in GOOD])
async def test_a_good_request_reaches_the_function_once(front: Front, make: Callable[[Front], Sent]) -> None:
    status, (line,) = await front.outcome(make(front))
    assert status == 200
    assert "tools/list" in line


@pytest.mark.parametrize(
    ("make", "status"), [pytest.param(make, status, id=name) for name, make, status in TOKENS if status != 431]
)
async def test_a_gateway_refuses_the_same_tokens(front: Front, make: Callable[[Front], str], status: int) -> None:
    rules = {
        "DiscoveryUrl": f"{front.issuer}/.well-known/openid-configuration",
        "AllowedAudience": [front.url],
        "AllowedScopes": [front.scope],
    }
    properties = {"AuthorizerType": "CUSTOM_JWT", "AuthorizerConfiguration": {"CustomJWTAuthorizer": rules}}
    gateway = GatewayAuthorizer(Resource("Gateway", "AWS::BedrockAgentCore::Gateway", properties, "gw"), "http://gw")
    assert await gateway.refusal({"authorization": f"Bearer {front.issued()}"}) is None
    refusal = await gateway.refusal({"authorization": f"Bearer {make(front)}"})
    assert refusal
    assert refusal.status == status


async def test_a_key_that_was_taken_away_is_good_no_more_once_another_is_used(front: Front) -> None:
    old = front.issued()
    front.provider.rotate_key()
    # The first token of the new key has the keys fetched anew.
    assert await front.heard() == []
    assert await front.outcome(bearer(old)) == (401, [])
