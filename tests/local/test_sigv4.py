"""A request signed by botocore is verified, and one in which anything was changed is not."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.request import HttpRequest
from local.signing.sigv4 import Key, SignatureError, verify

KEY = Key("AKIDEXAMPLE", "secret", "arn:aws:sts::123456789012:assumed-role/local-caller/local", "session token")
USER = Key("AKIDUSER", "other", "arn:aws:iam::123456789012:user/alice")
KEYS = [USER, KEY]
Changed = Callable[[HttpRequest], HttpRequest]


def signed(
    path: str = "/mcp",
    query: str = "",
    body: bytes = b'{"a": 1}',
    *,
    key: Key = KEY,
    headers: Mapping[str, str] | None = None,
    **scope: str,
) -> HttpRequest:
    """Return what a server receives of a request that botocore has signed."""
    url = f"https://id.example:3000{path}" + (f"?{query}" if query else "")
    request = AWSRequest("POST", url, {"content-type": "application/json", **(headers or {})}, body)
    credentials = Credentials(key.access_key, key.secret, key.session_token)
    SigV4Auth(credentials, scope.get("service", "lambda"), scope.get("region", "us-east-1")).add_auth(request)
    received = {name.lower(): value for name, value in request.headers.items()} | {"host": "id.example:3000"}
    cookie = received.pop("cookie", "")
    return HttpRequest(
        method="POST",
        path=path,
        raw_path=path,
        query=query,
        protocol="HTTP/1.1",
        scheme="https",
        source_ip="127.0.0.1",
        headers=received,
        cookies=tuple(filter(None, cookie.split("; "))),
        head=0,
        body=body,
    )


def with_header(name: str, change: Callable[[str], str]) -> Changed:
    return lambda request: replace(request, headers={**request.headers, name: change(request.headers.get(name, ""))})


def without(name: str) -> Changed:
    return lambda request: replace(request, headers={k: v for k, v in request.headers.items() if k != name})


def in_authorization(old: str, new: str) -> Changed:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return with_header("authorization", change)


TODAY = f"{datetime.now(UTC):%Y%m%d}"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/mcp", ""),
        ("/", ""),
        ("/a%20b/%C3%A9", ""),
        ("/a/./b//c/../d", ""),
        ("/~user/$x", "b=2&a=1&a=0&empty=&flag"),
        ("/mcp", "q=a%20b%2Fc&B=%7E"),
    ],
)
def test_what_botocore_signs_is_verified(path: str, query: str) -> None:
    assert verify(signed(path, query), KEYS, service="lambda") is KEY


@pytest.mark.parametrize("body", [b"", b"x" * 1_000_000, bytes(range(256))])
def test_any_body_can_be_signed(body: bytes) -> None:
    assert verify(signed(body=body), KEYS, service="lambda") is KEY


def test_a_key_without_a_session_is_verified() -> None:
    assert verify(signed(key=USER), iter(KEYS), service="lambda") is USER


def test_another_service_and_region_can_be_asked_for() -> None:
    request = signed(service="bedrock-agentcore", region="eu-west-1")
    assert verify(request, KEYS, service="bedrock-agentcore", region="eu-west-1") is KEY


def test_a_stated_hash_of_the_body_is_verified() -> None:
    stated = {"X-Amz-Content-SHA256": sha256(b'{"a": 1}').hexdigest()}
    assert verify(signed(headers=stated), KEYS, service="lambda") is KEY


def test_cookies_and_white_space_in_headers_can_be_signed() -> None:
    assert verify(signed(headers={"cookie": "a=1; b=2", "x-spaced": "a   b"}), KEYS, service="lambda") is KEY


def test_a_header_that_is_not_signed_may_change() -> None:
    request = with_header("user-agent", lambda _: "another")(signed())
    assert verify(request, KEYS, service="lambda") is KEY


def test_a_header_that_botocore_would_leave_out_can_be_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.auth.SIGNED_HEADERS_BLACKLIST", [])
    request = signed(headers={"user-agent": "mine"})
    monkeypatch.undo()
    assert "user-agent" in request.headers["authorization"]
    assert verify(request, KEYS, service="lambda") is KEY
    with pytest.raises(SignatureError):
        verify(with_header("user-agent", lambda _: "yours")(request), KEYS, service="lambda")


@pytest.mark.parametrize(("minutes", "fine"), [(-4.9, True), (4.9, True), (-5.1, False), (5.1, False)])
def test_the_clocks_may_be_five_minutes_apart(minutes: float, fine: bool) -> None:
    now = datetime.now(UTC) + timedelta(minutes=minutes)
    if fine:
        assert verify(signed(), KEYS, service="lambda", now=now) is KEY
        return
    with pytest.raises(SignatureError, match=r"expired: .*5 min" if minutes > 0 else r"not yet current: .*5 min"):
        verify(signed(), KEYS, service="lambda", now=now)


MISMATCH = "signature we calculated does not match"
FAULTS: dict[str, tuple[Changed, str, str]] = {
    "no Authorization": (without("authorization"), "MissingAuthenticationToken", "Missing Authentication Token"),
    "a bearer token": (with_header("authorization", lambda _: "Bearer abc"), "IncompleteSignature", "of the form"),
    "another algorithm": (in_authorization("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), "IncompleteSignature", "of the form"),
    "no credential": (in_authorization("Credential=", "Other="), "IncompleteSignature", "of the form"),
    "no signature": (in_authorization("Signature=", "Other="), "IncompleteSignature", "of the form"),
    "a credential in four parts": (in_authorization("/lambda/", "/"), "IncompleteSignature", "of the form"),
    "two signatures": (
        with_header("authorization", lambda a: a + ", Signature=0"),
        "IncompleteSignature",
        "of the form",
    ),
    "headers twice": (in_authorization("host;", "host;host;"), "IncompleteSignature", "of the form"),
    "an unknown key": (in_authorization(KEY.access_key, "AKIDNOBODY"), "UnrecognizedClient", "token .* is invalid"),
    "another's key": (in_authorization(KEY.access_key, USER.access_key), "UnrecognizedClient", "token .* is invalid"),
    "another region": (in_authorization("/us-east-1/", "/eu-west-1/"), "InvalidSignature", "region 'us-east-1', not"),
    "another service": (in_authorization("/lambda/", "/s3/"), "InvalidSignature", "service 'lambda', not 's3'"),
    "another day": (in_authorization(f"/{TODAY}/", "/20200101/"), "InvalidSignature", "date '20"),
    "another terminator": (in_authorization("aws4_request", "aws4"), "InvalidSignature", "terminator 'aws4_request'"),
    "no date": (without("x-amz-date"), "IncompleteSignature", "Date must be in ISO-8601"),
    "a date in words": (
        with_header("x-amz-date", lambda _: "today"),
        "IncompleteSignature",
        "Date must be in ISO-8601",
    ),
    "another second": (
        with_header("x-amz-date", lambda date: f"{date[:14]}{(int(date[14]) + 1) % 10}Z"),
        "InvalidSignature",
        MISMATCH,
    ),
    "a header not signed": (in_authorization("content-type;", ""), "InvalidSignature", MISMATCH),
    "a date not signed": (in_authorization("x-amz-date;", ""), "InvalidSignature", "were not signed: x-amz-date"),
    "a token not signed": (
        in_authorization(";x-amz-security-token", ""),
        "InvalidSignature",
        "were not signed: x-amz-security-token",
    ),
    "a header more": (with_header("x-amz-target", lambda _: "x"), "InvalidSignature", "were not signed: x-amz-target"),
    "a header less": (without("content-type"), "InvalidSignature", MISMATCH),
    "another header": (with_header("content-type", lambda _: "text/plain"), "InvalidSignature", MISMATCH),
    "another host": (with_header("host", lambda _: "other.example"), "InvalidSignature", MISMATCH),
    "another token": (with_header("x-amz-security-token", lambda _: "x"), "UnrecognizedClient", "token .* is invalid"),
    "no token": (without("x-amz-security-token"), "UnrecognizedClient", "token .* is invalid"),
    "another method": (lambda request: replace(request, method="PUT"), "InvalidSignature", MISMATCH),
    "another path": (lambda request: replace(request, raw_path="/other"), "InvalidSignature", MISMATCH),
    "an encoded path": (lambda request: replace(request, raw_path="/%6dcp"), "InvalidSignature", MISMATCH),
    "a hidden path": (lambda request: replace(request, raw_path="/mcp#/other"), "InvalidSignature", MISMATCH),
    "a query more": (lambda request: replace(request, query="a=1"), "InvalidSignature", MISMATCH),
    "a hidden query": (lambda request: replace(request, query="#a=1"), "InvalidSignature", MISMATCH),
    "another body": (lambda request: replace(request, body=b"{}"), "InvalidSignature", MISMATCH),
    "no body": (lambda request: replace(request, body=b""), "InvalidSignature", MISMATCH),
    "another signature": (in_authorization("Signature=", "Signature=0"), "InvalidSignature", MISMATCH),
    "a signature that is no ASCII": (in_authorization("Signature=", "Signature=é€"), "InvalidSignature", MISMATCH),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_request_with_a_fault_is_refused(fault: str) -> None:
    change, kind, message = FAULTS[fault]
    with pytest.raises(SignatureError, match=message) as caught:
        verify(change(signed()), KEYS, service="lambda")
    assert caught.value.kind == f"{kind}Exception"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (signed(key=replace(KEY, secret="guessed")), MISMATCH),
        (signed(service="s3"), "service 'lambda'"),
        (signed(headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}), "'x-amz-content-sha256' header does not match"),
        (signed(headers={"X-Amz-Content-SHA256": "0" * 64}), "'x-amz-content-sha256' header does not match"),
        (signed(key=replace(USER, session_token="made up")), "token .* is invalid"),
    ],
)
def test_a_request_that_was_signed_wrongly_is_refused(request_: HttpRequest, message: str) -> None:
    with pytest.raises(SignatureError, match=message):
        verify(request_, KEYS, service="lambda")


def test_a_changed_query_or_cookie_is_refused() -> None:
    request = signed(query="a=1&b=2", headers={"cookie": "a=1"})
    for query in ("a=1&b=3", "a=1", ""):
        with pytest.raises(SignatureError, match=MISMATCH):
            verify(replace(request, query=query), KEYS, service="lambda")
    for cookies in (("a=2",), ()):
        with pytest.raises(SignatureError, match=MISMATCH):
            verify(replace(request, cookies=cookies), KEYS, service="lambda")


def test_a_signature_without_the_host_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SigV4Auth, "headers_to_sign", lambda _self, request: request.headers)
    request = signed()
    monkeypatch.undo()
    with pytest.raises(SignatureError, match="'Host' must be a 'SignedHeader'"):
        verify(request, KEYS, service="lambda")


def test_no_keys_are_nobody() -> None:
    with pytest.raises(SignatureError, match=r"token .* is invalid"):
        verify(signed(), [], service="lambda")
