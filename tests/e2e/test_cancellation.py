"""Work for nobody: once a client has gone, or a call's time is up, AWS is asked for nothing after the page under way.

Who has gone is known by the response stream alone. Revision 2026-07-28 has its end stand for a cancellation
(specification, basic/patterns/cancellation); earlier ones have `notifications/cancelled`, which is a request of its own
and reaches another invocation, so that here the end of the stream counts for them too. It must have begun, which it
does with the first progress or after some seconds.

The local stack passes the end of a stream on, as any server under uvicorn hears of it. Lambda does not: "streamed
responses are not interrupted or stopped when the invoking client connection is broken" (Lambda developer guide,
"Response streaming for Lambda functions"). There, and where responses are buffered, a call's time is the only bound.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Semaphore
from typing import Any

import httpx2
import pytest

from conftest import Bake
from e2e.callers import signer
from e2e.conftest import Built, Stack
from e2e.gate import Answer, Gate
from e2e.test_signatures import HEADERS, post
from workshop import ARCHITECTURE

MODERN = "2026-07-28"
SCAN = {"log_group": "/app", "pattern": "ERROR"}
# A tool that would never stop by itself.
RESTLESS_TOOL = '''

    @server.tool(annotations=READ_ONLY)
    async def scan_on_and_on(ctx: Context) -> None:
        """Search a log that has no end, whatever the time."""
        scan = logs.LogScan("/app", "ERROR", 60, 500)
        while True:
            await anyio.to_thread.run_sync(scan.next_page)
            await ctx.report_progress(scan.pages)
'''


class LogGate(Gate):
    """CloudWatch Logs with a log that has no end: each page has an event, and waits until it is let go."""

    def __init__(self) -> None:
        super().__init__(_Page)
        self.begin()

    def begin(self) -> None:
        """Forget what was asked for, and hold every page from now on."""
        self.asked: list[dict[str, Any]] = []
        self._arrived = Semaphore(0)
        self._open = Semaphore(0)

    def let_go(self, pages: int = 1) -> None:
        self._open.release(pages)

    def await_page(self) -> None:
        """Return when a page has been asked for that nobody has awaited."""
        assert self._arrived.acquire(timeout=60)

    def hold(self, request: dict[str, Any]) -> int:
        """Return the page's number when it is let go."""
        opened = self._open
        self.asked.append(request)
        number = len(self.asked)
        self._arrived.release()
        opened.acquire()
        return number


class _Page(Answer):
    server: LogGate

    def do_POST(self) -> None:  # noqa: N802 - as http.server calls it
        assert self.headers["x-amz-target"] == "Logs_20140328.FilterLogEvents"
        number = self.server.hold(json.loads(self.body()))
        event = {"timestamp": number, "logStreamName": "s", "message": f"ERROR {number}"}
        self.answer(200, json.dumps({"events": [event], "nextToken": f"after {number}"}).encode())


@pytest.fixture(scope="module")
def listening() -> Iterator[LogGate]:
    with LogGate() as gate:
        yield gate


@pytest.fixture
def gate(listening: LogGate) -> LogGate:
    listening.begin()
    return listening


@dataclass(frozen=True)
class Served:
    """The function URL with one tool more, whose logs are the gate's, and with one environment."""

    stack: Stack
    built: Built

    def outcome(self, version: str) -> str:
        """Return how the call that would never end has ended; meanwhile the function has other calls to serve."""
        for _ in range(100):
            self.answer()
            lines = [line.partition(" | ")[2] for line in (self.built.project / "local.log").read_text().splitlines()]
            for line in lines:
                if '"mcp call"' in line and (told := json.loads(line))["jsonrpc_id"] == f"scan_on_and_on {version}":
                    return str(told["outcome"])
        raise AssertionError("the call goes on and on")

    def answer(self) -> None:
        """Return when the function has answered some other call."""
        assert post(self.stack, signer(self.stack)) == 200


