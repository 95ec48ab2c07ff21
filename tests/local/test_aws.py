"""The stand-in for AWS, through boto3 with nothing but the environment that it hands out."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.aws import LocalAws

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def aws(anyio_backend: str) -> AsyncIterator[LocalAws]:
    async with LocalAws() as running:
        yield running


@pytest.fixture
def client(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    session: Any = boto3.Session()
    return session.client


async def test_the_environment_is_all_that_an_sdk_needs(aws: LocalAws) -> None:
    assert aws.endpoint_url.startswith("http://127.0.0.1:")
    assert aws.environment["AWS_ENDPOINT_URL"] == aws.endpoint_url
    assert set(aws.environment) == {
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
    }


async def test_the_credentials_could_not_be_taken_for_real_ones(aws: LocalAws) -> None:
    assert not aws.environment["AWS_ACCESS_KEY_ID"].startswith(("AKIA", "ASIA"))
    assert "not-a-secret" in aws.environment["AWS_SECRET_ACCESS_KEY"]


async def test_instances_run_and_are_stopped_and_have_names(client: Any) -> None:
    reservations = client("ec2").describe_instances()["Reservations"]
    states = {
        tag["Value"]: instance["State"]["Name"]
        for reservation in reservations
        for instance in reservation["Instances"]
        for tag in instance["Tags"]
        if tag["Key"] == "Name"
    }
    assert states == {
        "web-1": "running",
        "web-2": "running",
        "worker-1": "running",
        "batch-1": "stopped",
        "bastion": "stopped",
    }


async def test_functions_have_current_and_deprecated_runtimes(client: Any) -> None:
    functions = client("lambda").list_functions()["Functions"]
    assert {function["FunctionName"]: function["Runtime"] for function in functions} == {
        "invoices": "python3.9",
        "notifications": "nodejs22.x",
        "orders": "python3.14",
        "payments": "python3.13",
        "thumbnails": "nodejs16.x",
    }


async def test_functions_come_in_pages_of_the_size_that_was_asked_for(client: Any) -> None:
    functions = client("lambda")
    first = functions.list_functions(MaxItems=3)
    second = functions.list_functions(MaxItems=3, Marker=first["NextMarker"])
    assert (len(first["Functions"]), len(second["Functions"])) == (3, 2)
    assert "NextMarker" not in second
    every = [function["FunctionName"] for page in (first, second) for function in page["Functions"]]
    assert sorted(set(every)) == ["invoices", "notifications", "orders", "payments", "thumbnails"]
    pages = functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 3})
    assert [len(page["Functions"]) for page in pages] == [3, 2]


async def test_one_page_of_exactly_all_functions_is_the_last(client: Any) -> None:
    assert "NextMarker" not in client("lambda").list_functions(MaxItems=5)


async def test_other_lambda_calls_are_left_alone(client: Any) -> None:
    assert client("lambda").get_function(FunctionName="orders")["Configuration"]["Runtime"] == "python3.14"


async def test_buckets_and_their_objects_are_reached_by_the_endpoint_url_alone(client: Any) -> None:
    s3 = client("s3")
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert buckets == ["example-invoices", "example-logs", "example-website"]
    listed = s3.list_objects_v2(Bucket="example-invoices")
    assert [content["Key"] for content in listed["Contents"]] == ["2026/10/1001.txt", "2026/10/1002.txt"]
    assert s3.list_objects_v2(Bucket="example-logs")["KeyCount"] == 0
    assert s3.get_object(Bucket="example-website", Key="index.html")["Body"].read() == b"<h1>Example</h1>"


@pytest.mark.parametrize(("group", "errors"), [("/aws/lambda/orders", 1), ("/aws/lambda/payments", 2)])
async def test_logs_of_the_last_hour_have_errors_among_other_events(client: Any, group: str, errors: int) -> None:
    logs = client("logs")
    now = datetime.now(UTC)
    hour = int((now - timedelta(hours=1)).timestamp() * 1000)
    events = logs.filter_log_events(logGroupName=group, startTime=hour)["events"]
    matching = logs.filter_log_events(logGroupName=group, startTime=hour, filterPattern="ERROR")["events"]
    assert (len(events), len(matching)) == (4, errors)
    assert all(event["timestamp"] <= now.timestamp() * 1000 for event in events)
    assert all("ERROR" in event["message"] for event in matching)


async def test_log_groups_are_those_two(client: Any) -> None:
    groups = [group["logGroupName"] for group in client("logs").describe_log_groups()["logGroups"]]
    assert groups == ["/aws/lambda/orders", "/aws/lambda/payments"]


async def test_nothing_is_printed_or_logged_for_a_request(
    client: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client("s3").list_buckets()
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.name.startswith(("werkzeug", "moto"))]


async def test_a_later_one_starts_afresh_and_an_earlier_one_stops() -> None:
    def s3(aws: LocalAws) -> Any:
        session: Any = boto3.Session(
            aws_access_key_id=aws.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=aws.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=aws.environment["AWS_REGION"],
        )
        config = Config(retries={"max_attempts": 0}, connect_timeout=5)
        return session.client("s3", endpoint_url=aws.endpoint_url, config=config)

    async with LocalAws() as first:
        s3(first).create_bucket(Bucket="made-by-hand")
    async with LocalAws() as second:
        names = [bucket["Name"] for bucket in s3(second).list_buckets()["Buckets"]]
        assert names == ["example-invoices", "example-logs", "example-website"]
        with pytest.raises(Exception, match="Could not connect"):
            s3(first).list_buckets()


async def test_one_that_cannot_be_filled_stops_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LookupError

    monkeypatch.setattr("local.aws.seed", fail)
    broken = LocalAws()
    with pytest.raises(LookupError):
        await broken.__aenter__()
    assert not broken._thread.is_alive()
    monkeypatch.undo()
    async with LocalAws():
        """Fill the accounts again: they are those of the whole process, and other tests read them."""
