"""The parts of the doctor with many cases: URLs, challenges, tokens, clocks and answers."""

import base64
import json
from typing import Any

import pytest

from doctor import clock, documents, grants, report, streamable_http, tokens, urls, web
from doctor.authorization_server import AuthorizationServer, places
from doctor.bearer import refused
from doctor.challenge import bearer
from doctor.clock import Clock
from doctor.hop import BrokenError, Hop, UncheckedError
from doctor.protocol import Conversation
from doctor.tokens import Claims
from doctor.web import Response

URL = "https://api.example/mcp"
NOW = 1_800_000_000


def answer(status: int = 200, body: bytes | str = b"", seconds: float = 0.1, **headers: str) -> Response:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(URL, status, named, body.encode() if isinstance(body, str) else body, seconds)


def token(payload: object, header: object = None) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"} if header is None else header, payload)]
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), "c2ln"])


@pytest.mark.parametrize(
    "url", [URL, "https://api.example:8443/mcp", "http://localhost:3000/mcp", "http://[::1]:1/mcp"]
)
def test_a_url_that_can_be_a_servers_passes(url: str) -> None:
    assert "/mcp" in urls.checked(url)


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("https://api.example/mcp/", "ends in a slash"),
        ("https://api.example/Prod/mcp", "/Prod in front"),
        ("https://api.example/Prod/mcp/", "/Prod in front"),
        ("https://api.example", "the server is at /mcp"),
        ("https://api.example/", "the server is at /mcp"),
        ("https://api.example/sse", "The path is /sse"),
        ("https://api.example/mcp?", "a query"),
        ("https://api.example/mcp#x", "a fragment"),
        ("http://api.example/mcp", "https alone"),
        ("http://localhost.example/mcp", "https alone"),
        ("ftp://api.example/mcp", "The scheme is ftp"),
        ("https://me@api.example/mcp", "more than a host"),
        ("https:///mcp", "names no host"),
        ("api.example/mcp", "names no host"),
        ("https://api.example:port/mcp", "is no URL"),
        ("https://[::1/mcp", "is no URL"),
    ],
)
def test_a_url_that_cannot_be_a_servers_is_told_why(url: str, cause: str) -> None:
    with pytest.raises(BrokenError) as error:
        urls.checked(url)
    assert cause in error.value.cause
    assert error.value.cure


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ("https://api.example/mcp/", "it has a slash at its end"),
        ("http://api.example/mcp", "the scheme is http, not https"),
        ("https://API.example/mcp", "the host has capital letters"),
        ("https://other.example/mcp", "the host is other.example, not api.example"),
        ("https://api.example:443/mcp", "the host is api.example:443, not api.example"),
        ("https://api.example/prod/mcp", "it has the stage or path /prod in front of /mcp"),
        ("https://api.example", "the path is missing, not /mcp"),
        ("https://api.example/mcp?x", "it has another query or fragment"),
        (
            "http://x.example/mcp/",
            "the scheme is http, not https, and the host is x.example, not api.example, and it has",
        ),
        ("", "the scheme is missing, not https"),
        ("https://[", "the scheme is missing, not https"),
    ],
)
def test_how_two_urls_differ_is_said(found: str, told: str) -> None:
    assert told in urls.difference(found, URL)


def test_an_issuer_that_lacks_its_slash_is_said() -> None:
    assert urls.difference("https://idp.example", "https://idp.example/") == "it lacks the slash at its end"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", None),
        ("Basic realm=x", None),
        ("Bearer", {}),
        ("bearer", {}),
        ('Bearer error=x, error_description="it, expired"', {"error": "x", "error_description": "it, expired"}),
        ('Bearer scope="" error="invalid_token"', {"scope": "", "error": "invalid_token"}),
        (f"Bearer resource_metadata={URL}", {"resource_metadata": URL}),
        (f'Bearer Resource_Metadata = "{URL}"', {"resource_metadata": URL}),
        ('Basic realm="Bearer scope=x", Bearer scope="a b"', {"scope": "a b"}),
        ('Bearer scope="a", Basic realm="b", scope="c"', {"scope": "a"}),
        (r'Bearer error_description="a \"quoted\" word"', {"error_description": 'a "quoted" word'}),
        ('Bearer, Bearer scope="second"', {}),
        ("NotBearer scope=x", None),
        ('Bearer "', {}),
    ],
)
def test_a_challenge_is_read_by_its_grammar(header: str, found: dict[str, str] | None) -> None:
    assert bearer(header) == found