@contextmanager
def served(bake: Bake, gate: LogGate, adapter: str, *options: str) -> Iterator[Served]:
    """Build and serve it until the block ends."""
    project = bake(endpoint="function-url", adapter=adapter, architecture=ARCHITECTURE)
    server, template = project / "src/server.py", project / "template.yaml"
    before, after = server.read_text().split("def _add_resources")
    server.write_text(before.rstrip() + RESTLESS_TOOL + "\n\ndef _add_resources" + after)
    variable = "          POWERTOOLS_METRICS_NAMESPACE: MCP\n"
    before, after = template.read_text().split(variable)
    template.write_text(f"{before}{variable}          AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: {gate.url}\n{after}")
    built = Built(project)
    with built.serve(None, "--environments", "1", *options) as stack:
        yield Served(stack, built)


@pytest.fixture(scope="module")
def streaming(bake: Bake, listening: LogGate) -> Iterator[Served]:
    with served(bake, listening, "web-adapter") as served_so:
        yield served_so


@pytest.fixture(scope="module", params=["in-process", "stdio"])
def hurried(request: pytest.FixtureRequest, bake: Bake, listening: LogGate) -> Iterator[Served]:
    """It has eight seconds for a call, which are too few for a second page of a scan."""
    with served(bake, listening, request.param, "--parameter", "CallTimeoutSeconds=8") as served_so:
        yield served_so


def call(stack: Stack, tool: str, version: str = "2025-11-25", **arguments: Any) -> dict[str, Any]:
    """Return what httpx2 needs to send a call that wants to hear of its progress, and is named by its id."""
    meta: dict[str, Any] = {"progressToken": "p"}
    headers = HEADERS | {"mcp-protocol-version": version}
    if version == MODERN:
        headers |= {"mcp-method": "tools/call", "mcp-name": tool}
        names = ("protocolVersion", "clientCapabilities")
        meta |= {f"io.modelcontextprotocol/{name}": value for name, value in zip(names, (version, {}), strict=True)}
    params = {"name": tool, "arguments": arguments, "_meta": meta}
    body = {"jsonrpc": "2.0", "id": f"{tool} {version}", "method": "tools/call", "params": params}
    return {"url": stack.mcp_url, "json": body, "headers": headers, "auth": signer(stack), "timeout": 60}


def scanned(stack: Stack, **arguments: Any) -> dict[str, Any]:
    """Return what a scan has found."""
    lines = httpx2.post(**call(stack, "scan_log_group", **SCAN, **arguments)).text.splitlines()
    (answer,) = [json.loads(line.removeprefix("data: ")) for line in lines if '"result"' in line]
    found: dict[str, Any] = answer["result"]["structuredContent"]
    return found


def test_a_scan_that_is_short_of_time_gives_what_it_has_and_goes_on_from_there(hurried: Served, gate: LogGate) -> None:
    gate.let_go(100)
    first = scanned(hurried.stack)
    second = scanned(hurried.stack, cursor=first["next_cursor"])
    assert [event["message"] for found in (first, second) for event in found["events"]] == ["ERROR 1", "ERROR 2"]
    assert [asked.get("nextToken") for asked in gate.asked] == [None, "after 1"]
    assert gate.asked[0]["startTime"] == gate.asked[1]["startTime"]


def test_a_call_whose_time_is_up_asks_for_nothing_after_the_page_under_way(hurried: Served, gate: LogGate) -> None:
    gate.let_go()
    late = httpx2.post(**call(hurried.stack, "scan_on_and_on"))
    assert "ask for less at a time" in late.text.lower()
    asked = len(gate.asked)
    assert asked
    gate.let_go(100)
    assert hurried.outcome("2025-11-25") in {"cancelled", "timeout"}
    assert len(gate.asked) == asked


@pytest.mark.parametrize("version", ["2025-11-25", MODERN])
def test_a_client_that_closes_the_stream_stops_the_call_at_the_page_under_way(
    streaming: Served, gate: LogGate, version: str
) -> None:
    gate.let_go()
    with httpx2.stream("POST", **call(streaming.stack, "scan_on_and_on", version)) as response:
        told = next(line for line in response.iter_lines() if line.startswith("data: {"))
        assert "notifications/progress" in told
        gate.await_page()
        gate.await_page()
    # The one environment answers this once it has heard that the client is gone.
    streaming.answer()
    gate.let_go(100)
    assert streaming.outcome(version) == "cancelled"
    assert len(gate.asked) == 2
