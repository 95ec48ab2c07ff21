"""The server as a client sees it, in memory: tools, resources, prompts, completion."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import NoRegionError
from botocore.stub import Stubber

import aws
from client import Refused, connected
from example_account import make_functions, write_log
from server import build_server

pytestmark = pytest.mark.anyio


def text(result: dict[str, Any]) -> str:
    return str(result["content"][0]["text"])


async def test_every_tool_says_what_it_is_for_and_what_it_may_do() -> None:
    async with connected(build_server()) as client:
        tools = await client.tools()
    assert tools
    for tool in tools:
        assert tool["title"]
        assert tool["description"]
        assert tool["outputSchema"]
        assert "readOnlyHint" in tool["annotations"]


async def test_a_tool_without_annotations_is_listed_as_destructive() -> None:
    server = build_server()

    @server.tool()
    def drop_table() -> str:
        """Drop the table."""
        return "gone"

    async with connected(server) as client:
        annotations = {tool["name"]: tool["annotations"] for tool in await client.tools()}["drop_table"]
    assert annotations["destructiveHint"] is True
    assert annotations["readOnlyHint"] is False


async def test_the_lists_come_in_the_same_order() -> None:
    async with connected(build_server()) as first, connected(build_server()) as second:
        assert await first.tools() == await second.tools()


@pytest.mark.usefixtures("account")
async def test_instances_are_listed_by_state() -> None:
    ec2 = boto3.client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    tags: Any = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}]
    ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2, TagSpecifications=tags)
    async with connected(build_server()) as client:
        running = (await client.call("list_ec2_instances", state="running"))["structuredContent"]
        stopped = (await client.call("list_ec2_instances", state="stopped"))["structuredContent"]
        bad = await client.call("list_ec2_instances", state="sleeping")
    assert [item["name"] for item in running["instances"]] == ["web", "web"]
    assert running["truncated"] is False
    assert stopped == {"instances": [], "truncated": False}
    assert bad["isError"]
    assert "'stopped'" in text(bad)


@pytest.mark.usefixtures("account")
async def test_functions_are_flagged_and_filtered_and_their_environment_stays_hidden() -> None:
    make_functions("python3.9", "python3.13", "nodejs24.x")
    async with connected(build_server()) as client:
        everything = (await client.call("list_lambda_functions"))["structuredContent"]
        filtered = (await client.call("list_lambda_functions", runtime="python3.9"))["structuredContent"]
    assert {item["runtime"]: item["deprecated"] for item in everything["functions"]} == {
        "python3.9": True,
        "python3.13": False,
        "nodejs24.x": False,
    }
    assert "hunter2" not in str(everything)
    assert [item["name"] for item in filtered["functions"]] == ["function-00"]


async def test_the_cursor_of_one_page_asks_aws_for_the_next() -> None:
    with Stubber(aws.functions()) as stubbed:  # moto puts every function on one page
        stubbed.add_response("list_functions", {"Functions": [], "NextMarker": "two"}, {"MaxItems": 50})
        stubbed.add_response("list_functions", {"Functions": []}, {"MaxItems": 50, "Marker": "two"})
        async with connected(build_server()) as client:
            cursor = (await client.call("list_lambda_functions"))["structuredContent"]["next_cursor"]
            last = await client.call("list_lambda_functions", cursor=cursor)
    assert last["structuredContent"].get("next_cursor") is None


@pytest.mark.parametrize(
    ("code", "told"),
    [("AccessDeniedException", "lacks the permission"), ("TooManyRequestsException", "Wait a few seconds")],
)
async def test_what_aws_refuses_reaches_the_model_as_advice(code: str, told: str) -> None:
    with Stubber(aws.functions()) as stubbed:
        stubbed.add_client_error("list_functions", code, "arn:aws:iam::123456789012:role/mcp is not authorized")
        async with connected(build_server()) as client:
            result = await client.call("list_lambda_functions")
    assert result["isError"]
    assert told in text(result)
    assert "123456789012" not in text(result)


@pytest.mark.usefixtures("account")
async def test_buckets_are_counted() -> None:
    for name in ("one", "two", "three"):
        boto3.client("s3").create_bucket(Bucket=f"bucket-{name}")
    async with connected(build_server()) as client:
        assert (await client.call("count_s3_buckets"))["structuredContent"] == {"buckets": 3}


@pytest.mark.usefixtures("account")
async def test_a_scan_reports_its_progress_and_stops_at_its_limit() -> None:
    write_log("/app", "ERROR one", "fine", "ERROR two", "ERROR three")
    told: list[str | None] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async with connected(build_server()) as client:
        result = await client.call("scan_log_group", note, log_group="/app", pattern="ERROR", max_events=2)
    found = result["structuredContent"]
    assert [event["message"] for event in found["events"]] == ["ERROR one", "ERROR two"]
    assert found["truncated"] is True
    assert told == ["3 matching events in 1 pages"]


async def test_a_scan_asks_aws_for_no_page_that_it_does_not_need() -> None:
    event = {"timestamp": 0, "logStreamName": "s", "message": "ERROR"}
    with Stubber(aws.logs()) as stubbed:  # a second request would have no answer
        stubbed.add_response("filter_log_events", {"events": [event, event], "nextToken": "more"})
        async with connected(build_server()) as client:
            scan = await client.call("scan_log_group", log_group="/app", pattern="ERROR", max_events=1)
    assert not scan.get("isError")


async def test_a_client_that_cannot_be_made_is_an_error_the_model_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def logs() -> None:
        raise NoRegionError

    monkeypatch.setattr(aws, "logs", logs)
    async with connected(build_server()) as client:
        result = await client.call("scan_log_group", log_group="/app", pattern="ERROR")
    assert result["isError"]
    assert "AWS could not be reached (NoRegionError)" in text(result)


@pytest.mark.usefixtures("account")
async def test_a_resource_that_does_not_exist_is_an_error() -> None:
    async with connected(build_server()) as client:
        with pytest.raises(Refused, match="none"):
            await client.read("aws://lambda/none")


@pytest.mark.usefixtures("account")
async def test_a_thing_that_does_not_exist_is_an_error_the_model_can_read() -> None:
    async with connected(build_server()) as client:
        result = await client.call("scan_log_group", log_group="/none", pattern="ERROR")
    assert result["isError"]
    assert "FilterLogEvents (ResourceNotFoundException)" in text(result)


@pytest.mark.usefixtures("account")
async def test_resources_are_read_and_their_variables_completed() -> None:
    make_functions("python3.13", "python3.13")
    async with connected(build_server()) as client:
        assert "us-east-1" in await client.read("aws://ec2/regions")
        assert '"function-01"' in await client.read("aws://lambda/function-01")
        names = await client.complete("aws://lambda/{function}", "function", "function-0")
    assert names == ["function-00", "function-01"]


async def test_the_prompt_names_the_log_group() -> None:
    async with connected(build_server()) as client:
        assert "log_group='/app'" in await client.prompt("summarize_errors", log_group="/app")