def test_the_metadata_of_an_issuer_is_looked_for_where_clients_look_and_in_their_order() -> None:
    assert places("https://idp.example") == [
        "https://idp.example/.well-known/oauth-authorization-server",
        "https://idp.example/.well-known/openid-configuration",
    ]
    assert places("https://idp.example/tenant/") == places("https://idp.example/tenant")
    assert places("https://idp.example/tenant") == [
        "https://idp.example/.well-known/oauth-authorization-server/tenant",
        "https://idp.example/.well-known/openid-configuration/tenant",
        "https://idp.example/tenant/.well-known/openid-configuration",
    ]


def test_an_endpoint_that_is_missing_or_not_safe_for_secrets_is_none() -> None:
    server = AuthorizationServer("https://idp.example")
    assert server.endpoint("token_endpoint") is None
    for url, used in (("https://a/", True), ("http://localhost:1/", True), ("http://a/", False), ("file:///", False)):
        server.metadata = {"token_endpoint": url}
        assert (server.endpoint("token_endpoint") is not None) is used


def test_an_issuer_that_is_no_url_has_no_metadata_and_breaks_nothing() -> None:
    for issuer in ("https://[", "idp", ""):
        with pytest.raises(BrokenError, match="not a web address"):
            AuthorizationServer(issuer).fetch()


def test_a_secret_that_no_header_can_carry_is_told_and_not_quoted() -> None:
    for secret in ("s3cret\n", "s3cr\u00e9t", "s3\0cret"):
        with pytest.raises(BrokenError) as error:
            web.exchange("GET", "http://127.0.0.1:9/", {"authorization": f"Bearer {secret}"})
        assert "sent as authorization has characters" in error.value.cause
        assert "s3" not in error.value.cause


@pytest.mark.parametrize(
    "opaque", ["", "a.b", "a.b.c", "a.b.c.d", token([]), token({}, []), "e30.e3.x", f"{'[' * 9}.e30.x", "\u00e9.e30.x"]
)
def test_what_is_no_token_has_no_claims(opaque: str) -> None:
    assert tokens.read(opaque) is None


def test_a_tokens_claims_are_read_in_every_form_that_providers_use() -> None:
    plain = tokens.read(token({"iss": "i", "aud": URL, "scope": "a b", "exp": 5}))
    listed = tokens.read(
        token({"aud": [URL, 7, "other"], "scp": ["a", "b c"], "exp": "soon", "iat": True, "nbf": 10**400})
    )
    assert plain
    assert listed
    assert (plain.text("iss"), plain.audience, plain.scopes, plain.time("exp")) == ("i", [URL], frozenset("ab"), 5.0)
    assert (listed.text("iss"), listed.audience, listed.scopes) == ("", [URL, "other"], frozenset("abc"))
    assert [listed.time(name) for name in ("exp", "iat", "nbf")] == [None, None, None]


def test_what_a_token_is_for_is_said() -> None:
    assert "for this URL" in tokens.described(Claims({"aud": URL}), URL)
    assert f"for {URL}/, which is not this URL" in tokens.described(Claims({"aud": f"{URL}/"}), URL)
    assert "its client abc counts" in tokens.described(Claims({"client_id": "abc"}), URL)


@pytest.mark.parametrize(
    ("claims", "ahead", "told"),
    [
        ({"exp": 3600}, None, "good for 60 min"),
        ({"exp": 3600, "iat": 0}, 0, "good for 60 min"),
        ({"exp": 3600, "iat": 50}, 0, "good for 60 min"),
        ({}, 0, "does not say until when"),
        ({"exp": -60}, 3600, "good for 59 min by the server's clock, though expired by this machine's"),
    ],
)
def test_a_token_that_is_good_says_for_how_long(
    monkeypatch: pytest.MonkeyPatch, claims: dict[str, int], ahead: int | None, told: str
) -> None:
    monkeypatch.setattr(tokens, "time", lambda: NOW)
    monkeypatch.setattr(clock, "time", lambda: NOW)
    made = Claims({name: NOW + seconds for name, seconds in claims.items()})
    assert told in tokens.check_times(made, None if ahead is None else Clock(ahead))


@pytest.mark.parametrize(
    ("claims", "ahead", "told"),
    [
        ({"exp": -60}, None, "expired 60 s ago."),
        ({"exp": 0}, 0, "expired 0 s ago."),
        ({"exp": 60}, -3600, "by the server's clock, not by this machine's: this machine's clock is 3600 s behind"),
        ({"exp": 7200, "nbf": 3600}, 0, "not good for 3600 s yet."),
        ({"exp": 7200, "iat": 0}, 3600, "not good for 3600 s yet by the server's clock, not by this machine's"),
    ],
)
def test_a_token_that_is_not_good_now_is_told_by_which_clock(
    monkeypatch: pytest.MonkeyPatch, claims: dict[str, int], ahead: int | None, told: str
) -> None:
    monkeypatch.setattr(tokens, "time", lambda: NOW)
    monkeypatch.setattr(clock, "time", lambda: NOW)
    made = Claims({name: NOW + seconds for name, seconds in claims.items()})
    with pytest.raises(BrokenError) as error:
        tokens.check_times(made, None if ahead is None else Clock(ahead))
    assert told in error.value.cause


