"""One Lambda execution environment: a runtime process that serves an event at a time."""

import asyncio
import codecs
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

from local.outcome import Outcome, Result, failure
from local.process import ended, kill_group, started
from local.runtime_api import Invocation, RuntimeApi
from local.trailers import TrailerListener

# Lambda developer guide, "Understanding the Lambda execution environment lifecycle": the Init phase has ten seconds.
INIT_SECONDS = 10.0
_TAIL_LINES = 20


class InitError(Exception):
    """An environment did not reach the point where it takes events; the result says why."""

    def __init__(self, result: Result) -> None:
        """Keep the result that an invocation waiting for the environment gets."""
        super().__init__(result.payload["errorMessage"])
        self.result = result


class Environment:
    """Runs `command` with the runtime API behind it, and kills it when it must.

    `variables` is the whole environment of the process but AWS_LAMBDA_RUNTIME_API; `log` takes its output by line.
    `tenant` is whom it serves, where tenants have environments of their own, and None before it has served anybody.
    """

    tenant: str | None = None

    def __init__(
        self, arn: str, command: Sequence[str], folder: Path, variables: Mapping[str, str], log: Callable[[str], None]
    ) -> None:
        """Start nothing yet; `arn` is the function's."""
        self._command = command
        self._folder = folder
        self._variables = variables
        self._log = log
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._api = RuntimeApi(arn)
        self._listener = TrailerListener(self._api.app)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def alive(self) -> bool:
        """Whether the process runs and waits for an event."""
        return self._api.polled.is_set() and self._process is not None and not ended(self._process)

    async def start(self) -> None:
        """Run the init phase. Raises InitError, with everything stopped, when it fails or takes too long."""
        await self._listener.__aenter__()
        try:
            variables = {**self._variables, "AWS_LAMBDA_RUNTIME_API": self._listener.authority}
            process = self._process = await started(self._command, self._folder, variables)
        except BaseException as error:
            await self._listener.__aexit__(None, None, None)
            if isinstance(error, OSError):
                raise InitError(failure(Outcome.INIT_FAILURE, "Runtime.InvalidEntrypoint", str(error))) from error
            raise
        self._ended = asyncio.create_task(self._end(process))
        self._output = asyncio.create_task(self._read(cast("asyncio.StreamReader", process.stdout)))
        try:
            await self._first(self._api.polled.wait(), INIT_SECONDS)
        except asyncio.CancelledError:
            await self.close()
            raise
        if self.alive:
            return
        timed_out = not ended(process)
        await self.close()
        if timed_out:
            raise InitError(failure(Outcome.INIT_FAILURE, "Runtime.InitTimeout", f"No init in {INIT_SECONDS:.0f} s."))
        reported = self._api.init_error or {"errorType": "Runtime.ExitError", "errorMessage": self._exit()}
        message = "\n".join([reported["errorMessage"], *self._tail])
        raise InitError(failure(Outcome.INIT_FAILURE, reported["errorType"], message))

    async def invoke(self, invocation: Invocation) -> Result:
        """Return how `invocation` ended; an environment that it broke or outlasted is no longer `alive`: close it.

        A response that is streamed ends before this returns, and with a failure where this returns one.
        """
        self._api.offer(invocation)
        try:
            result = await self._ended_with(invocation)
        except BaseException:
            self._break_off(invocation, failure(Outcome.ERROR, "Runtime.Closed", "The invocation was given up."))
            raise
        self._break_off(invocation, result)
        return result

    @staticmethod
    def _break_off(invocation: Invocation, result: Result) -> None:
        if invocation.begun.done():
            invocation.begun.result().end(None if result.outcome is Outcome.RESPONSE else result)

    async def _ended_with(self, invocation: Invocation) -> Result:
        # An invocation is over when the runtime asks for the next event, not when it has posted a response.
        in_time = await self._first(self._over(invocation), invocation.seconds)
        if invocation.result.done():
            return invocation.result.result()
        if in_time:
            return failure(Outcome.ERROR, "Runtime.ExitError", f"{invocation.request_id} {self._exit()}")
        message = f"{invocation.request_id} Task timed out after {invocation.seconds:.2f} seconds"
        self._log(message)
        return failure(Outcome.TIMEOUT, "Sandbox.Timedout", message)

    def kill(self) -> None:
        """Kill the process and whatever it has started."""
        if self._process:
            kill_group(self._process)

    async def close(self) -> None:
        """Kill the process, forward the last of its output, and stop its runtime API."""
        if not self._ended.done():
            self.kill()
        await self._ended
        # A process that left the group may hold the pipe open.
        await asyncio.wait({self._output}, timeout=1)
        self._output.cancel()
        self._api.close()
        await self._listener.__aexit__(None, None, None)

    async def _over(self, invocation: Invocation) -> None:
        await asyncio.shield(invocation.result)
        await self._api.polled.wait()

    async def _first(self, event: Awaitable[object], seconds: float) -> bool:
        """Wait for `event` or the end of the process, at most `seconds`; return whether either came."""
        waiting = asyncio.ensure_future(event)
        done, _ = await asyncio.wait({waiting, self._ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        return bool(done)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        self.kill()

    def _exit(self) -> str:
        code = (self._process and self._process.returncode) or 0
        how = f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return f"Runtime exited with error: {how}"

    async def _read(self, output: asyncio.StreamReader) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        while chunk := await output.read(65_536):
            *lines, rest = (rest + decoder.decode(chunk)).split("\n")
            for line in lines:
                self._forward(line)
        self._forward(rest)

    def _forward(self, text: str) -> None:
        # The runtime writes an error as one line, with a carriage return where its stack trace has a new one.
        for line in filter(str.strip, text.split("\r")):
            self._tail.append(line)
            self._log(line)
