"""What `make connect` prints, from the outputs of a real CloudFormation stack in moto."""

import ast
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest
from moto.cloudformation.models import cloudformation_backends
from moto.server import ThreadedMotoServer

from connect.outputs import OutputsError, read
from variants import TEMPLATE

STACK, REGION = "my-server", "eu-west-1"
URL = "https://abc123.execute-api.eu-west-1.amazonaws.com/mcp"
GATEWAY_URL = "https://my-gateway.gateway.bedrock-agentcore.eu-west-1.amazonaws.com/mcp"
FUNCTION_URL = "https://xyz.lambda-url.eu-west-1.on.aws/mcp"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:my-server-McpFunction:live"
ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
FACADE = {"ProtectedResourceMetadataUrl": f"{URL.removesuffix('/mcp')}/.well-known/oauth-protected-resource/mcp"}
CLIENTS = {"ClientId": "people1", "MachineClientId": "machine1", "TokenUrl": "https://x.amazoncognito.com/oauth2/token"}
SECRET = "a-secret-of-the-caller"
# Each kind of stack: how callers prove who they are, where they connect, and its outputs.
KINDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "cognito": ("oauth", URL, {"McpUrl": URL, "Issuer": ISSUER, **FACADE, **CLIENTS}),
    "gateway": ("oauth", GATEWAY_URL, {"McpUrl": GATEWAY_URL, "Issuer": ISSUER, **CLIENTS}),
    "oidc": ("oauth", URL, {"McpUrl": URL, "Issuer": "https://login.example.com/", **FACADE}),
    "token": ("token", URL, {"McpUrl": URL}),
    "signature": ("signature", FUNCTION_URL, {"McpUrl": FUNCTION_URL}),
    "invocation": ("invocation", ARN, {"FunctionArn": ARN}),
}
FILES = {"claude-code-file", "claude-desktop", "vscode", "cursor", "kiro"}
COMMANDS = {"claude-code", "inspector", "mcp-remote", "mcp-proxy-for-aws"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def cloudformation(endpoint: str) -> Any:
    session: Any = boto3.Session("AKIAEXAMPLE", SECRET, region_name=REGION)
    return session.client("cloudformation", endpoint_url=endpoint)


@dataclass
class Printed:
    """What `python -m connect` printed, and where it came to an end."""

    stdout: str
    stderr: str
    status: int


Print = Callable[..., Printed]


@pytest.fixture(scope="module")
def connect(tmp_path_factory: pytest.TempPathFactory, endpoint: str, cloudformation: Any) -> Print:
    """Run the tool as a project of that kind has it, once with the same options, against a stack of that kind."""
    for kind, (_, _, outputs) in KINDS.items():
        deploy(cloudformation, f"{STACK}-{kind}", outputs)

    @cache
    def project(credential: str) -> Path:
        folder = tmp_path_factory.mktemp(credential)
        shutil.copytree(TEMPLATE / "connect", folder / "connect")
        shutil.copy(TEMPLATE / f"variants/connect/{credential}.py", folder / "connect/clients.py")
        shutil.copy(TEMPLATE / f"variants/connect/program-{credential}.py", folder / "connect/program.py")
        return folder

    @cache
    def run(kind: str, *options: str) -> Printed:
        done = subprocess.run(
            [sys.executable, "-m", "connect", "--stack", f"{STACK}-{kind}", "--region", REGION, *options],
            cwd=project(KINDS[kind][0]),
            env={
                "PATH": os.environ["PATH"],
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_EC2_METADATA_DISABLED": "true",
                "MCP_TOKEN": SECRET,
                "MCP_CLIENT_SECRET": SECRET,
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return Printed(done.stdout, done.stderr, done.returncode)

    return run


def deploy(cloudformation: Any, name: str, outputs: dict[str, str]) -> None:
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))


def offered(connect: Print, kind: str) -> dict[str, str]:
    """Return what each client of a kind is given, alone."""
    refused = connect(kind, "--client", "none-such")
    assert refused.status == 2
    names = refused.stderr.rstrip(".\n").split("There is one for: ")[1].split(", ")
    return {name: connect(kind, "--client", name).stdout for name in names}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_printed_for_each_client_is_whole_names_the_server_and_holds_no_secret(
    connect: Print, kind: str
) -> None:
    everything = connect(kind)
    assert everything.status == 0, everything.stderr
    for name, content in offered(connect, kind).items():
        assert KINDS[kind][1] in content
        # Alone it is the same, and nothing else is there to spoil the file.
        assert content in everything.stdout + "\n"
        assert f"(CLIENT={name})" in everything.stdout
        if name in FILES:
            servers = json.loads(content)
            assert list(servers["servers" if name == "vscode" else "mcpServers"]) == [f"{STACK}-{kind}"]
        elif name in COMMANDS:
            assert KINDS[kind][1] in shlex.split(content)
        elif name.startswith("python"):
            ast.parse(content)
            assert content.startswith("# /// script")
        else:
            assert name == "claude"
    assert SECRET not in everything.stdout + everything.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_every_client_has_a_way_to_connect_or_a_reason_why_it_has_none(connect: Print, kind: str) -> None:
    printed = connect(kind).stdout
    for client in ("Claude Code", "claude.ai", "VS Code", "Cursor", "Kiro", "MCP Inspector", "mcp-remote", "Python"):
        assert client in printed
    assert "mcp-proxy-for-aws" in printed
    _, cannot = printed.split("## Cannot connect\n")
    assert all(": " in line for line in cannot.splitlines())


@pytest.mark.parametrize("kind", ["cognito", "gateway"])
def test_where_people_sign_in_each_client_is_told_the_stacks_own_client(connect: Print, kind: str) -> None:
    ways = offered(connect, kind)
    assert "--client-id people1 --callback-port 3118" in ways["claude-code"]
    server = json.loads(ways["claude-code-file"])["mcpServers"][f"{STACK}-{kind}"]
    assert (server["type"], server["oauth"]) == ("http", {"clientId": "people1", "callbackPort": 3118})
    assert json.loads(ways["vscode"])["servers"][f"{STACK}-{kind}"]["oauth"] == {"clientId": "people1"}
    assert json.loads(ways["cursor"])["mcpServers"][f"{STACK}-{kind}"]["auth"] == {"CLIENT_ID": "people1"}
    assert json.loads(ways["kiro"])["mcpServers"][f"{STACK}-{kind}"]["oauth"]["clientId"] == "people1"
    assert json.loads(shlex.split(ways["mcp-remote"])[-1]) == {"client_id": "people1"}
    assert "OAuth Client ID: people1" in ways["claude"]
    assert '"machine1"' in ways["python"]
    assert f'"{ISSUER}/.well-known/openid-configuration"' in ways["python"]


def test_with_a_provider_of_ones_own_the_client_is_a_placeholder_until_it_is_given(connect: Print) -> None:
    printed = connect("oidc", "--client", "claude-code")
    assert "--client-id YOUR_CLIENT_ID" in printed.stdout
    assert "registered with the provider" in printed.stderr
    given = connect("oidc", "--client", "claude-code", "--client-id", "mine").stdout
    assert "--client-id mine" in given
    assert "YOUR_CLIENT_ID" not in connect("oidc", "--client-id", "mine").stdout
    # With one slash, though the issuer ends in one.
    assert (
        '"https://login.example.com/.well-known/openid-configuration"' in connect("oidc", "--client", "python").stdout
    )


def test_a_client_id_is_asked_for_only_where_people_sign_in(connect: Print) -> None:
    assert connect("token", "--client-id", "mine").status == 2


def test_each_client_takes_the_teams_token_in_its_own_way(connect: Print) -> None:
    ways, name = offered(connect, "token"), f"{STACK}-token"

    def headers(client: str, servers: str = "mcpServers") -> Any:
        return json.loads(ways[client])[servers][name]["headers"]

    assert headers("claude-code-file") == headers("kiro") == {"Authorization": "Bearer ${MCP_TOKEN}"}
    assert headers("cursor") == {"Authorization": "Bearer ${env:MCP_TOKEN}"}
    (asked,) = json.loads(ways["vscode"])["inputs"]
    assert headers("vscode", "servers") == {"Authorization": f"Bearer ${{input:{asked['id']}}}"}
    assert (asked["type"], asked["password"]) == ("promptString", True)
    # A shell puts it in for the Inspector, and keeps its hands off for mcp-remote, which does so itself.
    assert ways["inspector"].endswith('--header "Authorization: Bearer $MCP_TOKEN"\n')
    assert ways["mcp-remote"].endswith("--header 'Authorization: Bearer ${MCP_TOKEN}'\n")
    assert 'os.environ["MCP_TOKEN"]' in ways["python"].replace("'", '"')


def test_where_requests_are_signed_each_client_starts_the_proxy_for_the_stacks_region(connect: Print) -> None:
    ways = offered(connect, "signature")
    words = ["mcp-proxy-for-aws@latest", FUNCTION_URL, "--service", "lambda", "--region", REGION]
    for client in ("claude-code", "inspector", "mcp-proxy-for-aws"):
        assert shlex.split(ways[client])[-7:] == ["uvx", *words]
        assert f"AWS_REGION={REGION}" in shlex.split(ways[client])
    for client in ("claude-code-file", "claude-desktop", "vscode", "cursor", "kiro"):
        servers = json.loads(ways[client])["servers" if client == "vscode" else "mcpServers"]
        assert servers[f"{STACK}-signature"]["command"] == "uvx"
        assert servers[f"{STACK}-signature"]["args"] == words
        # Without it the proxy ends, whatever region it is given to sign with.
        assert servers[f"{STACK}-signature"]["env"] == {"AWS_REGION": REGION}


def test_a_stack_of_something_else_is_told_from_this_one(connect: Print, cloudformation: Any) -> None:
    deploy(cloudformation, "bucket", {"Bucket": "example"})
    # The last of two is what counts.
    printed = connect("cognito", "--stack", "bucket")
    assert (printed.status, printed.stdout) == (1, "")
    assert "no output McpUrl" in printed.stderr
    assert "STACK=" in printed.stderr


@pytest.fixture
def caller(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Somebody with credentials."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    return monkeypatch


def test_outputs_are_read_in_the_given_region_or_else_in_the_usual_one(
    caller: pytest.MonkeyPatch, cloudformation: Any
) -> None:
    deploy(cloudformation, "read", {"McpUrl": URL})
    assert read("read", REGION) == {"McpUrl": URL}
    with pytest.raises(OutputsError, match=r"no stack read in us-east-1.*STACK=.*REGION="):
        read("read", None)
    caller.setenv("AWS_DEFAULT_REGION", REGION)
    assert read("read", None) == {"McpUrl": URL}


def test_where_it_was_deployed_to_comes_before_the_usual_region(
    caller: pytest.MonkeyPatch, cloudformation: Any, tmp_path: Path
) -> None:
    deploy(cloudformation, "guided", {"McpUrl": URL})
    caller.setenv("AWS_DEFAULT_REGION", "us-east-1")
    caller.chdir(tmp_path)
    # As `sam deploy --guided` leaves it.
    (tmp_path / "samconfig.toml").write_text(f'[default.deploy.parameters]\nregion = "{REGION}"\n')
    assert read("guided", None) == {"McpUrl": URL}
    with pytest.raises(OutputsError, match="no stack guided in ap-south-1"):
        read("guided", "ap-south-1")
    for other in ("", "default = 1", "not toml at all"):
        (tmp_path / "samconfig.toml").write_text(other)
        with pytest.raises(OutputsError, match="no stack guided in us-east-1"):
            read("guided", None)


def test_without_a_region_or_credentials_it_is_said_what_to_do(caller: pytest.MonkeyPatch) -> None:
    caller.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(OutputsError, match=r"No region is set.*AWS_DEFAULT_REGION"):
        read("any", None)
    with pytest.raises(OutputsError, match=r"AWS could not be asked: .*not_a_region"):
        read("any", "not_a_region")
    caller.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(OutputsError, match="no AWS credentials"):
        read("any", REGION)
    caller.setenv("AWS_PROFILE", "none-such")
    with pytest.raises(OutputsError, match="none-such"):
        read("any", REGION)


def test_a_stack_that_is_deleted_is_no_longer_there(caller: pytest.MonkeyPatch, cloudformation: Any) -> None:
    deploy(cloudformation, "gone", {"McpUrl": URL})
    cloudformation.delete_stack(StackName="gone")
    with pytest.raises(OutputsError, match=f"no stack gone in {REGION}"):
        read("gone", REGION)


def test_a_stack_whose_first_deployment_was_not_confirmed_is_told_so(
    caller: pytest.MonkeyPatch, cloudformation: Any
) -> None:
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    cloudformation.create_change_set(
        StackName="planned", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=template
    )
    with pytest.raises(OutputsError, match="planned in eu-west-1 has a change set that was never executed"):
        read("planned", REGION)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("CREATE_IN_PROGRESS", "is still being created"),
        ("CREATE_FAILED", "could not be created"),
        ("ROLLBACK_COMPLETE", "was rolled back.*make delete"),
        ("DELETE_IN_PROGRESS", "is being deleted"),
    ],
)
def test_a_stack_that_never_came_to_be_is_told_by_what_became_of_it(
    caller: pytest.MonkeyPatch, cloudformation: Any, status: str, told: str
) -> None:
    deploy(cloudformation, f"a-{status}".replace("_", "-"), {"McpUrl": URL})
    stacks = cloudformation_backends["123456789012"][REGION].stacks.values()
    (stack,) = (stack for stack in stacks if stack.name == f"a-{status}".replace("_", "-"))
    stack.status = status
    with pytest.raises(OutputsError, match=told):
        read(stack.name, REGION)
    # An update leaves what was there, whatever becomes of it.
    for later in ("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_COMPLETE"):
        stack.status = later
        assert read(stack.name, REGION) == {"McpUrl": URL}


