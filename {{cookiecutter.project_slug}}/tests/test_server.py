"""The server as a client sees it, in memory: tools, resources, prompts, completion."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import NoRegionError
from botocore.stub import ANY, Stubber

import aws
import limits
from client import Refused, connected
from example_account import make_functions, write_log
from server import build_server

pytestmark = pytest.mark.anyio
# One of moto's own: to list them all takes it seconds.
IMAGE = "ami-12c6146b"


def text(result: dict[str, Any]) -> str:
    return str(result["content"][0]["text"])


def log_page(*texts: str, **more: str) -> dict[str, Any]:
    """Return what FilterLogEvents answers."""
    return {"events": [{"timestamp": 0, "logStreamName": "s", "message": text} for text in texts], **more}


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
    tags: Any = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}]
    ec2.run_instances(ImageId=IMAGE, MinCount=2, MaxCount=2, TagSpecifications=tags)
    async with connected(build_server()) as client:
        running = (await client.call("list_ec2_instances", state="running"))["structuredContent"]
        stopped = (await client.call("list_ec2_instances", state="stopped"))["structuredContent"]
        bad = await client.call("list_ec2_instances", state="sleeping")
    assert [item["name"] for item in running["instances"]] == ["web", "web"]
    assert stopped["instances"] == []
    assert bad["isError"]
    assert "'stopped'" in text(bad)


@pytest.mark.usefixtures("account")
async def test_instances_come_in_pages_of_which_each_names_the_next() -> None:
    ec2 = boto3.client("ec2")
    made = {
        instance["InstanceId"]
        for _ in range(51)  # moto counts reservations
        for instance in ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"]
    }
    async with connected(build_server()) as client:
        first = (await client.call("list_ec2_instances"))["structuredContent"]
        last = (await client.call("list_ec2_instances", cursor=first["next_cursor"]))["structuredContent"]
    assert len(first["instances"]) == 50
    assert {item["instance_id"] for page in (first, last) for item in page["instances"]} == made
    assert last.get("next_cursor") is None


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
    assert told == ["2 matching events in 1 pages"]


@pytest.mark.usefixtures("account")
async def test_a_scan_goes_on_from_its_cursor_until_every_event_has_come_once() -> None:
    texts = [f"ERROR {number}" for number in range(5)]
    write_log("/app", "fine", *texts)
    found: list[str] = []
    arguments: dict[str, Any] = {"log_group": "/app", "pattern": "ERROR", "max_events": 2}
    async with connected(build_server()) as client:
        page = (await client.call("scan_log_group", **arguments))["structuredContent"]
        found += [event["message"] for event in page["events"]]
        while cursor := page.get("next_cursor"):
            page = (await client.call("scan_log_group", **arguments, cursor=cursor))["structuredContent"]
            found += [event["message"] for event in page["events"]]
    assert found == texts


async def test_a_scan_asks_for_no_more_events_than_are_still_wanted() -> None:
    asked = {"logGroupName": "/app", "filterPattern": "ERROR", "startTime": ANY}
    with Stubber(aws.logs()) as stubbed:
        stubbed.add_response("filter_log_events", log_page("one", nextToken="t1"), {**asked, "limit": 3})
        stubbed.add_response("filter_log_events", log_page(nextToken="t2"), {**asked, "limit": 2, "nextToken": "t1"})
        more = {**asked, "limit": 2, "nextToken": "t2"}
        stubbed.add_response("filter_log_events", log_page("two", "three", nextToken="t3"), more)
        async with connected(build_server()) as client:  # a fourth request would have no answer
            scan = await client.call("scan_log_group", log_group="/app", pattern="ERROR", max_events=3)
    found = scan["structuredContent"]
    assert [event["message"] for event in found["events"]] == ["one", "two", "three"]
    assert found["pages_searched"] == 3


async def test_a_scan_that_is_short_of_time_stops_after_a_page_and_goes_on_later_in_the_same_time_span() -> None:
    asked = {"logGroupName": "/app", "filterPattern": "ERROR", "limit": 100}
    pages = (log_page("one", nextToken="a:b\n"), log_page("two", nextToken="c"), log_page("three"))
    with Stubber(aws.logs()) as stubbed:
        stubbed.add_response("filter_log_events", pages[0], {**asked, "startTime": ANY})
        with limits.lasting(5):
            async with connected(build_server()) as client:
                scan = await client.call("scan_log_group", log_group="/app", pattern="ERROR")
        part = scan["structuredContent"]
        start = int(part["next_cursor"].partition(":")[0])
        stubbed.add_response("filter_log_events", pages[1], {**asked, "startTime": start, "nextToken": "a:b\n"})
        after = {**asked, "limit": 99, "startTime": start, "nextToken": "c"}
        stubbed.add_response("filter_log_events", pages[2], after)
        with limits.lasting(500):
            async with connected(build_server()) as client:
                again = {"log_group": "/app", "pattern": "ERROR", "minutes": 1, "cursor": part["next_cursor"]}
                rest = (await client.call("scan_log_group", **again))["structuredContent"]
    assert [event["message"] for event in part["events"]] == ["one"]
    assert [event["message"] for event in rest["events"]] == ["two", "three"]
    assert rest.get("next_cursor") is None


@pytest.mark.parametrize(
    "cursor",
    ["one", ":", "1763600000000:", "1:a", "-763600000000:a", "9" * 20 + ":a", "0" * 13 + ":a"],
)
async def test_a_cursor_that_no_scan_gave_is_told_to_the_model_before_aws_is_asked(cursor: str) -> None:
    with Stubber(aws.logs()):
        async with connected(build_server()) as client:
            scan = await client.call("scan_log_group", log_group="/app", pattern="ERROR", cursor=cursor)
    assert scan["isError"]
    assert "cursor is not one that this tool gave" in text(scan)


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
