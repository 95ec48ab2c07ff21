"""How a client visits a server: each does what the same task says, and tells what it found in the same words."""

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from e2e.callers import Signer
from interop.places import Place
from local.invoke.transport import invoke_transport

# What a client may take; none of them needs it, but for one that does not give up.
SECONDS = 120

Call = tuple[str, dict[str, str]]
# What a visitor tells: `revision`, `capabilities`, `tools` by name, and as they came over the wire the answers to the
# `good` and the failing (`failed`) call, and the `resource` and the `prompt` where the task has them. Some tell how
# `streams`, which the client asked for by GET, were answered.
Found = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """Whom to visit, and what to ask for there."""

    url: str
    region: str
    # For a client that sends a bearer token.
    headers: dict[str, str]
    # For one that signs.
    keys: tuple[str, str]
    # For one that invokes the function.
    function: str
    failing: Call
    good: Call
    # Blank where the endpoint passes on tools alone.
    resource: str
    prompt: Call


@dataclass(frozen=True)
class Installed:
    """Where the clients are."""

    # A Python with the 1.x line of the SDK and what is built on it.
    first_line: Path
    # A Python with FastMCP, which wants an SDK of its own choice.
    fastmcp: Path
    # A folder with the packages of npm.
    npm: Path
    # A home without settings, credentials or tokens.
    home: Path

    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home)}

    def packaged(self, package: str) -> str:
        """Return the name and version of a package of npm."""
        version = json.loads((self.npm / "node_modules" / package / "package.json").read_text())["version"]
        return f"{package} {version}"


class FailedError(Exception):
    """A client did not do what the task says; the message has its own words."""


Visitor = Callable[[Installed, Place, Task], Found]


def task(place: Place) -> Task:
    """Return what every client is to do at a place."""
    stack = place.stack
    return Task(
        url=place.url,
        region=place.region,
        headers={"authorization": f"Bearer {stack.access_token}"} if stack.access_token else {},
        keys=(place.signing()["AWS_ACCESS_KEY_ID"], place.signing()["AWS_SECRET_ACCESS_KEY"]),
        function=stack.function_arn,
        failing=(f"{place.prefix}scan_log_group", {"log_group": "/none", "pattern": "x"}),
        good=(f"{place.prefix}count_s3_buckets", {}),
        resource="" if place.gateway else "aws://ec2/regions",
        prompt=("summarize_errors", {"log_group": "/app"}),
    )