def test_who_may_not_ask_is_told_the_permission_and_whose_keys_are_no_good_to_sign_in_again(
    caller: pytest.MonkeyPatch, endpoint: str
) -> None:
    session: Any = boto3.Session("AKIAEXAMPLE", SECRET, region_name=REGION)
    iam = session.client("iam", endpoint_url=endpoint)
    iam.create_user(UserName="somebody")
    key = iam.create_access_key(UserName="somebody")["AccessKey"]
    # https://docs.getmoto.org/en/latest/docs/iam.html: from now on it asks who calls, and what they may.
    ask_who_calls(endpoint, "0")
    try:
        with pytest.raises(OutputsError, match=r"does not accept these credentials.*Sign in again"):
            read("any", REGION)
        caller.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        caller.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        with pytest.raises(OutputsError, match=r"lack the permission cloudformation:DescribeStacks on the stack any"):
            read("any", REGION)
    finally:
        ask_who_calls(endpoint, "inf")


def ask_who_calls(endpoint: str, after: str) -> None:
    httpx2.post(f"{endpoint}/moto-api/reset-auth", content=after).raise_for_status()


def test_where_aws_cannot_be_reached_it_is_said_so(caller: pytest.MonkeyPatch) -> None:
    caller.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    caller.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(OutputsError, match=r"AWS could not be asked: .*127\.0\.0\.1:9"):
        read("any", REGION)
