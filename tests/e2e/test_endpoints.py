"""Every pair of endpoint and adapter: what `make build` makes of it, weighed, and called by that endpoint's clients."""

import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from conftest import Bake
from e2e.conftest import Built, Stack
from local.invoke.transport import invoke_transport
from supply import budget, licences
from variants import DEFAULT, Answers, facts, name_of, one_of_each
from workshop import ARCHITECTURE

SAMPLES = ["count_s3_buckets", "list_ec2_instances", "list_lambda_functions", "scan_log_group"]
PREFIX = "tools___"


@dataclass
class Served:
    """A shape that is being served."""

    answers: Answers
    stack: Stack
    old_sdk: Path

    @property
    def named(self) -> str:
        """What the endpoint puts in front of a tool's name."""
        return PREFIX if self.answers["endpoint"] == "agentcore-gateway" else ""

    @property
    def modern(self) -> bool:
        """Whether revision 2026-07-28 is spoken."""
        return self.answers["adapter"] != "stdio" or self.answers["endpoint"] == "agentcore-gateway"

    def signing(self) -> dict[str, str]:
        """The environment of a program that signs."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.devnull,
            "AWS_ACCESS_KEY_ID": self.stack.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.stack.secret_access_key,
            "AWS_REGION": self.stack.region,
            "AWS_DEFAULT_REGION": self.stack.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def clients(self) -> list[AbstractAsyncContextManager[Client]]:
        """The official SDK's current client, connected in each way that the endpoint allows."""
        match self.answers["endpoint"]:
            case "function-url":
                return [self._through_proxy()]
            case "lambda-invoke":
                return [self._by_invocation(mode) for mode in self._modes()]
            case _:
                return [self._with_token(mode) for mode in self._modes()]

    def _modes(self) -> list[Any]:
        return ["legacy", "2026-07-28"] if self.modern else ["legacy", "auto"]

    @asynccontextmanager
    async def _with_token(self, mode: Any) -> AsyncIterator[Client]:
        headers = {"authorization": f"Bearer {self.stack.access_token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(self.stack.mcp_url, http_client=http), mode=mode) as client,
        ):
            yield client

    @asynccontextmanager
    async def _through_proxy(self) -> AsyncIterator[Client]:
        proxy = self.old_sdk.with_name("mcp-proxy-for-aws")
        arguments = [self.stack.mcp_url, "--service", "lambda", "--region", self.stack.region]
        parameters = StdioServerParameters(command=str(proxy), args=arguments, env=self.signing())
        async with Client(stdio_client(parameters), mode="legacy") as client:
            yield client

    @asynccontextmanager
    async def _by_invocation(self, mode: Any) -> AsyncIterator[Client]:
        functions: Any = boto3.client(
            "lambda",
            endpoint_url=self.stack.endpoint_url,
            region_name=self.stack.region,
            aws_access_key_id=self.stack.access_key_id,
            aws_secret_access_key=self.stack.secret_access_key,
        )
        async with Client(invoke_transport(functions, self.stack.function_arn), mode=mode) as client:
            yield client


SHAPES = one_of_each("endpoint", "adapter", "__server")
# With the HTTP API it is what the other tests sign in to.
SHAPES.append(DEFAULT | {"endpoint": "agentcore-gateway", "authorization": "oidc"})


@pytest.fixture(scope="module", params=SHAPES, ids=name_of)
def shape(request: pytest.FixtureRequest, bake: Bake) -> tuple[Answers, Built]:
    answers = request.param | {"architecture": ARCHITECTURE}
    return answers, Built(bake(**answers))


@pytest.fixture(scope="module")
def served(shape: tuple[Answers, Built], old_sdk: Path) -> Iterator[Served]:
    answers, built = shape
    with built.serve() as stack:
        yield Served(answers, stack, old_sdk)


