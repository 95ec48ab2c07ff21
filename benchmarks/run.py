"""Measures the artifact of each adapter beside a bare handler, in the real Lambda runtime client, in one run.

`make bench` prints the table. Ratios and differences hold from machine to machine; absolute times do not. A cold start
is the time from the start of the process to its first answer, which on AWS comes on top of getting the machine. The
web adapter is the local stand-in, which says nothing of the real one's own share.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "{{cookiecutter.project_slug}}")]

from cookiecutter.main import cookiecutter  # noqa: E402

from local import web_adapter  # noqa: E402
from local.aws import LocalAws  # noqa: E402
from local.environment import Environment  # noqa: E402
from local.runtime_api import Invocation  # noqa: E402
from workshop import ARCHITECTURE, Workshop  # noqa: E402

PYTHON = "3.13"
BARE = "def lambda_handler(event, context):\n    return {'statusCode': 200, 'body': '{}'}\n"
ORIGIN = "https://mcp.example.com"


MODERN = "2026-07-28"


def event(method: str, version: str = MODERN, **params: Any) -> bytes:
    """Return the HTTP API event of a JSON-RPC request at a protocol revision."""
    headers = {
        "host": "mcp.example.com",
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": version,
    }
    if version == MODERN:
        headers |= {"mcp-method": method, **({"mcp-name": params["name"]} if "name" in params else {})}
        keys = ("io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities")
        params["_meta"] = dict(zip(keys, (version, {}), strict=True))
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    context = {"http": {"method": "POST", "path": "/mcp"}, "domainName": "mcp.example.com"}
    message = {"version": "2.0", "rawPath": "/mcp", "headers": headers, "requestContext": context}
    return json.dumps({**message, "body": json.dumps(body), "isBase64Encoded": False}).encode()


LIST = event("tools/list")
LIST_BEFORE = event("tools/list", "2025-11-25")


@dataclass(frozen=True)
class Subject:
    """Something to measure: code with a handler, and the request that it answers."""

    name: str
    runtime: Path
    code: Path
    handler: str
    variables: dict[str, str]
    request: bytes = LIST

    def _command(self) -> list[str]:
        if self.handler.endswith(".sh"):
            return [sys.executable, "-I", web_adapter.__file__, str(self.code / self.handler)]
        return [str(self.runtime), "-m", "awslambdaric", self.handler]

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.runtime.parent}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(self.code),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LAMBDA_TASK_ROOT": str(self.code),
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "_HANDLER": self.handler,
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
            "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{PYTHON}",
            "MCP_URL": f"{ORIGIN}/mcp",
            "ALLOWED_ORIGINS": ORIGIN,
            "TOOL_SCOPES": "",
            "POWERTOOLS_SERVICE_NAME": "bench",
            "POWERTOOLS_METRICS_NAMESPACE": "bench",
            **self.variables,
        }

    @contextlib.asynccontextmanager
    async def started(self) -> AsyncIterator[Environment]:
        """Run the code in an environment of its own."""
        arn = "arn:aws:lambda:us-east-1:123456789012:function:bench"
        environment = Environment(arn, self._command(), self.code, self._environment(), lambda _: None)
        await environment.start()
        try:
            yield environment
        finally:
            await environment.close()

    async def cold(self) -> float:
        """Return the milliseconds from the start of the process to its first answer."""
        begin = perf_counter()
        async with self.started() as environment:
            await answered(environment, self.request)
            return (perf_counter() - begin) * 1000

    async def warm(self, calls: int) -> list[float]:
        """Return the milliseconds of each of so many calls."""
        async with self.started() as environment:
            times = []
            for _ in range(calls + 20):
                begin = perf_counter()
                await answered(environment, self.request)
                times.append((perf_counter() - begin) * 1000)
            return times[20:]

    async def peak(self, request: bytes) -> float:
        """Return the most memory in MB (VmHWM) that the process has held after `request`."""
        async with self.started() as environment:
            await answered(environment, request)
            return peak_mb()


async def answered(environment: Environment, request: bytes) -> None:
    """Send the event, and fail unless the answer is a good one."""
    result = await environment.invoke(Invocation(request, 30))
    if result.payload.get("statusCode") != 200 or '"isError":true' in result.payload["body"]:  # noqa: PLR2004
        raise RuntimeError(f"no good answer: {result.payload}")


def peak_mb() -> float:
    """Return the most memory in MB that the only child of this process has held."""
    (process,) = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def size_mb(folder: Path) -> float:
    """Return the size of everything below `folder` in MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