def test_a_clock_is_read_from_the_date_header() -> None:
    read = clock.read(answer(date="Fri, 31 Dec 1999 23:59:59 GMT"))
    assert read
    assert not read.agrees
    assert read.now() == pytest.approx(946_684_799, abs=2)
    with pytest.raises(BrokenError, match="ahead of the server's"):
        read.checked()
    assert clock.read(answer()) is None
    assert clock.read(answer(date="yesterday")) is None
    assert Clock(-60).checked()


@pytest.mark.parametrize(
    ("claims", "challenge", "told"),
    [
        (None, "", "no JSON Web Token"),
        ({"aud": f"{URL}/"}, 'error_description="the token does not have a valid audience"', f"it is for {URL}/"),
        ({"client_id": "abc"}, 'error_description="the token does not have a valid audience"', "its client abc alone"),
        ({"aud": URL}, 'error_description="the token does not have a valid audience"', "for exactly this URL"),
        ({"aud": "other"}, 'error="invalid_token"', "it is for other"),
        (
            {"aud": URL, "iss": "i"},
            'error_description="the token does not have a valid issuer"',
            "The token is from i;",
        ),
        ({"aud": URL}, 'error_description="the token has expired"', "expired, or not yet good"),
        ({"aud": URL}, 'error_description="no appropriate key"', "It says: no appropriate key"),
        ({"aud": URL}, 'error_description="no key for the token"', "It says: no key for the token"),
    ],
)
def test_a_refused_token_is_explained_by_the_challenge_and_its_claims(
    claims: dict[str, Any] | None, challenge: str, told: str
) -> None:
    refusal = answer(401, www_authenticate=f"Bearer {challenge}")
    error = refused(refusal, Claims(claims) if claims else None, URL, scopes=["invoke"], issuer=None)
    assert told in error.cause


def test_where_the_right_issuer_is_known_another_one_is_the_cause() -> None:
    error = refused(answer(401), Claims({"iss": "https://a/", "aud": "x"}), URL, scopes=[], issuer="https://a")
    assert "another issuer, https://a" in error.cause


@pytest.mark.parametrize(
    ("scope", "challenge", "told"),
    [
        ("openid", 'Bearer error="insufficient_scope", scope="invoke"', "lacks the scope invoke; it has openid"),
        ("openid", "", "lacks the scope invoke or write; it has openid"),
        ("invoke", 'Bearer error="insufficient_scope", scope="invoke write"', "lacks the scope write; it has invoke"),
        ("invoke", "", "though the token has the scope"),
    ],
)
def test_a_403_names_the_scope_that_is_lacking(scope: str, challenge: str, told: str) -> None:
    refusal = answer(403, "{}", www_authenticate=challenge)
    error = refused(refusal, Claims({"scope": scope}), URL, scopes=["invoke", "write"], issuer=None)
    assert told in error.cause


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (answer(404), "no such route"),
        (answer(421), "421"),
        (answer(429), "too many requests"),
        (answer(500, '{"message":"Internal Server Error"}'), "The function fails: 500"),
        (answer(503, seconds=30.1), "too long: 503 after 30 s"),
        (answer(503, seconds=1), "The function fails: 503"),
        (answer(308, location="/mcp/"), "redirect to /mcp/"),
        (answer(404, content_type="text/html; charset=utf-8"), "HTML page with status 404"),
        (answer(500, b"<!DOCTYPE html><p>"), "HTML page with status 500"),
        (answer(418), "418: an empty body"),
    ],
)
def test_an_answer_that_is_none_is_told_by_its_status(response: Response, told: str) -> None:
    assert told in streamable_http.fault(response).cause


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (answer(200, "{}"), "content type is missing"),
        (answer(200, "{}", content_type="text/plain"), "content type is text/plain"),
        (answer(200, "[]", content_type="application/json"), "no object"),
        (answer(200, "{", content_type="application/json"), "is not JSON"),
        (answer(200, "[" * 100_000, content_type="application/json"), "is not JSON"),
        (answer(302, location="https://x.example/"), "redirect to https://x.example/"),
        (answer(200, "<!doctype html>", content_type="text/html"), "HTML page"),
        (answer(403, "no"), "the answer is 403, not a document: no"),
    ],
)
def test_a_document_that_clients_cannot_read_is_told(response: Response, told: str) -> None:
    with pytest.raises(BrokenError) as error:
        documents.read(response, "a document", "")
    assert told in error.value.cause


