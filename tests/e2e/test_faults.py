"""What goes wrong around a built server: each fault has an answer and a line of the log, and the next good call works.

What can be shown in memory is in the tests of the generated projects: test_aws_failures.py, test_child.py,
test_state.py, test_request_state.py, test_token_authorizer.py, and, to the byte, those of each front.
"""

import json
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from conftest import Bake
from e2e.callers import connected
from e2e.conftest import Built, Stack
from e2e.gate import Answer, Gate
from workshop import ARCHITECTURE

pytestmark = pytest.mark.anyio

ACCOUNT, ROLE = "123456789012", "assumed-role/mcp-role"
SAID = f'{{"message": "User: arn:aws:sts::{ACCOUNT}:{ROLE}/mcp is not authorized on hunter2"}}'.encode()
GOOD = b'{"Functions": []}'
# How AWS fails, by the `cursor` of the call; what the model reads of it, and the operator.
REFUSED: dict[str, tuple[int, str, str]] = {
    "throttled": (429, "TooManyRequestsException", "Wait a few seconds"),
    "down": (503, "ServiceUnavailableException", "a fault of its own"),
    "denied": (403, "AccessDeniedException", "lacks the permission"),
    "skewed": (403, "InvalidSignatureException", "neither the server's credentials nor its clock"),
}
UNREADABLE = {"html": b"<html>Back soon.</html>", "truncated": b'{"Functions": [{', "empty": b"", "none": b"{}"}
HANGING = "hanging"
LARGEST = 6_291_556
# A tool whose result is as large as it is told.
FLOOD = '''

    @server.tool(annotations=READ_ONLY)
    def flood(character: str, count: int) -> str:
        """Say a character again and again."""
        return character * count
'''


class FaultyAws(Gate):
    """Lambda and EC2 as bad as they are asked to be; what hangs does so until the end."""

    def __init__(self) -> None:
        super().__init__(_Faulty)
        self.end = Event()

    def __exit__(self, *_: object) -> None:
        self.end.set()
        super().__exit__()


class _Faulty(Answer):
    server: FaultyAws

    def do_GET(self) -> None:  # noqa: N802 - as http.server calls it
        (fault,) = parse_qs(urlsplit(self.path).query).get("Marker", [""])
        if fault in REFUSED:
            status, code, _ = REFUSED[fault]
            self.answer(status, SAID, x_amzn_ErrorType=code, x_amzn_RequestId="request-1")
        elif fault == HANGING:
            self.server.end.wait()
        elif fault == "reset":
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + GOOD[:5])
            # So closed, the connection is reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.answer(200, UNREADABLE.get(fault, GOOD))

    def do_POST(self) -> None:  # noqa: N802 - as http.server calls it
        # EC2 answers in XML, which botocore itself cannot read if it is none.
        self.body()
        self.answer(200, b"Back soon.")


