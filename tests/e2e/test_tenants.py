"""Built projects with tenants: each caller is served with its own tenant's credentials, or told that it has none."""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from conftest import Bake
from e2e.conftest import Built, Stack
from workshop import ARCHITECTURE

# The server with a tool more, which says as whom AWS knows it, by which key, and which key its process was given.
WHOAMI = '''

_samples_alone = build_server


def build_server() -> MCPServer:
    """Return a new server with one tool more."""
    import os

    import aws

    server = _samples_alone()

    @server.tool()
    @aws.explained()
    def whoami() -> list[str]:
        """Say who acts on AWS here."""
        sts = aws.client("sts")
        used = sts._request_signer._credentials.get_frozen_credentials().access_key
        return [sts.get_caller_identity()["Arn"], used, os.environ["AWS_ACCESS_KEY_ID"]]

    return server
'''
HEADERS = {
    "accept": "application/json, text/event-stream",
    "content-type": "application/json",
    "mcp-protocol-version": "2025-11-25",
}
NOBODY = "for no tenant that the server knows"
FUNCTIONS_OWN_KEY = "local-not-a-key"


def built(bake: Bake, **answers: str) -> Built:
    project = bake(architecture=ARCHITECTURE, tenancy="assume-role", **answers)
    server = project / "src/server.py"
    server.write_text(server.read_text() + WHOAMI)
    return Built(project)


