"""Measures the default project's artifact beside a bare handler, in the real Lambda runtime client, in one run.

`make bench` prints the table. Ratios and differences hold from machine to machine; absolute times do not. A cold start
is the time from the start of the process to its first answer, which on AWS comes on top of getting the machine.
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
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "{{cookiecutter.project_slug}}")]

from cookiecutter.main import cookiecutter  # noqa: E402

from local.aws import LocalAws  # noqa: E402
from local.environment import Environment  # noqa: E402
from workshop import ARCHITECTURE, Workshop  # noqa: E402

PYTHON = "3.13"
BARE = "def lambda_handler(event, context):\n    return {'statusCode': 200, 'body': '{}'}\n"
ORIGIN = "https://mcp.example.com"


def event(method: str, **params: Any) -> bytes:
    """Return the HTTP API event of a JSON-RPC request at revision 2026-07-28."""
    version_key, capabilities_key = (
        f"io.modelcontextprotocol/{name}" for name in ("protocolVersion", "clientCapabilities")
    )
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": method,
        "params": {**params, "_meta": {version_key: "2026-07-28", capabilities_key: {}}},
    }
    headers = {
        "host": "mcp.example.com",
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
        **({"mcp-name": params["name"]} if "name" in params else {}),
    }
    context = {"http": {"method": "POST", "path": "/mcp"}, "domainName": "mcp.example.com"}
    message = {"version": "2.0", "rawPath": "/mcp", "headers": headers, "requestContext": context}
    return json.dumps({**message, "body": json.dumps(body), "isBase64Encoded": False}).encode()


LIST = event("tools/list")


class Subject:
    """Something to measure: code with a handler."""

    def __init__(self, name: str, runtime: Path, code: Path, handler: str, variables: dict[str, str]) -> None:
        self.name, self.code = name, code
        self._command = [str(runtime), "-m", "awslambdaric", handler]
        self._variables = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(code),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LAMBDA_TASK_ROOT": str(code),
            "_HANDLER": handler,
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{PYTHON}",
            "MCP_URL": f"{ORIGIN}/mcp",
            "ALLOWED_ORIGINS": ORIGIN,
            "POWERTOOLS_SERVICE_NAME": "bench",
            "POWERTOOLS_METRICS_NAMESPACE": "bench",
            **variables,
        }

    @contextlib.asynccontextmanager
    async def started(self) -> AsyncIterator[Environment]:
        """Run the code in an environment of its own."""
        arn = "arn:aws:lambda:us-east-1:123456789012:function:bench"
        environment = Environment(arn, self._command, self.code, self._variables, lambda _: None)
        await environment.start()
        try:
            yield environment
        finally:
            await environment.close()

    async def cold(self) -> float:
        """Return the milliseconds from the start of the process to its first answer."""
        begin = perf_counter()
        async with self.started() as environment:
            await answered(environment, LIST)
            return (perf_counter() - begin) * 1000

    async def warm(self, calls: int) -> list[float]:
        """Return the milliseconds of each of so many calls."""
        async with self.started() as environment:
            times = []
            for _ in range(calls + 20):
                begin = perf_counter()
                await answered(environment, LIST)
                times.append((perf_counter() - begin) * 1000)
            return times[20:]

    async def peak(self, request: bytes) -> float:
        """Return the most memory in MB (VmHWM) that the process has held after `request`."""
        async with self.started() as environment:
            await answered(environment, request)
            return peak_mb()


async def answered(environment: Environment, request: bytes) -> None:
    """Send the event, and fail unless the answer is a good one."""
    result = await environment.invoke(request, 30)
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


async def measure(runtime: Path, artifact: Path, scratch: Path, colds: int, calls: int) -> None:
    """Measure and print."""
    for name, text in (("bare", BARE), ("sdk", "import mcp.server.mcpserver\n" + BARE)):
        (scratch / name).mkdir()
        (scratch / name / "handler.py").write_text(text)
    async with LocalAws() as aws:
        bare = Subject("bare handler", runtime, scratch / "bare", "handler.lambda_handler", {})
        sdk_path = {"PYTHONPATH": f"{scratch / 'sdk'}:{artifact}"}
        sdk = Subject("bare handler that imports the SDK", runtime, scratch / "sdk", "handler.lambda_handler", sdk_path)
        ours = Subject("default project", runtime, artifact, "app.lambda_handler", dict(aws.environment))
        subjects = [bare, sdk, ours]
        # In turns, so that whatever else the machine does falls on all alike.
        cold: dict[str, list[float]] = {subject.name: [] for subject in subjects}
        for turn in range(colds):
            print(f"\rcold start {turn + 1} of {colds} ...", end="", file=sys.stderr, flush=True)
            for subject in subjects:
                cold[subject.name].append(await subject.cold())
        print(f"\r{calls} warm calls each ...   ", file=sys.stderr)
        warm = {subject.name: await subject.warm(calls) for subject in (bare, ours)}
        memory = {subject.name: await subject.peak(LIST) for subject in subjects}
        with_aws = await ours.peak(event("tools/call", name="count_s3_buckets", arguments={}))
    medians = {name: statistics.median(times) for name, times in cold.items()}
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {PYTHON}, awslambdaric {version('awslambdaric')}\n")
    print("| | cold start, median | warm call, median | warm call, p95 | peak memory |\n|---|---|---|---|---|")
    for subject in subjects:
        times = warm.get(subject.name)
        p50, p95 = (f"{statistics.quantiles(times, n=100)[q]:.2f} ms" for q in (49, 94)) if times else ("", "")
        print(f"| {subject.name} | {medians[subject.name]:.0f} ms | {p50} | {p95} | {memory[subject.name]:.0f} MB |")
    above = statistics.median(warm[ours.name]) - statistics.median(warm[bare.name])
    print(
        f"\nwarm, above the bare handler      {above:.2f} ms"
        f"\ncold, beside importing the SDK    {medians[ours.name] / medians[sdk.name]:.2f} x"
        f"\npeak memory with an AWS tool used {with_aws:.0f} MB"
        f"\nartifact, unzipped                {size_mb(artifact):.1f} MB"
    )


def main() -> None:
    """Generate, build and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cold-starts", type=int, default=15)
    parser.add_argument("--calls", type=int, default=1000)
    options = parser.parse_args()
    build = ROOT / "build/benchmark"
    shutil.rmtree(build, ignore_errors=True)
    begin = perf_counter()
    answers = {"architecture": ARCHITECTURE, "python_version": PYTHON}
    project = Path(cookiecutter(str(ROOT), no_input=True, extra_context=answers, output_dir=str(build)))
    print(f"generated in {perf_counter() - begin:.2f} s; building ...", file=sys.stderr)
    workshop = Workshop(project, PYTHON)
    if workshop.version != PYTHON:
        sys.exit(f"The figures are for Python {PYTHON}, and there is none on this machine.")
    workshop.make("build")
    runtime, artifact = workshop.tools / "runtime/bin/python", project / ".aws-sam/build/McpFunction"
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(measure(runtime, artifact, Path(scratch), options.cold_starts, options.calls))


if __name__ == "__main__":
    main()