@dataclass(frozen=True)
class Served:
    """A server in one environment, and what it has logged."""

    built: Built
    stack: Stack

    def lines(self) -> list[str]:
        return (self.built.project / "local.log").read_text().splitlines()

    def calls(self) -> list[dict[str, Any]]:
        """Return what is logged of each call of a tool."""
        found = [json.loads(line.partition(" | ")[2]) for line in self.lines() if '"mcp call"' in line]
        return [line for line in found if line["method"] == "tools/call"]

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return the result of a call."""
        response = post(self.stack, "tools/call", name=tool, arguments=arguments)
        assert response.status_code == 200, response.text
        (answer,) = [
            json.loads(line.removeprefix("data: ")) for line in response.text.splitlines() if '"result"' in line
        ]
        result: dict[str, Any] = answer["result"]
        return result


in_process = pytest.mark.parametrize("served", ["in-process"], indirect=True)


@pytest.fixture(scope="module")
def aws() -> Iterator[FaultyAws]:
    with FaultyAws() as gate:
        yield gate


@pytest.fixture(scope="module", params=["in-process", "stdio", "web-adapter"])
def served(request: pytest.FixtureRequest, bake: Bake, aws: FaultyAws) -> Iterator[Served]:
    """Serve the samples, with a tool that floods, where Lambda and EC2 are faulty and S3 cannot be reached at all."""
    project = bake(adapter=request.param, architecture=ARCHITECTURE)
    server, template = project / "src/server.py", project / "template.yaml"
    before, after = server.read_text().split("def _add_resources")
    server.write_text(before.rstrip() + FLOOD + "\n\ndef _add_resources" + after)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
    places = {"LAMBDA": aws.url, "EC2": aws.url, "S3": nowhere}
    variable = "          POWERTOOLS_METRICS_NAMESPACE: MCP\n"
    before, after = template.read_text().split(variable)
    added = "".join(f"          AWS_ENDPOINT_URL_{name}: {url}\n" for name, url in places.items())
    template.write_text(f"{before}{variable}{added}{after}")
    built = Built(project)
    with built.serve(None, "--environments", "1") as stack:
        yield Served(built, stack)


def post(stack: Stack, method: str, length: int = 0, **params: Any) -> httpx2.Response:
    """Send one request, with blanks at its end up to `length`."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).ljust(length)
    headers = {
        "authorization": f"Bearer {stack.access_token}",
        "accept": "application/json, text/event-stream",
        "content-type": "application/json",
        "mcp-protocol-version": "2025-11-25",
    }
    return httpx2.post(stack.mcp_url, content=body, headers=headers, timeout=60)


def text_of(result: dict[str, Any]) -> str:
    return str(result["content"][0]["text"])


def failed(served: Served, tool: str, **arguments: str) -> tuple[str, str]:
    """Return what the model reads of a failed call and what the log has of it; the next call works."""
    before, calls = len(served.lines()), len(served.calls())
    result = served.call(tool, **arguments)
    assert result["isError"] is True
    assert not served.call("list_lambda_functions").get("isError")
    assert [call["outcome"] for call in served.calls()[calls:]] == ["tool_error", "ok"]
    text, log = text_of(result), "\n".join(served.lines()[before:])
    assert ACCOUNT not in text
    for private in (ROLE, "Back soon", "Traceback", *(f"Marker={argument}" for argument in arguments.values())):
        assert private not in text + log
    return text, log


@in_process
@pytest.mark.parametrize("fault", REFUSED)
def test_a_refusal_is_told_with_its_cure_and_logged_with_its_code(served: Served, fault: str) -> None:
    status, code, cure = REFUSED[fault]
    text, log = failed(served, "list_lambda_functions", cursor=fault)
    assert f"AWS refused ListFunctions ({code})" in text
    assert cure in text
    assert f"AWS refused ListFunctions: {code} (HTTP {status}, request request-1)" in log


@in_process
@pytest.mark.parametrize("fault", UNREADABLE)
def test_an_answer_that_is_none_is_told_and_logged_with_its_place(served: Served, fault: str) -> None:
    text, log = failed(served, "list_lambda_functions", cursor=fault)
    assert "AWS's answer could not be read (KeyError)" in text
    assert "KeyError at account.py:" in log


@in_process
def test_an_answer_that_botocore_cannot_read_is_told_alike(served: Served) -> None:
    text, log = failed(served, "list_ec2_instances", cursor="secret-cursor")
    assert "AWS's answer could not be read (ResponseParserError)" in text
    assert "ResponseParserError at account.py:" in log


@in_process
def test_a_service_that_is_not_there_is_told_by_how_it_failed(served: Served) -> None:
    text, log = failed(served, "count_s3_buckets")
    assert "AWS could not be reached (EndpointConnectionError)" in text
    assert "EndpointConnectionError at account.py:" in log


@in_process
def test_a_connection_that_breaks_off_is_told_by_how_it_failed(served: Served) -> None:
    text, log = failed(served, "list_lambda_functions", cursor="reset")
    assert "AWS could not be reached" in text
    assert "AWS could not be reached: " in log


@in_process
def test_aws_that_hangs_is_given_up_before_the_function_is(served: Served) -> None:
    text, log = failed(served, "list_lambda_functions", cursor=HANGING)
    assert "AWS could not be reached (ReadTimeoutError)" in text
    assert "ReadTimeoutError at account.py:" in log


