"""The server as a client sees it, in memory: tools, resources, prompts, completion."""

import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoRegionError
from botocore.stub import Stubber
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import ResourceTemplateReference, TextResourceContents

import aws
from server import build_server

pytestmark = pytest.mark.anyio


def text(result: Any) -> str:
    return str(result.content[0].text)


async def test_every_tool_says_what_it_is_for_and_what_it_may_do() -> None:
    async with Client(build_server()) as client:
        tools = (await client.list_tools()).tools
    assert tools
    for tool in tools:
        assert tool.title
        assert tool.description
        assert tool.output_schema
        assert tool.annotations
        assert tool.annotations.read_only_hint is not None


async def test_a_tool_without_annotations_is_listed_as_destructive() -> None:
    server = build_server()

    @server.tool()
    def drop_table() -> str:
        """Drop the table."""
        return "gone"

    async with Client(server) as client:
        annotations = {tool.name: tool.annotations for tool in (await client.list_tools()).tools}["drop_table"]
    assert annotations
    assert annotations.destructive_hint is True
    assert annotations.read_only_hint is False


async def test_the_lists_come_in_the_same_order_and_may_be_cached_by_anyone() -> None:
    async with Client(build_server()) as first, Client(build_server()) as second:
        one, other = await first.list_tools(), await second.list_tools()
    assert one.tools == other.tools
    assert (one.ttl_ms, one.cache_scope) == (300_000, "public")


@pytest.mark.usefixtures("account")
async def test_instances_are_listed_by_state() -> None:
    ec2 = boto3.client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    tags: Any = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}]
    ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2, TagSpecifications=tags)
    async with Client(build_server()) as client:
        running = await client.call_tool("list_ec2_instances", {"state": "running"})
        stopped = await client.call_tool("list_ec2_instances", {"state": "stopped"})
        bad = await client.call_tool("list_ec2_instances", {"state": "sleeping"})
    assert running.structured_content
    assert [item["name"] for item in running.structured_content["instances"]] == ["web", "web"]
    assert running.structured_content["truncated"] is False
    assert stopped.structured_content == {"instances": [], "truncated": False}
    assert bad.is_error
    assert "'stopped'" in text(bad)


def make_functions(*runtimes: str) -> None:
    role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    for number, runtime in enumerate(runtimes):
        boto3.client("lambda").create_function(
            FunctionName=f"function-{number:02}",
            Runtime=runtime,  # type: ignore[arg-type]  # moto knows runtimes that the stubs have dropped
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
            Environment={"Variables": {"PASSWORD": "hunter2"}},
        )


@pytest.mark.usefixtures("account")
async def test_functions_are_flagged_and_filtered_and_their_environment_stays_hidden() -> None:
    make_functions("python3.9", "python3.13", "nodejs24.x")
    async with Client(build_server()) as client:
        everything = (await client.call_tool("list_lambda_functions")).structured_content
        filtered = (await client.call_tool("list_lambda_functions", {"runtime": "python3.9"})).structured_content
    assert everything
    assert {item["runtime"]: item["deprecated"] for item in everything["functions"]} == {
        "python3.9": True,
        "python3.13": False,
        "nodejs24.x": False,
    }
    assert "hunter2" not in str(everything)
    assert filtered
    assert [item["name"] for item in filtered["functions"]] == ["function-00"]


async def test_the_cursor_of_one_page_asks_aws_for_the_next() -> None:
    with Stubber(aws.functions()) as stubbed:  # moto puts every function on one page
        stubbed.add_response("list_functions", {"Functions": [], "NextMarker": "two"}, {"MaxItems": 50})
        stubbed.add_response("list_functions", {"Functions": []}, {"MaxItems": 50, "Marker": "two"})
        async with Client(build_server()) as client:
            first = (await client.call_tool("list_lambda_functions")).structured_content
            assert first
            last = (
                await client.call_tool("list_lambda_functions", {"cursor": first["next_cursor"]})
            ).structured_content
    assert last == {"functions": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("code", "told"),
    [("AccessDeniedException", "lacks the permission"), ("TooManyRequestsException", "Wait a few seconds")],
)
async def test_what_aws_refuses_reaches_the_model_as_advice(code: str, told: str) -> None:
    with Stubber(aws.functions()) as stubbed:
        stubbed.add_client_error("list_functions", code, "arn:aws:iam::123456789012:role/mcp is not authorized")
        async with Client(build_server()) as client:
            result = await client.call_tool("list_lambda_functions")
    assert result.is_error
    assert told in text(result)
    assert "123456789012" not in text(result)