def call(tool: str, **arguments: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def answered(response: httpx2.Response) -> dict[str, Any]:
    """Return the JSON-RPC answer of a response, which may be a stream of one event."""
    assert response.status_code == 200, response.text
    found: dict[str, Any] = json.loads(
        re.sub(r"\A.*?^data: ", "", response.text.strip(), flags=re.DOTALL | re.MULTILINE)
    )
    return found


def with_token(stack: Stack, token: str, message: dict[str, Any]) -> dict[str, Any]:
    headers = HEADERS | {"authorization": f"Bearer {token}"}
    return answered(httpx2.post(stack.mcp_url, headers=headers, json=message, timeout=60))


def acting_as(answer: dict[str, Any]) -> tuple[str, str, str]:
    """Return the session's name by which AWS knows the tool, the key it uses, and the one in its environment."""
    assert not answer["result"].get("isError"), answer
    arn, used, given = answer["result"]["structuredContent"]["result"]
    role, session = arn.split("/")[1:]
    assert role == "local-TenantRole"
    return session, used, given


def refusal(answer: dict[str, Any]) -> str:
    assert answer["result"]["isError"] is True, answer
    return str(answer["result"]["content"][0]["text"])


def signed_in(stack: Stack, username: str) -> str:
    """Return an access token for `username`, who signs in with PKCE at the local provider."""
    metadata = httpx2.get(f"{stack.issuer}/.well-known/openid-configuration").json()
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    client = {"client_id": stack.client_id, "redirect_uri": stack.redirect_uris[0]}
    asked = client | {
        "response_type": "code",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "scope": f"{stack.mcp_url}/invoke",
        "resource": stack.mcp_url,
        "username": username,
    }
    sent_back = httpx2.post(metadata["authorization_endpoint"], data=asked)
    (code,) = parse_qs(urlsplit(sent_back.headers["location"]).query)["code"]
    exchanged = client | {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    return str(httpx2.post(metadata["token_endpoint"], data=exchanged).json()["access_token"])


@pytest.fixture(scope="module")
def signing_in(bake: Bake) -> Built:
    return built(bake)


def test_people_of_two_tenants_are_served_by_turns_each_with_their_own_credentials(signing_in: Built) -> None:
    with signing_in.serve(None, "--environments", "1") as stack:
        tokens = {tenant: signed_in(stack, tenant) for tenant in ("acme", "beta")}
        keys: dict[str, set[str]] = {tenant: set() for tenant in tokens}
        for tenant in ("acme", "beta", "acme", "beta"):
            session, used, given = acting_as(with_token(stack, tokens[tenant], call("whoami")))
            assert (session, given) == (f"mcp-{tenant}", FUNCTIONS_OWN_KEY)
            keys[tenant].add(used)
        # A machine is in no group, and no group is named like this.
        for token in (stack.machine_token(), signed_in(stack, "acme beta"), signed_in(stack, "*")):
            for message in (call("whoami"), call("count_s3_buckets")):
                assert NOBODY in refusal(with_token(stack, token, message))
            listed = with_token(stack, token, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
            assert "whoami" in {tool["name"] for tool in listed["result"]["tools"]}
    # Each had the same key again, whoever came between.
    assert [len(used) for used in keys.values()] == [1, 1]
    assert not keys["acme"] & keys["beta"]
    lines = [json.loads(line) for line in re.findall(r"^McpFunction \| (\{.*\})$", local_log(signing_in), re.MULTILINE)]
    tenants = [
        line.get("tenant") for line in lines if line.get("message") == "mcp call" and line.get("tool") == "whoami"
    ]
    assert tenants == ["acme", "beta", "acme", "beta", None, None, None]


def local_log(project: Built) -> str:
    return (project.project / "local.log").read_text()


def test_a_list_of_tenants_maps_what_a_claim_says_and_lets_in_nobody_else(signing_in: Built) -> None:
    options = ("--parameter", "TenantClaim=username", "--parameter", "Tenants=acme,org_8123=beta")
    with signing_in.serve(None, *options) as stack:
        served = {
            name: with_token(stack, signed_in(stack, name), call("whoami"))
            for name in ("acme", "org_8123", "beta", "gamma")
        }
    assert acting_as(served["acme"])[0] == "mcp-acme"
    assert acting_as(served["org_8123"])[0] == "mcp-beta"
    assert NOBODY in refusal(served["beta"])
    assert NOBODY in refusal(served["gamma"])


def test_a_stdio_server_is_started_with_the_tenants_credentials_alone(bake: Bake) -> None:
    with built(bake, adapter="stdio").serve() as stack:
        for tenant in ("acme", "beta", "acme"):
            session, used, given = acting_as(with_token(stack, signed_in(stack, tenant), call("whoami")))
            assert session == f"mcp-{tenant}"
            assert used == given != FUNCTIONS_OWN_KEY
        assert NOBODY in refusal(with_token(stack, stack.machine_token(), call("whoami")))


def signed(stack: Stack, message: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(message).encode()
    request = AWSRequest("POST", stack.mcp_url, HEADERS | {"host": urlsplit(stack.mcp_url).netloc}, body)
    SigV4Auth(Credentials(stack.access_key_id, stack.secret_access_key), "lambda", stack.region).add_auth(request)
    return answered(httpx2.post(stack.mcp_url, headers=dict(request.headers), content=body, timeout=60))


def test_whoever_signs_acts_for_the_tenant_of_their_account(bake: Bake) -> None:
    project = built(bake, endpoint="function-url")
    with project.serve() as stack:
        assert acting_as(signed(stack, call("whoami")))[0] == "mcp-210987654321"
    with project.serve(None, "--parameter", "Tenants=321098765432=acme") as stack:
        assert NOBODY in refusal(signed(stack, call("whoami")))


@contextmanager
def invoking(project: Built, *options: str) -> Iterator[Any]:
    """Serve a project and yield a function that invokes it with a message."""
    with project.serve(None, *options) as stack:
        functions = stack.invoke_api()

        def invoke(message: dict[str, Any], **named: str) -> Any:
            payload = json.dumps(message)
            return json.load(functions.invoke(FunctionName=stack.function_arn, Payload=payload, **named)["Payload"])

        yield invoke


@pytest.fixture(scope="module")
def invoked(bake: Bake) -> Built:
    return built(bake, endpoint="lambda-invoke")


def test_lambdas_own_tenant_id_names_the_tenant(invoked: Built) -> None:
    with invoking(invoked) as invoke:
        for tenant in ("acme", "beta", "acme"):
            assert acting_as(invoke(call("whoami"), TenantId=tenant))[0] == f"mcp-{tenant}"
        # Lambda takes this for a tenant, and the server does not.
        assert NOBODY in refusal(invoke(call("whoami"), TenantId="acme/../beta"))
        context = base64.b64encode(json.dumps({"custom": {"tenant": "beta"}}).encode()).decode()
        assert acting_as(invoke(call("whoami"), TenantId="acme", ClientContext=context))[0] == "mcp-acme"
        with pytest.raises(ClientError, match="Add a valid tenant ID"):
            invoke(call("whoami"))


def test_without_isolation_the_client_context_names_the_tenant(invoked: Built) -> None:
    with invoking(invoked, "--parameter", "TenantIsolation=false") as invoke:
        for tenant in ("acme", "beta"):
            context = base64.b64encode(json.dumps({"custom": {"tenant": tenant}}).encode()).decode()
            assert acting_as(invoke(call("whoami"), ClientContext=context))[0] == f"mcp-{tenant}"
        assert NOBODY in refusal(invoke(call("whoami")))
        with pytest.raises(ClientError, match="Remove the tenant ID"):
            invoke(call("whoami"), TenantId="acme")