async def measure(runtime: Path, artifacts: dict[str, Path], scratch: Path, colds: int, calls: int) -> None:
    """Measure and print; `artifacts` has the folder of the built function by adapter."""
    for name, text in (("bare", BARE), ("sdk", "import mcp.server.mcpserver\n" + BARE)):
        (scratch / name).mkdir()
        (scratch / name / "handler.py").write_text(text)
    async with LocalAws() as aws:
        aside = dict(aws.environment)
        bare = Subject("bare handler", runtime, scratch / "bare", "handler.lambda_handler", {})
        sdk_path = {"PYTHONPATH": f"{scratch / 'sdk'}:{artifacts['in-process']}"}
        sdk = Subject("bare handler that imports the SDK", runtime, scratch / "sdk", "handler.lambda_handler", sdk_path)
        ours = Subject("`in-process`", runtime, artifacts["in-process"], "app.lambda_handler", aside)
        ready = aside | {"AWS_LWA_READINESS_CHECK_PATH": "/ready", "AWS_LWA_INVOKE_MODE": "buffered"}
        web = Subject("`web-adapter`", runtime, artifacts["web-adapter"], "run.sh", ready)
        stdio = Subject("`stdio`", runtime, artifacts["stdio"], "app.lambda_handler", aside, LIST_BEFORE)
        subjects = [bare, sdk, ours, web, stdio]
        # In turns, so that whatever else the machine does falls on all alike.
        cold: dict[str, list[float]] = {subject.name: [] for subject in subjects}
        for turn in range(colds):
            print(f"\rcold start {turn + 1} of {colds} ...", end="", file=sys.stderr, flush=True)
            for subject in subjects:
                cold[subject.name].append(await subject.cold())
        print(f"\r{calls} warm calls each ...   ", file=sys.stderr)
        warm = {subject.name: await subject.warm(calls) for subject in (bare, ours, web)}
        # A process for each call: a few tell as much.
        warm[stdio.name] = await stdio.warm(max(calls // 20, 20))
        with_aws = await ours.peak(event("tools/call", name="count_s3_buckets", arguments={}))
    medians = {name: statistics.median(times) for name, times in cold.items()}
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {PYTHON}, awslambdaric {version('awslambdaric')}\n")
    print("| | cold start, median | warm call, median | warm call, p95 | artifact, unzipped |\n|---|---|---|---|---|")
    for subject in subjects:
        times = warm.get(subject.name)
        p50, p95 = (f"{statistics.quantiles(times, n=100)[q]:.2f} ms" for q in (49, 94)) if times else ("", "")
        size = f"{size_mb(subject.code):.0f} MB" if subject in (ours, web, stdio) else ""
        print(f"| {subject.name} | {medians[subject.name]:.0f} ms | {p50} | {p95} | {size} |")
    typical = {name: statistics.median(times) for name, times in warm.items()}
    above = typical[ours.name] - typical[bare.name]
    print(
        f"\nwarm, above the bare handler      {above:.2f} ms"
        f"\nwarm, stdio beside in-process     {typical[stdio.name] / typical[ours.name]:.0f} x"
        f"\ncold, beside importing the SDK    {medians[ours.name] / medians[sdk.name]:.2f} x"
        f"\npeak memory with an AWS tool used {with_aws:.0f} MB"
    )


def built(adapter: str, build: Path) -> tuple[Path, Path]:
    """Generate and build a project for this machine; return the runtime and the folder of its function."""
    begin = perf_counter()
    answers = {"architecture": ARCHITECTURE, "python_version": PYTHON, "adapter": adapter}
    output = build / adapter
    project = Path(cookiecutter(str(ROOT), no_input=True, extra_context=answers, output_dir=str(output)))
    print(f"{adapter} generated in {perf_counter() - begin:.2f} s; building ...", file=sys.stderr)
    workshop = Workshop(project, PYTHON)
    if workshop.version != PYTHON:
        sys.exit(f"The figures are for Python {PYTHON}, and there is none on this machine.")
    workshop.make("build")
    return workshop.tools / "runtime/bin/python", project / ".aws-sam/build/McpFunction"


def main() -> None:
    """Generate, build and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cold-starts", type=int, default=15)
    parser.add_argument("--calls", type=int, default=1000)
    options = parser.parse_args()
    build = ROOT / "build/benchmark"
    shutil.rmtree(build, ignore_errors=True)
    builds = {adapter: built(adapter, build) for adapter in ("in-process", "web-adapter", "stdio")}
    runtime = builds["in-process"][0]
    artifacts = {adapter: artifact for adapter, (_, artifact) in builds.items()}
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(measure(runtime, artifacts, Path(scratch), options.cold_starts, options.calls))


if __name__ == "__main__":
    main()
