"""AWS refuses, fails, or answers nonsense: the model is told what to do, the operator what happened, and it passes."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

import aws
from client import Connected, connected
from server import build_server

pytestmark = pytest.mark.anyio
# What a caller says, and what AWS knows of the account: neither belongs in an operator's line, the latter in no answer.
ARGUMENT, ACCOUNT, ROLE = "hunter2-the-cursor", "123456789012", "assumed-role/mcp-role"
AWS_TEXT = f"User: arn:aws:sts::{ACCOUNT}:{ROLE}/mcp is not authorized on {ARGUMENT}"
# botocore's stubs have its hooks return nothing.
Answer = Callable[..., Any]

DENIED, THROTTLED = "lacks the permission", "Wait a few seconds"
UNTRUSTED, IN_TROUBLE = "neither the server's credentials nor its clock", "a fault of its own"
REFUSALS = {
    "AccessDeniedException": (403, DENIED),
    "AccessDenied": (400, DENIED),
    "UnauthorizedOperation": (400, DENIED),
    "SomethingNewDenied": (403, DENIED),
    "ThrottlingException": (400, THROTTLED),
    "TooManyRequestsException": (429, THROTTLED),
    "SlowDown": (503, THROTTLED),
    "RequestTimeTooSkewed": (403, UNTRUSTED),
    "InvalidSignatureException": (403, UNTRUSTED),
    "RequestExpired": (400, UNTRUSTED),
    "ExpiredTokenException": (403, UNTRUSTED),
    "UnrecognizedClientException": (400, UNTRUSTED),
    "ServiceException": (500, IN_TROUBLE),
}
UNREADABLE = {
    "html": b"<html>We will be back soon.</html>",
    "truncated": b'{"Functions": [{"FunctionNa',
    "empty": b"",
    "another_kind": b"[]",
    "no_member": b'{"Functions": [{"Runtime": "python3.13"}]}',
    "another_type": b'{"Functions": "none"}',
    "another_type_within": b'{"Functions": [{"FunctionName": "f", "MemorySize": "much", "Timeout": [], '
    b'"LastModified": {"a": 1}}]}',
}


class Raw:
    """The body of a response as it comes from the network."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body


def answer(status: int, body: bytes, **headers: str) -> Answer:
    sent: Any = {"x-amzn-RequestId": "request-1", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return lambda **_: AWSResponse("https://aws", status, sent, Raw(body))


def refuse(code: str, status: int) -> Answer:
    return answer(status, json.dumps({"Message": AWS_TEXT}).encode(), x_amzn_ErrorType=code)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """None before a request is repeated."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


async def told(client: Connected, answering: Answer, **arguments: Any) -> dict[str, Any]:
    """Return the result of a call that AWS answers so."""
    events, name = aws.functions().meta.events, "before-send.lambda.ListFunctions"
    events.register_first(name, answering)
    try:
        return await client.call("list_lambda_functions", **arguments)
    finally:
        events.unregister(name, answering)


async def outcome(fault: Answer, caplog: pytest.LogCaptureFixture) -> tuple[str, str]:
    """Return what the model reads and the operator's only line; a call without the fault has worked since."""
    caplog.set_level(logging.INFO)
    # At INFO the SDK writes failed results; the server has it write no more than warnings, and no fewer.
    logging.getLogger("mcp").setLevel(logging.WARNING)
    async with connected(build_server()) as client:
        failed = await told(client, fault, cursor=ARGUMENT)
        lines = [record.getMessage() for record in caplog.records]
        assert not (await told(client, answer(200, b'{"Functions": []}'))).get("isError")
    assert failed["isError"] is True
    text = str(failed["content"][0]["text"])
    (line,) = [line for line in lines if "AWS" in line]
    for private in (ACCOUNT, ROLE):
        assert private not in text + line
    assert ARGUMENT not in "".join(lines)
    return text, line


@pytest.mark.parametrize("code", REFUSALS)
async def test_a_refusal_is_told_with_what_to_do_and_logged_with_what_was_asked(
    caplog: pytest.LogCaptureFixture, code: str
) -> None:
    status, advice = REFUSALS[code]
    text, line = await outcome(refuse(code, status), caplog)
    assert f"AWS refused ListFunctions ({code})" in text
    assert advice in text
    assert line == f"AWS refused ListFunctions: {code} (HTTP {status}, request request-1)"


async def test_what_aws_says_of_the_arguments_is_passed_on_without_the_account(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = f"Function not found: arn:aws:lambda:us-east-1:{ACCOUNT}:function:none"
    body = json.dumps({"message": said}).encode()
    text, line = await outcome(answer(404, body, x_amzn_ErrorType="ResourceNotFoundException"), caplog)
    assert "Function not found: arn:aws:lambda:us-east-1:(account):function:none" in text
    assert "none" not in line


async def test_a_service_that_is_down_behind_its_balancer_is_told_by_its_status(
    caplog: pytest.LogCaptureFixture,
) -> None:
    text, line = await outcome(answer(502, b"<html>Bad Gateway</html>"), caplog)
    assert IN_TROUBLE in text
    assert "html" not in text + line
    assert "HTTP 502" in line


@pytest.mark.parametrize("body", UNREADABLE)
async def test_an_answer_that_is_none_is_told_and_logged_with_the_place_that_read_it(
    caplog: pytest.LogCaptureFixture, body: str
) -> None:
    text, line = await outcome(answer(200, UNREADABLE[body]), caplog)
    assert "AWS's answer could not be read" in text
    assert "tell the operator" in text
    assert "account.py:" in line
    for said in ("back soon", "much", "python3.13"):
        assert said not in text + line


@pytest.mark.parametrize("kind", [EndpointConnectionError, ReadTimeoutError, ConnectionClosedError])
async def test_what_cannot_be_reached_is_told_by_how_it_failed(caplog: pytest.LogCaptureFixture, kind: Any) -> None:
    tries: list[int] = []

    def fail(**_: Any) -> AWSResponse:
        tries.append(1)
        raise kind(endpoint_url=f"https://lambda/functions?Marker={ARGUMENT}")

    text, line = await outcome(fail, caplog)
    assert f"AWS could not be reached ({kind.__name__}). Retry once." in text
    assert "functions().list_functions" in line
    assert kind.__name__ in line
    assert len(tries) == 3


async def test_arguments_that_botocore_refuses_are_named_to_the_model_alone(caplog: pytest.LogCaptureFixture) -> None:
    async with connected(build_server()) as client:
        failed = await client.call("scan_log_group", log_group="", pattern=ARGUMENT)
    assert "logGroupName" in failed["content"][0]["text"]
    assert "could not be reached" not in failed["content"][0]["text"]
    assert ARGUMENT not in caplog.text


async def test_a_fault_of_the_servers_own_is_in_the_log_and_not_in_the_answer(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count() -> int:
        raise RuntimeError(AWS_TEXT)

    import account

    monkeypatch.setattr(account, "count_buckets", count)
    async with connected(build_server()) as client:
        failed = await client.call("count_s3_buckets")
    assert failed["isError"] is True
    assert failed["content"][0]["text"] == "Error executing tool count_s3_buckets"
    assert "RuntimeError" in caplog.text
