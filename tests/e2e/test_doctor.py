"""`python -m doctor` in generated projects: every working stack is found well, every broken one by its cause."""

import contextlib
import json
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from conftest import Bake
from e2e.conftest import Built, Stack
from workshop import ARCHITECTURE, environment

WELL = "Nothing that was checked is broken."
METADATA, ROOT_METADATA = "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"
SERVER_METADATA = "/.well-known/oauth-authorization-server"
GATEWAY_TOOL = "tools___count_s3_buckets"
# What a person does: types a name, presses the button, and is sent back.
BROWSER = """
import sys, urllib.parse, urllib.request
url = sys.argv[1]
page, _, query = url.partition("?")
urllib.request.urlopen(url).read()
urllib.request.urlopen(page, (query + "&username=alice").encode()).read()
"""


@dataclass
class Diagnosis:
    """What the doctor printed, and its exit status."""

    status: int
    text: str

    @property
    def words(self) -> str:
        """All of it, without the line breaks of wrapping."""
        return " ".join(self.text.split())

    @property
    def broken(self) -> list[str]:
        return re.findall(
            r"^✗ (.*?)(?: at http\S*)?: broken$", self.text.replace(":\n  broken", ": broken"), re.MULTILINE
        )


def doctor(built: Built, *arguments: str, **variables: str) -> Diagnosis:
    """Run the project's doctor as its Makefile does."""
    command = [str(built.tools / "local/bin/python"), "-m", "doctor", *arguments]
    shell = {**environment(), "PYTHONIOENCODING": "utf-8", "BROWSER": "true", **variables}
    done = subprocess.run(command, cwd=built.project, env=shell, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    for name, secret in variables.items():
        if name in {"MCP_TOKEN", "MCP_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY"}:
            assert secret not in done.stdout + done.stderr
    assert not re.search(r"eyJ[\w-]{20}", done.stdout + done.stderr)
    return Diagnosis(done.returncode, done.stdout + done.stderr)


@dataclass
class Answer:
    """An HTTP response on its way through the proxy, to be changed in place."""

    method: str
    path: str
    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    def json(self, **changes: Any) -> None:
        """Change members of a JSON object; None removes one."""
        document = json.loads(self.body) | changes
        self.body = json.dumps({name: value for name, value in document.items() if value is not None}).encode()


@contextlib.contextmanager
def tampered(stack: Stack, tamper: Callable[[Answer], None], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Stand before a real stack, as if it were one's own name, and change what it answers; yields the MCP URL."""

    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            dropped = {"host", "content-length", "connection"}
            headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
            answer = httpx2.request(self.command, stack.origin + self.path, content=sent, headers=headers, timeout=60)
            kept = {name: value for name, value in answer.headers.items() if name not in {"content-length", "server"}}
            body = answer.content.replace(stack.origin.encode(), origin.encode())
            changed = Answer(self.command, self.path, answer.status_code, kept, body)
            tamper(changed)
            self.send_response_only(changed.status)
            for name, value in (changed.headers | {"content-length": str(len(changed.body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(changed.body)

        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        origin = f"http{'s' if tls else ''}://localhost:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"{origin}/mcp"
        finally:
            server.shutdown()
            serving.join()


def at(path: str, change: Callable[[Answer], None]) -> Callable[[Answer], None]:
    """Return what makes the change to answers at one path."""

    def tamper(answer: Answer) -> None:
        if answer.path == path:
            change(answer)

    return tamper


def untouched(_: Answer) -> None:
    pass


# Working stacks.


def test_with_a_machines_client_every_hop_to_cognitos_stack_is_well(built: Built, cognito: Stack) -> None:
    found = doctor(
        built,
        cognito.mcp_url,
        "--client-id",
        cognito.machine_client_id,
        MCP_CLIENT_SECRET=cognito.machine_client_secret,
    )
    assert (found.status, found.broken) == (0, []), found.text
    assert WELL in found.text
    assert "by the client credentials grant" in found.words
    assert "revision 2025-11-25" in found.words
    assert "list_ec2_instances answered {" in found.words
    assert "without aud" in found.words


@pytest.fixture
def browser(tmp_path: Path) -> str:
    script = tmp_path / "browser.py"
    script.write_text(BROWSER)
    return f"{sys.executable} {script} %s"


def test_a_client_without_an_id_is_registered(built: Built, cognito: Stack, browser: str) -> None:
    found = doctor(built, cognito.mcp_url, BROWSER=browser)
    assert (found.status, found.broken) == (0, []), found.text
    assert "registers clients" in found.words
    assert "for this URL" in found.words


def test_a_registration_that_is_refused_is_told(built: Built, cognito: Stack) -> None:
    found = doctor(built, cognito.mcp_url, "--callback-port", "3119")
    assert (found.status, found.broken) == (1, ["Getting a token"])
    assert "Registration at" in found.words
    assert "CallbackUrls" in found.words


@pytest.mark.parametrize("provider", ["cognito", "oidc"])
def test_a_person_signs_in_in_the_browser(request: pytest.FixtureRequest, browser: str, provider: str) -> None:
    stack: Stack = request.getfixturevalue(provider)
    project: Built = request.getfixturevalue("built" if provider == "cognito" else "built_oidc")
    found = doctor(project, stack.mcp_url, "--client-id", stack.client_id, BROWSER=browser)
    assert (found.status, found.broken) == (0, []), found.text
    assert "by signing in in the browser" in found.words
    assert "for this URL" in found.words
    assert "list_ec2_instances answered {" in found.words


def test_a_ready_token_is_taken_and_what_was_not_checked_is_said(built_oidc: Built, oidc: Stack) -> None:
    found = doctor(built_oidc, oidc.mcp_url, "--tool", "list_lambda_functions", MCP_TOKEN=oidc.access_token)
    assert (found.status, found.broken) == (0, []), found.text
    assert "list_lambda_functions answered" in found.words
    unchecked = found.words.split("Not checked:")[1]
    assert "CallbackUrls" in unchecked
    assert "AllowedOrigins" in unchecked


@pytest.fixture(scope="module")
def built_gateway(bake: Bake) -> Built:
    return Built(bake(architecture=ARCHITECTURE, endpoint="agentcore-gateway", authorization="oidc"))


@pytest.fixture(scope="module")
def gateway(built_gateway: Built) -> Iterator[Stack]:
    with built_gateway.serve() as stack:
        yield stack


def test_a_gateways_metadata_is_found_by_its_challenge(built_gateway: Built, gateway: Stack) -> None:
    found = doctor(built_gateway, gateway.mcp_url, "--tool", GATEWAY_TOOL, MCP_TOKEN=gateway.access_token)
    assert (found.status, found.broken) == (0, []), found.text
    assert "named by the challenge" in found.words
    assert f"{GATEWAY_TOOL} answered" in found.words


def test_no_tool_is_called_that_does_not_say_it_is_harmless(built_gateway: Built, gateway: Stack) -> None:
    # A Gateway does not pass annotations on.
    found = doctor(built_gateway, gateway.mcp_url, MCP_TOKEN=gateway.access_token)
    assert (found.status, found.broken) == (0, []), found.text
    assert "tools/call: no tool says that it is read-only" in found.words


@pytest.fixture(scope="module")
def built_url(bake: Bake) -> Built:
    return Built(bake(architecture=ARCHITECTURE, endpoint="function-url"))


@pytest.fixture(scope="module")
def function_url(built_url: Built) -> Iterator[Stack]:
    with built_url.serve() as stack:
        yield stack


def keys(stack: Stack, **changes: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": stack.access_key_id,
        "AWS_SECRET_ACCESS_KEY": stack.secret_access_key,
        "AWS_DEFAULT_REGION": stack.region,
        **changes,
    }


def test_every_hop_to_a_function_url_is_well(built_url: Built, function_url: Stack) -> None:
    found = doctor(built_url, function_url.mcp_url, **keys(function_url))
    assert (found.status, found.broken) == (0, []), found.text
    assert "list_ec2_instances answered {" in found.words


@pytest.fixture(scope="module")
def built_invoke(bake: Bake) -> Built:
    return Built(bake(architecture=ARCHITECTURE, endpoint="lambda-invoke"))


@pytest.fixture(scope="module")
def invoked(built_invoke: Built) -> Iterator[Stack]:
    with built_invoke.serve() as stack:
        yield stack


def test_every_hop_of_an_invocation_is_well(built_invoke: Built, invoked: Stack) -> None:
    found = doctor(built_invoke, invoked.function_arn, AWS_ENDPOINT_URL_LAMBDA=invoked.endpoint_url, **keys(invoked))
    assert (found.status, found.broken) == (0, []), found.text
    assert "list_ec2_instances answered {" in found.words


@pytest.fixture(scope="module")
def built_token(bake: Bake) -> Built:
    return Built(bake(architecture=ARCHITECTURE, authorization="token"))


@pytest.fixture(scope="module")
def team(built_token: Built) -> Iterator[Stack]:
    with built_token.serve() as stack:
        yield stack


def test_with_the_teams_secret_every_hop_is_well(built_token: Built, team: Stack) -> None:
    found = doctor(built_token, team.mcp_url, MCP_TOKEN=team.access_token)
    assert (found.status, found.broken) == (0, []), found.text
    assert "there is nobody to sign in with" in found.words
    assert "list_ec2_instances answered {" in found.words


def test_a_wrong_secret_of_the_team_is_told_and_a_missing_one_too(built_token: Built, team: Stack) -> None:
    found = doctor(built_token, team.mcp_url, MCP_TOKEN="guessed-secret")
    assert found.status == 1
    assert "refuses the secret in MCP_TOKEN: 403" in found.words
    without = doctor(built_token, team.mcp_url)
    assert (without.status, without.broken) == (0, []), without.text
    assert "the secret is not in the environment, as MCP_TOKEN" in without.words


# Broken documents, and a broken way to them.


def absent(answer: Answer) -> None:
    answer.status, answer.body = 404, b'{"message":"Not Found"}'


def page(answer: Answer) -> None:
    answer.status, answer.body = 200, b"<!doctype html><title>Shop</title>"
    answer.headers["content-type"] = "text/html"


def renamed(answer: Answer) -> None:
    if answer.status == 401:
        answer.headers["x-amzn-remapped-www-authenticate"] = answer.headers.pop("www-authenticate")


def moved(answer: Answer) -> None:
    answer.status, answer.headers["location"] = 307, "/mcp/"


def resource(change: Callable[[str], str]) -> Callable[[Answer], None]:
    return lambda answer: answer.json(resource=change(json.loads(answer.body)["resource"]))


@pytest.mark.parametrize(
    ("tamper", "hop", "causes"),
    [
        (at("/mcp", renamed), "The way from the refusal", ["x-amzn-remapped-www-authenticate", "that works here"]),
        (at(METADATA, resource(lambda url: f"{url}/")), "Protected resource", ["it has a slash at its end"]),
        (
            at(METADATA, resource(lambda url: url.replace("localhost", "other.example"))),
            "Protected resource",
            ["the host is other.example"],
        ),
        (
            at(METADATA, resource(lambda url: url.replace("/mcp", "/prod/mcp"))),
            "Protected resource",
            ["it has the stage or path /prod in front of /mcp"],
        ),
        (at(METADATA, absent), "Protected resource", ["the answer is 404"]),
        (at(METADATA, page), "Protected resource", ["HTML page"]),
        (at(ROOT_METADATA, lambda answer: answer.json(scopes_supported=None)), "Protected resource", ["no scope"]),
        (
            at(SERVER_METADATA, lambda answer: answer.json(code_challenge_methods_supported=None)),
            "Authorization server",
            ["`code_challenge_methods_supported` is missing"],
        ),
        (
            at(SERVER_METADATA, lambda answer: answer.json(issuer=f"{json.loads(answer.body)['issuer']}/")),
            "Authorization server",
            ["it has a slash at its end"],
        ),
        (
            at(SERVER_METADATA, lambda answer: answer.json(token_endpoint="http://idp.example/token")),
            "Authorization server",
            ["`token_endpoint` is http://idp.example/token, which is not https"],
        ),
        (at(SERVER_METADATA, absent), "Authorization server", ["at any place where clients look"]),
        (at("/mcp", moved), "A request without a token", ["a redirect to /mcp/"]),
        (at("/mcp", page), "A request without a token", ["HTML page"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_document_is_found_by_its_cause(
    built: Built, cognito: Stack, tamper: Callable[[Answer], None], hop: str, causes: list[str]
) -> None:
    # Through the proxy, the token is for another name; Cognito's for machines has none.
    token = cognito.machine_token()
    with tampered(cognito, tamper) as url:
        found = doctor(built, url, MCP_TOKEN=token)
    assert found.status == 1
    (broken,) = found.broken
    assert broken.startswith(hop)
    for cause in causes:
        assert cause in found.words


def test_without_the_tampering_the_proxy_is_well(built: Built, cognito: Stack) -> None:
    with tampered(cognito, untouched) as url:
        found = doctor(built, url, MCP_TOKEN=cognito.machine_token())
    assert (found.status, found.broken) == (0, []), found.text


def test_with_neither_document_nor_challenge_there_is_no_way_to_sign_in(built: Built, cognito: Stack) -> None:
    def tamper(answer: Answer) -> None:
        renamed(answer)
        if answer.path.startswith(ROOT_METADATA):
            absent(answer)

    with tampered(cognito, tamper) as url:
        found = doctor(built, url)
    assert len(found.broken) == 3
    assert "that does not work here either" in found.words
    assert "there is no protected resource metadata" in found.words.split("Not checked:")[1]


def test_a_servers_clock_ahead_is_named_and_not_the_token(built: Built, cognito: Stack) -> None:
    def tamper(answer: Answer) -> None:
        answer.headers["date"] = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)

    with tampered(cognito, tamper) as url:
        found = doctor(built, url, MCP_TOKEN=cognito.machine_token())
    assert found.broken == ["The clock of this machine", "The token"]
    assert re.search(r"clock is 7\d\d\d s behind the server's", found.words)
    assert "by the server's clock, not by this machine's" in found.words


# A URL that is not the server's.


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda url: f"{url}/", "ends in a slash"),
        (lambda url: url.replace("/mcp", "/prod/mcp"), "has /prod in front of /mcp"),
        (lambda url: url.removesuffix("/mcp"), "the server is at /mcp"),
        (lambda url: f"{url}?x=1", "a query or a fragment"),
        (lambda _: "http://api.example/mcp", "https alone"),
    ],
    ids=["slash", "stage", "host alone", "query", "scheme"],
)
def test_a_wrong_url_is_told_and_nothing_after_it_is_tried(
    built: Built, cognito: Stack, change: Callable[[str], str], cause: str
) -> None:
    found = doctor(built, change(cognito.mcp_url), MCP_TOKEN=cognito.access_token)
    assert (found.status, found.broken) == (1, ["The URL"])
    assert cause in found.words
    assert "tools/list" in found.words.split("Not checked:")[1]


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("http://127.0.0.1:9/mcp", "Nothing listens at 127.0.0.1:9"),
        ("https://no-such-host.invalid/mcp", "The name no-such-host.invalid is not known to DNS"),
    ],
)
def test_a_server_that_cannot_be_reached_is_told_once(built: Built, url: str, cause: str) -> None:
    found = doctor(built, url, MCP_TOKEN="a.b.c", no_proxy="*")
    assert (found.status, found.broken) == (1, ["A request without a token"])
    assert cause in found.words


def test_a_certificate_of_another_name_is_told(built: Built, cognito: Stack, tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(self_signed("other.example"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with tampered(cognito, untouched, context) as url:
        found = doctor(built, url, SSL_CERT_FILE=str(certificate))
        distrusted = doctor(built, url)
    assert (found.status, found.broken) == (1, ["A request without a token"])
    assert "is not good for it" in found.words
    assert "'localhost'" in found.words
    assert "self-signed" in distrusted.words


def self_signed(name: str) -> bytes:
    """Return a key and a certificate for a host name."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


# Broken templates, and wrong tokens.


def replaced(before: str, after: str) -> Callable[[str], str]:
    return lambda text: text.replace(before, after)


def other_audience(text: str) -> str:
    before, after = text.split("Audience:", 1)
    return before + "Audience:" + after.replace("}/mcp", "}/mpc", 1)


def other_scope(text: str) -> str:
    before, *routes = text.split("AuthorizationScopes:")
    return before + "".join("AuthorizationScopes:" + route.replace("/mcp/invoke", "/mcp/other", 1) for route in routes)


def other_host(text: str) -> str:
    before, after = text.split("MCP_URL:", 1)
    return before + "MCP_URL:\n            Fn::Sub: https://other.example/mcp\n          UNUSED:" + after


@pytest.mark.parametrize(
    ("change", "hop", "causes"),
    [
        (other_audience, "server/discover", ["for exactly this URL, and the server wants another audience"]),
        (other_scope, "server/discover", ["lacks the scope", "/mcp/other"]),
        (other_host, "server/discover", ["421", "MCP_URL names another"]),
        (replaced("app.lambda_handler", "app.lambda_handle"), "server/discover", ["The function fails", "make logs"]),
        (replaced("RouteKey: POST /mcp", "RouteKey: POST /mpc"), "A request without a token", ["no such route"]),
        (replaced("AuthorizationType: JWT", "AuthorizationType: NONE"), "A request without", ["may call it"]),
    ],
    ids=["audience", "scope", "host", "crash", "route", "open"],
)
def test_a_broken_template_is_found_by_its_cause(
    built: Built, tmp_path: Path, change: Callable[[str], str], hop: str, causes: list[str]
) -> None:
    with built.serve(built.changed(tmp_path, change)) as stack:
        found = doctor(built, stack.mcp_url, MCP_TOKEN=stack.access_token)
    assert found.status == 1
    assert found.broken[0].startswith(hop)
    assert len(found.broken) == 1
    for cause in causes:
        assert cause in found.words


def test_a_providers_other_audience_is_worked_out_where_the_gateway_says_nothing(
    built_gateway: Built, gateway: Stack, oidc: Stack
) -> None:
    found = doctor(built_gateway, gateway.mcp_url, MCP_TOKEN=oidc.access_token)
    assert found.status == 1
    assert f"it is for {oidc.mcp_url}, and the server is {gateway.mcp_url}" in found.words


def test_what_is_no_token_is_told(built: Built, cognito: Stack) -> None:
    found = doctor(built, cognito.mcp_url, MCP_TOKEN="not-a-token")
    assert found.status == 1
    assert "no JSON Web Token" in found.words


# Sign-in that fails.


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (["--client-id", "nobody"], "refuses the client or the address"),
        (["--callback-port", "3119"], "http://localhost:3119/callback"),
    ],
)
def test_an_unknown_client_or_address_is_told_before_a_person_is_asked(
    built: Built, cognito: Stack, options: list[str], cause: str
) -> None:
    found = doctor(built, cognito.mcp_url, "--client-id", cognito.client_id, *options)
    assert (found.status, found.broken) == (1, ["Getting a token"])
    assert cause in found.words
    assert "CallbackUrls" in found.words


# Somebody else's page that knows where sign-in returns to.
FORGER = """
import sys, urllib.parse, urllib.request
asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(sys.argv[1]).query))
answer = {"code": "s3cret-code", "state": asked["state"]}
answer.update(pair.split("=", 1) for pair in sys.argv[2:])
urllib.request.urlopen(asked["redirect_uri"] + "?" + urllib.parse.urlencode(answer)).read()
"""


@pytest.mark.parametrize(
    ("forged", "cause"),
    [
        ("state=guessed", "another `state`"),
        ("iss=evil.example", "from the issuer evil.example"),
        ("state=", "another `state`"),
    ],
)
def test_a_forged_return_from_sign_in_is_not_taken(
    built: Built, cognito: Stack, tmp_path: Path, forged: str, cause: str
) -> None:
    (tmp_path / "forger.py").write_text(FORGER)
    browser = f"{sys.executable} {tmp_path / 'forger.py'} %s {forged}"
    found = doctor(built, cognito.mcp_url, "--client-id", cognito.client_id, BROWSER=browser)
    assert (found.status, found.broken) == (1, ["Getting a token"])
    assert cause in found.words
    assert "s3cret" not in found.text


def test_a_provider_that_promised_to_name_itself_must(built_oidc: Built, oidc: Stack, tmp_path: Path) -> None:
    (tmp_path / "forger.py").write_text(FORGER)
    browser = f"{sys.executable} {tmp_path / 'forger.py'} %s"
    found = doctor(built_oidc, oidc.mcp_url, "--client-id", oidc.client_id, BROWSER=browser)
    assert (found.status, found.broken) == (1, ["Getting a token"])
    assert "from the issuer of no name" in found.words


def test_a_wrong_secret_is_told(built: Built, cognito: Stack) -> None:
    found = doctor(built, cognito.mcp_url, "--client-id", cognito.machine_client_id, MCP_CLIENT_SECRET="guessed-secret")
    assert (found.status, found.broken) == (1, ["Getting a token"])
    assert "invalid_client" in found.words


def test_nobody_is_waited_for_longer_than_was_said(built: Built, cognito: Stack) -> None:
    found = doctor(built, cognito.mcp_url, "--client-id", cognito.client_id, "--wait", "1")
    assert (found.status, found.broken) == (1, ["Getting a token"])
    assert "Nobody came back from signing in within 1 s" in found.words


# Signed requests and invocations that fail.


@pytest.mark.parametrize("permission", ["UrlPermission", "InvokePermission"])
def test_without_either_permission_both_are_named(built_url: Built, tmp_path: Path, permission: str) -> None:
    def without(text: str) -> str:
        before, after = text.split(f"  {permission}:\n", 1)
        return f"{before}  {permission}:\n" + after.replace("Ref: CallerPrincipal", "Ref: AWS::AccountId", 1)

    with built_url.serve(built_url.changed(tmp_path, without)) as stack:
        found = doctor(built_url, stack.mcp_url, **keys(stack))
    assert found.status == 1
    assert "lacks a permission" in found.words
    assert "Both lambda:InvokeFunctionUrl and lambda:InvokeFunction" in found.words
    assert "CallerPolicy" in found.words


EARLIER = """
import datetime, botocore.auth
now = botocore.auth.get_current_datetime
botocore.auth.get_current_datetime = lambda *a, **k: now(*a, **k) - datetime.timedelta(minutes=16)
"""


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "guessed-secret"}, ("server/discover", "The signature does not match")),
        ({"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000"}, ("server/discover", "AWS does not know these credentials")),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, ("server/discover", "scoped to the region")),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, ("AWS credentials", "no AWS credentials")),
    ],
    ids=["secret", "key", "region", "none"],
)
def test_a_signature_that_is_refused_is_told_by_its_cause(
    built_url: Built, function_url: Stack, changes: Mapping[str, str], told: tuple[str, str]
) -> None:
    variables = {name: value for name, value in keys(function_url, **changes).items() if value}
    found = doctor(built_url, function_url.mcp_url, **variables)
    assert found.status == 1
    (broken,) = found.broken
    assert broken.startswith(told[0])
    assert told[1] in found.words


def test_a_signature_by_a_clock_that_is_behind_is_told(built_url: Built, function_url: Stack, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(EARLIER)
    found = doctor(built_url, function_url.mcp_url, **keys(function_url, PYTHONPATH=str(tmp_path)))
    assert found.status == 1
    assert "more than five minutes off" in found.words


def test_a_function_url_whose_function_crashes_is_told(built_url: Built, tmp_path: Path) -> None:
    with built_url.serve(built_url.changed(tmp_path, replaced("app.lambda_handler", "app.lambda_handle"))) as stack:
        found = doctor(built_url, stack.mcp_url, **keys(stack))
    assert found.status == 1
    assert "The function fails: 502" in found.words


@pytest.mark.parametrize(
    ("arn", "changes", "told"),
    [
        (lambda arn: arn, {"stranger": "yes"}, ["AccessDeniedException", "Attach the policy in the output"]),
        (lambda arn: arn.removesuffix(":live"), {}, ["is the function and not its alias", ":live."]),
        (lambda _: "https://api.example/mcp", {}, ["is no ARN of a function", "Use the output FunctionArn."]),
        (lambda arn: arn, {"AWS_SECRET_ACCESS_KEY": "guessed"}, ["InvalidSignatureException", "check the secret key"]),
    ],
    ids=["denied", "alias", "url", "secret"],
)
def test_an_invocation_that_is_refused_is_told_by_its_cause_and_cure(
    built_invoke: Built, invoked: Stack, arn: Callable[[str], str], changes: dict[str, str], told: list[str]
) -> None:
    variables = keys(invoked, **changes)
    if variables.pop("stranger", None):
        variables["AWS_ACCESS_KEY_ID"] = invoked.stranger_access_key_id
        variables["AWS_SECRET_ACCESS_KEY"] = invoked.stranger_secret_access_key
    found = doctor(built_invoke, arn(invoked.function_arn), AWS_ENDPOINT_URL_LAMBDA=invoked.endpoint_url, **variables)
    assert found.status == 1
    assert len(found.broken) == 1
    assert all(text in found.words for text in told)


def test_a_function_that_crashes_when_invoked_is_told(built_invoke: Built, tmp_path: Path) -> None:
    template = built_invoke.changed(tmp_path, replaced("app.lambda_handler", "app.lambda_handle"))
    with built_invoke.serve(template) as stack:
        variables = keys(stack, AWS_ENDPOINT_URL_LAMBDA=stack.endpoint_url)
        found = doctor(built_invoke, stack.function_arn, **variables)
    assert found.status == 1
    assert "The function fails: Runtime.HandlerNotFound" in found.words


# How it is called.


def test_without_url_or_stack_it_says_how_it_is_used(built: Built) -> None:
    found = doctor(built)
    assert found.status == 2
    assert "--stack" in found.text


def test_without_credentials_a_stack_is_not_guessed(built: Built) -> None:
    found = doctor(built, "--stack", "my-stack", "--region", "us-east-1")
    assert found.status == 1
    assert "no AWS credentials" in found.words