def test_a_token_answered_under_another_name_is_not_printed() -> None:
    error = grants.refused("The token endpoint", answer(200, json.dumps({"id_token": "s3cret"})))
    assert error.cause == "The token endpoint answers 200: without an access token"


def walked(conversation: Conversation) -> dict[str, str]:
    ends = {}
    for hop in conversation.hops():
        try:
            ends[hop.name.split(",")[0]] = hop.walk()
        except BrokenError as error:
            ends[hop.name.split(",")[0]] = f"broken: {error.cause}"
        except UncheckedError as reason:
            ends[hop.name.split(",")[0]] = f"unchecked: {reason}"
    return ends


def tool(name: str, *required: str, read_only: object = True) -> dict[str, Any]:
    annotations = {"readOnlyHint": read_only}
    return {"name": name, "annotations": annotations, "inputSchema": {"type": "object", "required": list(required)}}


@pytest.mark.parametrize(
    ("tools", "named", "told"),
    [
        ([tool("write", read_only=False), tool("search", "text"), tool("count")], None, "count answered 3"),
        ([tool("write", read_only=False)], "write", "write answered 3"),
        (
            [tool("write", read_only="yes"), tool("search", "text")],
            None,
            "unchecked: no tool says that it is read-only",
        ),
        ([{"name": "bare"}, "odd", {"annotations": []}], None, "unchecked: no tool says that it is read-only"),
        ([], None, "unchecked: no tool says that it is read-only"),
        ("odd", None, "unchecked"),
    ],
)
def test_only_a_harmless_tool_is_called_unless_one_is_named(tools: Any, named: str | None, told: str) -> None:
    def ask(message: Any) -> dict[str, Any]:
        results: dict[str, Any] = {
            "server/discover": {"supportedVersions": ["2026-07-28"]},
            "initialize": {"protocolVersion": "2025-11-25"},
            "tools/list": {"tools": tools},
            "tools/call": {"content": [{"type": "text", "text": "3"}]},
        }
        return {"jsonrpc": "2.0", "id": 1, "result": results[message.method]}

    assert told in walked(Conversation(ask, named))["tools/call"]


def test_a_server_of_earlier_revisions_alone_is_spoken_to_in_theirs() -> None:
    asked = []

    def ask(message: Any) -> dict[str, Any]:
        asked.append(message)
        if message.method == "server/discover":
            return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "Method not found"}}
        return {
            "jsonrpc": "2.0",
            "id": 1,
            "result": {"tools": [tool("count")], "isError": message.method == "tools/call"},
        }

    ends = walked(Conversation(ask, None))
    assert "earlier revisions alone" in ends["server/discover"]
    assert ends["tools/call"] == "broken: count answers with an error: nothing"
    assert asked[-1].headers == {"mcp-protocol-version": "2025-11-25"}
    assert "_meta" not in asked[-1].params


def test_after_a_refusal_nothing_more_is_asked() -> None:
    def ask(_: Any) -> dict[str, Any]:
        raise BrokenError("no", "yes")

    ends = walked(Conversation(ask, None))
    assert ends.pop("server/discover") == "broken: no"
    assert set(ends.values()) == {"unchecked: the request above failed already"}


def test_a_secret_is_printed_by_no_hop_and_a_terminal_is_driven_by_none(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> str:
        raise BrokenError("it said s3cret-token\x1b[2J", "no s3cret-token")

    printed = report.Report()
    printed.conceal("s3cret-token")
    printed.walk([Hop("one", lambda: "s3cret-token"), Hop("two", broken)])
    assert printed.end(["s3cret-token"]) == 1
    output = capsys.readouterr().out
    assert "s3cret" not in output
    assert "\x1b" not in output
    assert output.count("[secret]") == 4


def test_a_streamed_answer_is_found_among_its_events() -> None:
    stream = (
        ': hello\n\nevent: message\ndata: {"jsonrpc": "2.0", "method": "notifications/progress"}\r\n\r\n'
        'data: {"jsonrpc": "2.0",\r\ndata: "id": 1, "result": {"a": 1}}\r\n\r\n'
    )
    assert streamable_http.read(answer(200, stream, content_type="text/event-stream")) == {
        "jsonrpc": "2.0",
        "id": 1,
        "result": {"a": 1},
    }


def test_an_error_of_the_protocol_is_an_answer_whatever_its_status() -> None:
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32601, "message": "no"}}
    assert streamable_http.read(answer(404, json.dumps(error))) == error


@pytest.mark.parametrize("body", ["", "no", "[]", '{"message": "Not Found"}', '{"jsonrpc": "2.0", "method": "ping"}'])
def test_what_is_no_response_of_the_protocol_is_none(body: str) -> None:
    assert streamable_http.read(answer(404, body)) is None