def test_what_is_uploaded_keeps_within_its_budget(shape: tuple[Answers, Built], tmp_path: Path) -> None:
    answers, built = shape
    artifact, sdk = built.template.with_name("McpFunction"), facts(answers)["__sdk"]
    assert any(artifact.rglob("*.pyc")), "the byte code belongs to what is measured"
    size, most = budget.unzipped(artifact), budget.BUDGETS[sdk]
    assert size <= most.unzipped
    if sdk == "v1":
        # So that whatever the other keeps within is a share of this one.
        assert budget.BUDGETS["v2"].unzipped <= budget.SHARE * size
    # Packing takes longer than all the rest, and only the SDK makes a difference.
    if answers in [shape | {"architecture": ARCHITECTURE} for shape in one_of_each("__sdk")]:
        assert budget.zipped(artifact, tmp_path) <= most.zipped


def test_all_that_ships_has_a_licence_that_is_allowed(shape: tuple[Answers, Built]) -> None:
    answers, built = shape
    sdk = facts(answers)["__sdk"]
    packages = licences.shipped(built.template.with_name("McpFunction"))
    if not answers["stdio_package"]:
        table = licences.section(packages)
        if os.environ.get("UPDATE_GOLDEN"):
            licences.write(sdk, table)
        assert table == licences.written(sdk), "if you mean what ships now: make licences"
    for other in ("WellKnownFunction", "TokenAuthorizerFunction"):
        assert not list(built.template.parent.glob(f"{other}/*.dist-info"))


def value(served: Served, result: Any) -> Any:
    """Return a tool's structured answer, which a Gateway passes on as text."""
    assert not result.is_error, result
    return json.loads(result.content[0].text) if served.named else result.structured_content


@pytest.mark.anyio
async def test_a_real_client_lists_and_calls_the_tools_cold_and_warm(served: Served) -> None:
    for connecting in served.clients():
        async with connecting as client:
            for _ in range(2):
                names = sorted(tool.name.removeprefix(served.named) for tool in (await client.list_tools()).tools)
                if served.answers["stdio_package"]:
                    assert "get_current_time" in names
                    told = await client.call_tool(f"{served.named}get_current_time", {"timezone": "Europe/Oslo"})
                    assert not told.is_error
                    assert "Europe/Oslo" in told.content[0].text  # type: ignore[union-attr]
                else:
                    assert names == SAMPLES
                    counted = await client.call_tool(f"{served.named}count_s3_buckets", {})
                    assert value(served, counted) == {"buckets": 3}


@pytest.mark.anyio
async def test_a_tools_failure_is_told_to_the_model_and_the_next_call_works(served: Served) -> None:
    package = bool(served.answers["stdio_package"])
    bad = ("get_current_time", {"timezone": "Nowhere/Land"}) if package else ("list_ec2_instances", {"state": "asleep"})
    good = ("get_current_time", {"timezone": "UTC"}) if package else ("list_lambda_functions", {})
    async with served.clients()[0] as client:
        failed = await client.call_tool(f"{served.named}{bad[0]}", bad[1])
        # A Gateway takes a function's answer for a success: the text is all that says otherwise.
        assert failed.is_error or '"isError":true' in failed.content[0].text  # type: ignore[union-attr]
        assert not (await client.call_tool(f"{served.named}{good[0]}", good[1])).is_error


@pytest.mark.anyio
async def test_resources_and_prompts_are_passed_on_where_the_endpoint_can(served: Served) -> None:
    if served.named or served.answers["stdio_package"]:
        async with served.clients()[0] as client:
            assert client.server_capabilities.resources is None
        return
    for connecting in served.clients():
        async with connecting as client:
            assert "us-east-1" in str((await client.read_resource("aws://ec2/regions")).contents[0])
            assert "/app" in str((await client.get_prompt("summarize_errors", {"log_group": "/app"})).messages[0])


def test_run_mcps_own_client_invokes_the_function(served: Served) -> None:
    if served.answers["endpoint"] != "lambda-invoke":
        return
    program = Path(__file__).with_name("old_invoker.py")
    command: list[str | Path] = [served.old_sdk, program, served.stack.function_arn, served.stack.region]
    variables = {**served.signing(), "AWS_ENDPOINT_URL_LAMBDA": served.stack.endpoint_url}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = "get_current_time" if served.answers["stdio_package"] else "count_s3_buckets"
    assert expected in json.loads(done.stdout)