@pytest.mark.usefixtures("account")
async def test_buckets_are_counted() -> None:
    for name in ("one", "two", "three"):
        boto3.client("s3").create_bucket(Bucket=f"bucket-{name}")
    async with Client(build_server()) as client:
        assert (await client.call_tool("count_s3_buckets")).structured_content == {"buckets": 3}


def write_log(group: str, *texts: str) -> None:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now, "message": text} for text in texts]
    )


@pytest.mark.usefixtures("account")
async def test_a_scan_reports_its_progress_and_stops_at_its_limit() -> None:
    write_log("/app", "ERROR one", "fine", "ERROR two", "ERROR three")
    told: list[str | None] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async with Client(build_server()) as client:
        scan = {"log_group": "/app", "pattern": "ERROR", "max_events": 2}
        result = await client.call_tool("scan_log_group", scan, progress_callback=note)
    assert result.structured_content
    assert [event["message"] for event in result.structured_content["events"]] == ["ERROR one", "ERROR two"]
    assert result.structured_content["truncated"] is True
    assert told == ["3 matching events in 1 pages"]


async def test_a_scan_asks_aws_for_no_page_that_it_does_not_need() -> None:
    event = {"timestamp": 0, "logStreamName": "s", "message": "ERROR"}
    with Stubber(aws.logs()) as stubbed:  # a second request would have no answer
        stubbed.add_response("filter_log_events", {"events": [event, event], "nextToken": "more"})
        async with Client(build_server()) as client:
            scan = {"log_group": "/app", "pattern": "ERROR", "max_events": 1}
            assert not (await client.call_tool("scan_log_group", scan)).is_error


async def test_a_client_that_cannot_be_made_is_an_error_the_model_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def logs() -> None:
        raise NoRegionError

    monkeypatch.setattr(aws, "logs", logs)
    async with Client(build_server()) as client:
        result = await client.call_tool("scan_log_group", {"log_group": "/app", "pattern": "ERROR"})
    assert result.is_error
    assert "AWS could not be reached (NoRegionError)" in text(result)


@pytest.mark.usefixtures("account")
async def test_a_resource_that_does_not_exist_is_an_error_of_its_parameter() -> None:
    async with Client(build_server()) as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource("aws://lambda/none")
    assert refused.value.error.code == -32602


@pytest.mark.usefixtures("account")
async def test_a_thing_that_does_not_exist_is_an_error_the_model_can_read() -> None:
    async with Client(build_server()) as client:
        result = await client.call_tool("scan_log_group", {"log_group": "/none", "pattern": "ERROR"})
    assert result.is_error
    assert "FilterLogEvents (ResourceNotFoundException)" in text(result)


@pytest.mark.usefixtures("account")
async def test_resources_are_read_and_their_variables_completed() -> None:
    make_functions("python3.13", "python3.13")
    template = ResourceTemplateReference(type="ref/resource", uri="aws://lambda/{function}")
    async with Client(build_server()) as client:
        regions = (await client.read_resource("aws://ec2/regions")).contents[0]
        function = (await client.read_resource("aws://lambda/function-01")).contents[0]
        names = (await client.complete(template, {"name": "function", "value": "function-0"})).completion.values
    assert isinstance(regions, TextResourceContents)
    assert "us-east-1" in regions.text
    assert isinstance(function, TextResourceContents)
    assert '"function-01"' in function.text
    assert names == ["function-00", "function-01"]


async def test_the_prompt_names_the_log_group() -> None:
    async with Client(build_server()) as client:
        prompt = await client.get_prompt("summarize_errors", {"log_group": "/app"})
    assert "log_group='/app'" in str(prompt.messages[0].content)
