"""A Lambda function of the template: its execution environments, and invocations that find their way to one."""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local.environment import Environment, InitError
from local.identifiers import PSEUDO_PARAMETERS
from local.intrinsics import TemplateError
from local.layers import command
from local.outcome import Outcome, Result, failure
from local.response_stream import ResponseStream
from local.runtime_api import LARGEST_PAYLOAD, Invocation
from local.template import Resource
from local.variables import defined

_ARN = f"arn:aws:lambda:{PSEUDO_PARAMETERS['AWS::Region']}:{PSEUDO_PARAMETERS['AWS::AccountId']}:function:"


class PayloadTooLargeError(ValueError):
    """The event is larger than Lambda takes; the service answers 413 RequestEntityTooLargeException."""


def to_stderr(name: str, line: str) -> None:
    """Print a line of a function's output, prefixed with the function's name."""
    print(f"{name} | {line}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Host:
    """What functions run on: an interpreter that has awslambdaric and boto3, in place of Lambda's.

    `variables` joins each function's environment: where AWS is, and with which credentials. A function has at most
    `environments` at a time, and `log` takes each line that it writes, with its logical id. With `take_turns` a call is
    not for the environment that is warmest: there will be as many as may be, and the longest idle has its turn.
    """

    runtime: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    environments: int = 4
    log: Callable[[str, str], None] = to_stderr
    take_turns: bool = False


class LambdaFunction:
    """Runs `resource`, an AWS::Lambda::Function of Python code in the folder `code`.

    An environment serves one event at a time, and stays for the next. When all are busy there will be another, up to
    the host's limit; then invocations wait, where AWS would throttle. With tenant isolation an environment serves one
    tenant only, and ends when another's call needs its place ("Tenant isolation" in the Lambda developer guide). Layers
    are not loaded; the Lambda Web Adapter's has a stand-in.
    """

    def __init__(self, resource: Resource, code: Path, host: Host) -> None:
        """Start nothing yet. Raises TemplateError for a function that is no zipped Python code, or half an adapter."""
        properties = resource.properties
        if properties.get("PackageType", "Zip") != "Zip" or not str(properties.get("Runtime")).startswith("python"):
            raise TemplateError(f"{resource.logical_id} is not a zipped Python function: it cannot run here.")
        self.name = resource.logical_id
        self._arn = _ARN + resource.ref
        self._code = code
        self.isolates_tenants = properties.get("TenancyConfig", {}).get("TenantIsolationMode") == "PER_TENANT"
        self._seconds = float(properties.get("Timeout", 3))
        self._command = command(resource, code, host.runtime)
        self._variables = defined(resource, code, host.runtime) | dict(host.variables)
        self._host = host
        self._free = asyncio.Semaphore(host.environments)
        self._closed = False
        self._ending = asyncio.Lock()
        self._idle: list[Environment] = []
        self._running: set[Environment] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._streaming: set[asyncio.Task[Result]] = set()

    async def __aenter__(self) -> Self:
        """Return the function, without an environment yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close at once."""
        await self.close()

    async def close(self, *, drain: bool = False) -> None:
        """End every environment, with the invocations under way; or, with `drain`, after them."""
        self._closed = not drain
        if not drain:
            for environment in self._running:
                environment.kill()
        # Who drains and who closes at once would otherwise each hold slots that the other waits for.
        async with self._ending:
            for _ in range(self._host.environments):
                await self._free.acquire()
            for environment in self._idle:
                self._retire(environment)
            self._idle.clear()
            await asyncio.gather(*self._closing)
            for _ in range(self._host.environments):
                self._free.release()

    async def warm(self) -> Result | None:
        """Start an environment ahead of the first event; return what went wrong, if anything did."""
        async with self._free:
            try:
                self._idle.append(await self._started())
            except InitError as error:
                return error.result
        return None

    async def invoke(
        self, event: Mapping[str, Any], *, client_context: Mapping[str, Any] | None = None, tenant: str | None = None
    ) -> Result:
        """Return how the handler dealt with `event`; one that streams its response has failed.

        `client_context` is what the caller of Lambda's Invoke API sends as such: `custom`, `env` and `client`. `tenant`
        is for a function that isolates tenants. Raises PayloadTooLargeError.
        """
        return await self._served(self._invocation(event, client_context, tenant, streams=False))

    async def stream(
        self, event: Mapping[str, Any], *, client_context: Mapping[str, Any] | None = None
    ) -> Result | ResponseStream:
        """Return the response to `event` once it begins, or how it ended, where the runtime did not stream it.

        It goes on if the caller is gone by then; the environment is free again when the function is done. Raises
        PayloadTooLargeError.
        """
        invocation = self._invocation(event, client_context, None, streams=True)
        call = asyncio.create_task(self._served(invocation))
        self._streaming.add(call)
        call.add_done_callback(self._streaming.discard)
        try:
            waited: set[asyncio.Future[Any]] = {call, invocation.begun}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            call.cancel()
            raise
        return invocation.begun.result() if invocation.begun.done() else call.result()

    def _invocation(
        self, event: Mapping[str, Any], client_context: Mapping[str, Any] | None, tenant: str | None, *, streams: bool
    ) -> Invocation:
        payload = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        if len(payload) > LARGEST_PAYLOAD:
            raise PayloadTooLargeError(f"{len(payload)} bytes are more than Lambda's {LARGEST_PAYLOAD}.")
        context = None if client_context is None else json.dumps(client_context)
        return Invocation(payload, self._seconds, context, tenant, streams)

    async def _served(self, invocation: Invocation) -> Result:
        async with self._free:
            try:
                environment = self._next(invocation.tenant) or await self._started()
            except InitError as error:
                return error.result
            environment.tenant = invocation.tenant
            try:
                return await environment.invoke(invocation)
            finally:
                if environment.alive:
                    self._idle.append(environment)
                else:
                    self._retire(environment)

    def _next(self, tenant: str | None) -> Environment | None:
        """Return an idle environment of the tenant, or of nobody yet, or None where there must be another one.

        It is the warmest, or, where they take turns and all are there, the longest idle.
        """
        turns = self._host.take_turns
        if turns and len(self._running) < self._host.environments:
            return None
        for environment in self._idle[:] if turns else self._idle[::-1]:
            if not environment.alive:
                self._idle.remove(environment)
                self._retire(environment)
            elif environment.tenant in {None, tenant}:
                self._idle.remove(environment)
                return environment
        if self._idle and len(self._running) >= self._host.environments:
            self._retire(self._idle.pop(0))
        return None

    async def _started(self) -> Environment:
        if self._closed:
            raise InitError(failure(Outcome.INIT_FAILURE, "Runtime.Closed", "The function is closed."))
        environment = Environment(
            self._arn, self._command, self._code, self._variables, lambda line: self._host.log(self.name, line)
        )
        self._running.add(environment)
        try:
            await environment.start()
        except BaseException:
            self._running.discard(environment)
            raise
        return environment

    def _retire(self, environment: Environment) -> None:
        self._running.discard(environment)
        closing = asyncio.create_task(environment.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
