"""Real clients, each call made twice: an environment that works once, cold, need not work again, warm."""

import json
import subprocess
from pathlib import Path
from typing import Literal

import boto3
import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import ResourceTemplateReference

from e2e.callers import connected
from e2e.conftest import Built, Stack

pytestmark = pytest.mark.anyio
Era = Literal["legacy", "2026-07-28"]
both_eras = pytest.mark.parametrize("era", ["legacy", "2026-07-28"])
LOG_GROUP = "/aws/lambda/orders"


@both_eras
async def test_the_current_sdk_lists_calls_reads_and_completes(stack: Stack, era: Era) -> None:
    async with connected(stack, era) as client:
        assert client.protocol_version == (era if era == "2026-07-28" else "2025-11-25")
        for _ in range(2):
            names = [tool.name for tool in (await client.list_tools()).tools]
            assert names == ["list_ec2_instances", "list_lambda_functions", "count_s3_buckets", "scan_log_group"]
            assert (await client.call_tool("count_s3_buckets")).structured_content == {"buckets": 3}
            instances = (await client.call_tool("list_ec2_instances", {"state": "running"})).structured_content
            assert instances
            assert all(item["state"] == "running" for item in instances["instances"])
            functions = (await client.call_tool("list_lambda_functions")).structured_content
            assert functions
            assert any(item["deprecated"] for item in functions["functions"])
            name = functions["functions"][0]["name"]
            assert "us-east-1" in str((await client.read_resource("aws://ec2/regions")).contents[0])
            assert name in str((await client.read_resource(f"aws://lambda/{name}")).contents[0])
            prompt = await client.get_prompt("summarize_errors", {"log_group": LOG_GROUP})
            assert LOG_GROUP in str(prompt.messages[0].content)
            reference = ResourceTemplateReference(type="ref/resource", uri="aws://lambda/{function}")
            completed = await client.complete(reference, {"name": "function", "value": name[:2]})
            assert name in completed.completion.values


@both_eras
async def test_progress_arrives(cognito: Stack, era: Era) -> None:
    told: list[str | None] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async with connected(cognito, era) as client:
        for _ in range(2):
            scan = {"log_group": LOG_GROUP, "pattern": "ERROR"}
            found = (await client.call_tool("scan_log_group", scan, progress_callback=note)).structured_content
            assert found
            assert found["events"]
            assert told.pop()


@both_eras
async def test_failures_of_tools_are_results_and_misuse_is_an_error(cognito: Stack, era: Era) -> None:
    async with connected(cognito, era) as client:
        for _ in range(2):
            missing = await client.call_tool("scan_log_group", {"log_group": "/none", "pattern": "x"})
            assert missing.is_error
            assert "ResourceNotFoundException" in str(missing.content)
            for name, arguments in (("list_ec2_instances", {"state": "asleep"}), ("no_such_tool", {})):
                assert (await client.call_tool(name, arguments)).is_error
            with pytest.raises(MCPError, match="not") as refused:
                await client.read_resource("aws://lambda/no-such-function")
            assert refused.value.error.code == -32602


def test_the_sdk_of_the_first_line_works_too(stack: Stack, old_sdk: Path) -> None:
    program = Path(__file__).with_name("old_client.py")
    done = subprocess.run(
        [old_sdk, program, stack.mcp_url],
        env={"MCP_TOKEN": stack.access_token},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for answers in json.loads(done.stdout):
        assert answers == {
            "tools": 4,
            "buckets": {"buckets": 3},
            "progress": True,
            "error": True,
            "regions": True,
            "prompt": True,
            "completed": True,
        }


async def test_the_tools_act_through_the_functions_own_sdk(cognito: Stack) -> None:
    """boto3 is not in the artifact; what the runtime has is what answers, and it sees what others do."""
    s3 = boto3.client(
        "s3", endpoint_url=cognito.aws_endpoint_url, aws_access_key_id="test", aws_secret_access_key="test"
    )
    async with connected(cognito, "2026-07-28") as client:
        s3.create_bucket(Bucket="one-more-bucket")
        assert (await client.call_tool("count_s3_buckets")).structured_content == {"buckets": 4}
        s3.delete_bucket(Bucket="one-more-bucket")


def test_the_artifact_holds_byte_code_and_no_boto3(built: Built) -> None:
    artifact = built.template.parent / "McpFunction"
    assert not (artifact / "boto3").exists()
    assert not (artifact / "botocore").exists()
    assert list(artifact.glob("__pycache__/server.*.pyc"))
    assert list(artifact.with_name("WellKnownFunction").glob("__pycache__/documents.*.pyc"))
    assert list(artifact.glob("mcp/__pycache__/*.pyc"))


async def test_a_call_leaves_one_line_with_its_caller(built: Built, cognito: Stack) -> None:
    async with connected(cognito, "2026-07-28") as client:
        await client.call_tool("list_ec2_instances", {"state": "terminated"})
    log = (built.project / "local.log").read_text()
    lines = [json.loads(line.split(" | ", 1)[1]) for line in log.splitlines() if '"mcp call"' in line]
    record = [line for line in lines if line.get("tool") == "list_ec2_instances"][-1]
    assert (record["method"], record["outcome"]) == ("tools/call", "ok")
    assert record["client_id"] == cognito.client_id
    assert record["sub"]
    assert cognito.access_token not in log