@pytest.mark.parametrize("served", ["stdio", "web-adapter"], indirect=True)
def test_in_a_process_of_its_own_it_is_told_and_logged_alike(served: Served) -> None:
    text, log = failed(served, "list_lambda_functions", cursor="denied")
    assert "AWS refused ListFunctions (AccessDeniedException). The function's role lacks the permission." in text
    assert "AWS refused ListFunctions: AccessDeniedException (HTTP 403, request request-1)" in log
    text, log = failed(served, "list_lambda_functions", cursor="truncated")
    assert "AWS's answer could not be read (KeyError)" in text
    assert "KeyError at account.py:" in log


async def test_the_official_client_hands_it_to_the_model(served: Served) -> None:
    async with connected(served.stack, mode="legacy") as client:
        result = await client.call_tool("list_lambda_functions", {"cursor": "denied"})
    assert result.is_error
    assert "lacks the permission" in result.content[0].text  # type: ignore[union-attr]


def flooded(served: Served, character: str, each: int) -> None:
    """Ask for what Lambda carries, and for what it does not, of a character that takes `each` bytes."""
    # A result says a text twice, once as its structured answer, and less than 4,000 bytes frame it.
    most = LARGEST // 2 // each
    whole, near, told = (served.call("flood", character=character, count=most - less) for less in (2_000, 400, 0))
    assert len(text_of(whole)) == most - 2_000
    assert text_of(near)[-10:] in {character * 10, " at a time."[-10:]}
    assert told["isError"] is True
    assert "Ask for less at a time." in text_of(told)
    # A process says it of its own answer.
    assert any("was withheld: it has" in line or "has more than the" in line for line in served.lines())


def test_lambda_is_given_no_more_than_it_carries(served: Served) -> None:
    flooded(served, "x", 1)


@pytest.mark.parametrize("served", ["web-adapter"], indirect=True)
def test_behind_the_web_adapter_text_takes_no_more_than_its_bytes(served: Served) -> None:
    flooded(served, "é", 2)


@pytest.mark.parametrize(("length", "status"), [(4_194_304, 200), (4_194_305, 413)])
def test_a_request_is_read_up_to_its_limit(served: Served, length: int, status: int) -> None:
    assert post(served.stack, "tools/list", length).status_code == status


def broken(served: Served, folder: Path, pattern: str) -> tuple[Path, Path, Path]:
    """Return a copy of the built template, and the file of its artifact that is missing: where it is and belongs."""
    template = served.built.changed(folder, lambda text: f"{text}# changed\n")
    (found,) = (template.parent / "McpFunction").glob(pattern)
    return template, found.rename(folder / found.name), found


@pytest.mark.parametrize("served", ["in-process", "web-adapter"], indirect=True)
def test_a_package_for_another_processor_is_named_with_the_cure(served: Served, tmp_path: Path) -> None:
    template, taken, place = broken(served, tmp_path, "pydantic_core/_pydantic_core*.so")
    with served.built.serve(template, "--environments", "1") as stack:
        assert post(stack, "tools/list").status_code == 500
        taken.rename(place)
        assert post(stack, "tools/list").status_code == 200
    (line, *_) = [line for line in served.lines() if "The artifact lacks it, or has it for something else" in line]
    assert "pydantic_core._pydantic_core" in line
    assert f"on {os.uname().machine}. Name it in src/requirements.in" in line


@pytest.mark.parametrize("served", ["stdio"], indirect=True)
def test_a_module_that_only_the_stdio_server_lacks_is_named_with_the_cure(served: Served, tmp_path: Path) -> None:
    template, taken, place = broken(served, tmp_path, "account.py")
    with served.built.serve(template, "--environments", "1") as stack:
        lost = Served(served.built, stack)
        result = lost.call("list_lambda_functions")
        assert "tell the operator" in text_of(result)
        taken.rename(place)
        assert not lost.call("list_lambda_functions").get("isError")
    assert [call["outcome"] for call in lost.calls()] == ["crashed", "ok"]
    assert any("No module named 'account'. The artifact lacks it" in line for line in lost.lines())