def told_by(command: Sequence[str | Path], installed: Installed, place: Place, folder: Path, asked: str = "") -> Any:
    """Return the JSON that a program prints.

    Raises:
        FailedError: With what it said, if it prints none.
    """
    environment = installed.environment() | place.signing()
    done = subprocess.run(
        command, input=asked, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    if not done.stdout.strip():
        raise FailedError(f"{' '.join(map(str, command))} ends with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout)


def python(interpreter: str, *program: str) -> Visitor:
    """Visit with a program beside this file, in the environment of that name, which reads the task and prints."""

    def visit(installed: Installed, place: Place, task: Task) -> Found:
        command = [getattr(installed, interpreter), Path(__file__).with_name("programs") / program[0], *program[1:]]
        found: Found = told_by(command, installed, place, installed.home, json.dumps(asdict(task)))
        return found

    return visit


def typescript(*arguments: str) -> Visitor:
    """Visit with an official TypeScript client."""

    def visit(installed: Installed, place: Place, task: Task) -> Found:
        command = ["node", "visit.mjs", *arguments]
        found: Found = told_by(command, installed, place, installed.npm, json.dumps(asdict(task)))
        return found

    return visit


def inspector(era: str) -> Visitor:
    """Visit with the Inspector's command line, which connects anew for each request."""

    def visit(installed: Installed, place: Place, task: Task) -> Found:
        headers = [f"--header={name}: {value}" for name, value in task.headers.items()]
        # Not every address tells it that this is HTTP.
        where = [task.url, "--transport", "http", "--protocol-era", era, *headers, "--stored-auth-only"]
        program: list[str | Path] = ["node", installed.npm / "node_modules/.bin/mcp-inspector", "--cli", *where]

        def ask(method: str, *options: str) -> Any:
            command = [*program, "--quiet", "--format", "json", "--method", method, *options]
            return told_by(command, installed, place, installed.home)["result"]

        def call(called: Call) -> Any:
            return ask("tools/call", "--tool-name", called[0], "--tool-args-json", json.dumps(called[1]))

        initialized = ask("initialize")
        found = {
            "revision": initialized["protocolVersion"],
            "capabilities": list(initialized["capabilities"]),
            "tools": [tool["name"] for tool in ask("tools/list")["tools"]],
            "failed": call(task.failing),
            "good": call(task.good),
        }
        if task.resource:
            found["resource"] = ask("resources/read", "--uri", task.resource)
            name, arguments = task.prompt
            given = [f"{key}={value}" for key, value in arguments.items()]
            found["prompt"] = ask("prompts/get", "--prompt-name", name, "--prompt-args", *given)
        return found

    return visit


def current(mode: Any) -> Visitor:
    """Visit with the SDK's 2.x line, which has a way to whatever wants a token, a signature or an invocation."""

    def way(place: Place, task: Task, http: httpx2.AsyncClient) -> AbstractAsyncContextManager[Any]:
        if place.credential == "invocation":
            return invoke_transport(place.stack.invoke_api(), task.function)
        return streamable_http_client(task.url, http_client=http)

    async def visit(place: Place, task: Task) -> Found:
        auth = Signer(*task.keys, region=task.region) if place.credential == "signature" else None
        async with httpx2.AsyncClient(headers=task.headers, auth=auth, timeout=60) as http:
            return await _followed(way(place, task, http), mode, task)

    return lambda _installed, place, task: _run(visit(place, task))


def through_mcp_remote(mode: Any) -> Visitor:
    """Visit with the SDK's 2.x line through mcp-remote, which knows headers alone."""

    def visit(installed: Installed, place: Place, task: Task) -> Found:
        headers = [text for name, value in task.headers.items() for text in ("--header", f"{name}:{value}")]
        program = str(installed.npm / "node_modules/.bin/mcp-remote")
        arguments = [task.url, "--transport", "http-only", *headers]
        parameters = StdioServerParameters(command=program, args=arguments, env=installed.environment())
        return _run(_followed(stdio_client(parameters), mode, task))

    return visit


def through_mcp_proxy_for_aws(mode: Any) -> Visitor:
    """Visit with the SDK's 2.x line through mcp-proxy-for-aws, which signs for AWS Lambda."""

    def visit(installed: Installed, place: Place, task: Task) -> Found:
        program = str(installed.first_line.with_name("mcp-proxy-for-aws"))
        arguments = [task.url, "--service", "lambda", "--region", task.region]
        environment = installed.environment() | place.signing()
        parameters = StdioServerParameters(command=program, args=arguments, env=environment)
        return _run(_followed(stdio_client(parameters), mode, task))

    return visit


async def _followed(way: AbstractAsyncContextManager[Any], mode: Any, task: Task) -> Found:
    async with asyncio.timeout(SECONDS), Client(way, mode=mode) as client:
        found = {
            "revision": client.protocol_version,
            # Pinned to a revision, it does not ask.
            "capabilities": None if mode == client.protocol_version else list(_wire(client.server_capabilities)),
            "tools": [tool.name for tool in (await client.list_tools()).tools],
            "failed": _wire(await client.call_tool(*task.failing)),
            "good": _wire(await client.call_tool(*task.good)),
        }
        if task.resource:
            found["resource"] = _wire(await client.read_resource(task.resource))
            found["prompt"] = _wire(await client.get_prompt(*task.prompt))
        return found


def _wire(result: Any) -> Any:
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


def _run(visit: Any) -> Found:
    try:
        return asyncio.run(visit)
    except Exception as error:
        raise FailedError(str(_leaves(error))) from error


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]
