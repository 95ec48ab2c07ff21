"""One secret for a team: the built artifact, its authorizer included, lets in whoever has it and nobody else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.auth.exceptions import OAuthFlowError
from mcp.shared.auth import OAuthClientMetadata

from conftest import Bake
from e2e.callers import connected
from e2e.conftest import Built, Stack
from e2e.test_refusals import post
from oauth_storage import Storage
from workshop import ARCHITECTURE

pytestmark = pytest.mark.anyio

# Where clients look for a sign-in (RFC 8414, RFC 9728, OpenID Connect Discovery), and what they try without one.
OAUTH_PATHS = [
    f"/.well-known/{document}{path}"
    for document in ("oauth-protected-resource", "oauth-authorization-server", "openid-configuration")
    for path in ("", "/mcp")
] + ["/mcp/.well-known/openid-configuration", "/register", "/authorize", "/token"]


@pytest.fixture(scope="module")
def built(bake: Bake) -> Built:
    return Built(bake(architecture=ARCHITECTURE, authorization="token"))


@pytest.fixture(scope="module")
def stack(built: Built) -> Iterator[Stack]:
    with built.serve() as running:
        yield running


def calls(built: Built) -> list[dict[str, Any]]:
    """Return the lines that the MCP function has written, one for each message."""
    lines = [line.partition(" | ") for line in (built.project / "local.log").read_text().splitlines()]
    said = [json.loads(text) for name, _, text in lines if name == "McpFunction" and text.startswith("{")]
    return [line for line in said if line.get("message") == "mcp call"]


def secrets_of(stack: Stack) -> tuple[Any, str]:
    """Return a client of the stack's Secrets Manager, and the ARN that the outputs' commands name."""
    (arn,) = set(re.findall(r"--secret-id (\S+)", " ".join(stack.outputs.values())))
    session: Any = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
    return session.client("secretsmanager", endpoint_url=stack.aws_endpoint_url), arn


async def test_a_client_that_sends_the_secret_calls_a_tool(stack: Stack, built: Built) -> None:
    async with connected(stack) as client:
        assert (await client.call_tool("count_s3_buckets")).structured_content == {"buckets": 3}
    assert {line["sub"] for line in calls(built)} == {"team"}


def test_a_wrong_secret_is_a_403_and_none_a_401_and_neither_reaches_the_mcp_function(
    stack: Stack, built: Built
) -> None:
    assert post(stack, stack.access_token).status_code == 200
    before = len(calls(built))
    wrong = [stack.access_token[:-1], f"{stack.access_token}0", "x", f"{stack.access_token},{stack.access_token}"]
    for token in wrong:
        response = post(stack, token)
        assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})
    missing = post(stack, None)
    assert (missing.status_code, missing.json()) == (401, {"message": "Unauthorized"})
    by_query = httpx2.post(f"{stack.mcp_url}?authorization=Bearer%20{stack.access_token}", json={})
    assert by_query.status_code == 401
    twice = [("authorization", f"Bearer {stack.access_token}")] * 2
    assert httpx2.post(stack.mcp_url, json={}, headers=twice).status_code == 403
    assert post(stack, stack.access_token).status_code == 200
    assert len(calls(built)) == before + 1


def test_the_secret_is_in_no_log_and_no_output(stack: Stack, built: Built) -> None:
    assert post(stack, stack.access_token).status_code == 200
    assert stack.access_token not in (built.project / "local.log").read_text()
    assert stack.access_token not in json.dumps(stack.outputs)
    assert stack.access_token not in built.template.read_text()


@pytest.mark.parametrize("path", OAUTH_PATHS)
def test_there_is_no_sign_in_to_find(stack: Stack, path: str) -> None:
    for method in ("GET", "POST"):
        response = httpx2.request(method, stack.origin + path)
        assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


async def test_a_client_that_tries_to_sign_in_is_told_so_and_nothing_breaks(stack: Stack) -> None:
    async def go(url: str) -> None:
        raise AssertionError(url)

    async def come_back() -> AuthorizationCodeResult:
        raise AssertionError

    metadata = OAuthClientMetadata.model_validate({"redirect_uris": ["http://localhost:3118/callback"]})
    auth = OAuthClientProvider(stack.mcp_url, metadata, Storage(), go, come_back)
    answered: list[int] = []

    async def note(response: httpx2.Response) -> None:
        answered.append(response.status_code)

    async with httpx2.AsyncClient(auth=auth, timeout=60, event_hooks={"response": [note]}) as http:
        with pytest.raises(OAuthFlowError):
            await http.post(stack.mcp_url, json={})
    assert answered[0] == 401
    assert set(answered[1:]) == {404}


def test_the_previous_secret_works_until_the_next_rotation(built: Built) -> None:
    with built.serve() as stack:
        client, arn = secrets_of(stack)
        for value in ("second0123456789", "third0123456789"):
            client.put_secret_value(SecretId=arn, SecretString=value)
        # Before anybody has called: API Gateway and the authorizer remember what they have said for a minute.
        assert post(stack, "third0123456789").status_code == 200
        assert post(stack, "second0123456789").status_code == 200
        assert post(stack, stack.access_token).status_code == 403


def test_the_previous_secret_can_be_ended_at_once(built: Built) -> None:
    with built.serve() as stack:
        client, arn = secrets_of(stack)
        client.put_secret_value(SecretId=arn, SecretString="second0123456789")
        version = client.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")["VersionId"]
        client.update_secret_version_stage(SecretId=arn, VersionStage="AWSPREVIOUS", RemoveFromVersionId=version)
        assert post(stack, stack.access_token).status_code == 403
        assert post(stack, "second0123456789").status_code == 200


def test_without_the_secret_the_answer_is_a_500_and_the_log_says_why(built: Built) -> None:
    with built.serve() as stack:
        client, arn = secrets_of(stack)
        client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
        assert post(stack, stack.access_token).status_code == 500
        log = (built.project / "local.log").read_text()
    assert f"Secrets Manager gives no value of {arn} (ResourceNotFoundException)" in log
    assert stack.access_token not in log


def test_with_the_developers_own_account_the_secret_is_still_the_local_one(built: Built) -> None:
    with built.serve(None, "--aws", "real") as stack:
        assert post(stack, stack.access_token).status_code == 200
        assert post(stack, "x").status_code == 403


def test_an_authorizer_that_api_gateway_may_not_call_lets_nobody_in(built: Built, tmp_path: Path) -> None:
    template = built.changed(
        tmp_path, lambda text: text.replace("/authorizers/${TokenAuthorizer}", "/authorizers/other")
    )
    with built.serve(template) as stack:
        assert post(stack, stack.access_token).status_code == 500
