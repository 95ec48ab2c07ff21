"""A function of a generated project in one execution environment, from its sources: the real Lambda runtime client."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from local.environment import Environment, InitError
from local.layers import command
from local.outcome import Outcome, Result
from local.response_stream import BrokenStreamError, ResponseStream
from local.runtime_api import Invocation
from local.template import Resource, Stack
from local.variables import defined
from workshop import Workshop

_ARN = "arn:aws:lambda:us-east-1:123456789012:function:robust"
# What the template allows a call behind an HTTP API. A call that takes longer is a hang.
SECONDS = 29.0


@dataclass(frozen=True)
class Usage:
    """What the processes of an environment hold: resident memory, open files and threads."""

    memory_mb: float
    files: int
    threads: int


class Function:
    """Serves events with one function of `stack`, in an environment that is started anew where an event ended it.

    Attributes:
        log: The last lines that it has written.
    """

    def __init__(self, stack: Stack, logical_id: str, workshop: Workshop, variables: Mapping[str, str]) -> None:
        resource, code = stack.resources[logical_id], stack.code[logical_id]
        self.log: deque[str] = deque(maxlen=1_000)
        self._loop = asyncio.new_event_loop()
        self._start = partial(_environment, resource, code, workshop, variables, self.log)
        self._environment: Environment | None = None
        self._session = 0

    def __call__(self, event: bytes, client_context: str | None = None, *, streams: bool = False) -> Result:
        """Return how the function dealt with an event; of a response that is streamed, the whole of it."""
        return self._loop.run_until_complete(self._invoked(event, client_context, streams))

    def usage(self) -> Usage:
        """Return what the environment holds now."""
        processes = [
            path for path in Path("/proc").iterdir() if path.name.isdigit() and _session(path) == self._session
        ]
        statuses = [(path / "status").read_text() for path in processes]
        return Usage(
            memory_mb=sum(int(status.split("VmRSS:")[1].split()[0]) for status in statuses) / 1024,
            files=sum(len(list((path / "fd").iterdir())) for path in processes),
            threads=sum(int(status.split("Threads:")[1].split()[0]) for status in statuses),
        )

    @contextmanager
    def running(self) -> Iterator["Function"]:
        """Start, and stop at the end of the block."""
        self._loop.run_until_complete(self._started())
        try:
            yield self
        finally:
            self._loop.run_until_complete(self._stopped())
            self._loop.close()

    async def _started(self) -> Environment:
        before = _children()
        environment = self._start()
        try:
            await environment.start()
        except InitError:
            # The first start makes byte code of all that it imports, which takes longer than Lambda waits.
            environment = self._start()
            await environment.start()
        # Each environment's process begins a session of its own.
        (self._session,) = _children() - before
        self._environment = environment
        return environment

    async def _stopped(self) -> None:
        if self._environment:
            await self._environment.close()
            self._environment = None

    async def _invoked(self, event: bytes, client_context: str | None, streams: bool) -> Result:
        invocation = Invocation(event, SECONDS, client_context, None, streams)
        environment = self._environment or await self._started()
        call = asyncio.create_task(environment.invoke(invocation))
        waited: set[asyncio.Future[Any]] = {call, invocation.begun}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        body = await _read(invocation.begun.result()) if invocation.begun.done() else None
        result = await call
        if not environment.alive:
            await self._stopped()
        if body is None or result.outcome is not Outcome.RESPONSE:
            return result
        return Result(Outcome.RESPONSE, {**invocation.begun.result().prelude, "body": body, "isBase64Encoded": False})


async def _read(stream: ResponseStream) -> str:
    body = bytearray()
    # How it broke off is in the result too.
    with suppress(BrokenStreamError):
        async for chunk in stream:
            body += chunk
    return body.decode()


def _environment(
    resource: Resource, code: Path, workshop: Workshop, variables: Mapping[str, str], log: deque[str]
) -> Environment:
    runtime = workshop.tools / "runtime/bin/python"
    # In the place of an artifact: the sources, and what they need as the project's own tests have it.
    (packages,) = (workshop.venv / "lib").glob("python*/site-packages")
    here = {
        "PYTHONPATH": f"{code}:{packages}",
        "LAMBDA_RUNTIME_DIR": str(packages),
        # An artifact has its byte code; here it is made once.
        "PYTHONDONTWRITEBYTECODE": "",
        # What stands in for AWS fails on some of what AWS would refuse; a second try costs seconds.
        "AWS_MAX_ATTEMPTS": "1",
    }
    return Environment(
        _ARN,
        command(resource, code, runtime),
        code,
        defined(resource, code, runtime) | here | dict(variables),
        log.append,
    )


def _children() -> set[int]:
    return {int(pid) for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()}


def _session(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[3])
    except (FileNotFoundError, ProcessLookupError):
        return 0
