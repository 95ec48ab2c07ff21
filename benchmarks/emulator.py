"""A Lambda function in AWS's Runtime Interface Emulator, one call at a time: the emulator dies of two at once."""

import http.client
import os
import platform
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import samcli

from benchmarks.memory import PeakMemory, descendants

# SAM's CLI brings it along, for `sam local`.
_MACHINE = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
EMULATOR = Path(samcli.__file__).parent / f"local/rapid/aws-lambda-rie-{_MACHINE}"
_HOST = "127.0.0.1"
_INVOCATIONS = "/2015-03-31/functions/function/invocations"
# What it says of memory it makes up, and of the init phase too, which runs inside the first call.
_REPORT = re.compile(r"^REPORT RequestId: \S+\t.*?(?<!Init )Duration: ([\d.]+) ms\tBilled", re.MULTILINE)
_START_SECONDS = 10.0


class FunctionError(Exception):
    """A function that does not start, or does not answer; the message has the end of its log."""


@dataclass(frozen=True)
class Function:
    """A function's code, its runtime's command line, and all the environment variables that it is told.

    `seconds` is how long a call may take.
    """

    code: Path
    command: Sequence[str]
    variables: Mapping[str, str]
    seconds: int


class Emulator:
    """Serves `function` inside the block; its processes start with the first call, and end with the block."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._calls = 0

    def __enter__(self) -> Self:
        """Return once the emulator listens. Raises FunctionError."""
        function = self._function
        self._port, runtime_port = _free_ports(2)
        self._log: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(  # noqa: S603 - nothing from outside
            [
                str(EMULATOR),
                "--runtime-interface-emulator-address",
                f"{_HOST}:{self._port}",
                "--runtime-api-address",
                f"{_HOST}:{runtime_port}",
                "--log-level",
                "error",
                *function.command,
            ],
            cwd=function.code,
            env={**function.variables, "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.seconds)},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._connection = http.client.HTTPConnection(_HOST, self._port, timeout=function.seconds + 5)
        try:
            self._await_listening()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything."""
        self._end()

    def call(self, event: bytes) -> tuple[bytes, float]:
        """Return the answer to an event, and the milliseconds until it was here. Raises FunctionError."""
        began = time.perf_counter()
        try:
            self._connection.request("POST", _INVOCATIONS, event)
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise FunctionError(f"No answer ({error!r}). The function's log ends:\n{self.log()[-2000:]}") from error
        took = (time.perf_counter() - began) * 1000
        self._calls += 1
        if response.status != http.HTTPStatus.OK:
            raise FunctionError(f"{answer.decode(errors='replace')}\nThe function's log ends:\n{self.log()[-2000:]}")
        return answer, took

    def durations(self) -> list[float]:
        """Return the milliseconds of each call so far as the runtime reports them, the first one's with its init."""
        deadline = time.monotonic() + _START_SECONDS
        while len(found := _REPORT.findall(self.log())) < self._calls:
            if time.monotonic() > deadline:
                raise FunctionError(f"{self._calls} calls and {len(found)} reports of them.")
            time.sleep(0.01)
        return [float(duration) for duration in found]

    def log(self) -> str:
        """Return what emulator and function have written."""
        self._log.seek(0)
        return self._log.read()

    def watched(self) -> PeakMemory:
        """Return what watches the memory of the function's processes, which the emulator is none of."""
        return PeakMemory(self._process.pid)

    def _await_listening(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError):
                self._connection.connect()
                return
            time.sleep(0.005)
        raise FunctionError(f"The emulator does not listen. It says:\n{self.log()[-2000:]}")

    def _end(self) -> None:
        self._connection.close()
        processes = descendants(self._process.pid)
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for process in processes:
            # The emulator ends the runtime, and not what the runtime has started.
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._log.close()


def _free_ports(count: int) -> list[int]:
    listening = [socket.create_server((_HOST, 0)) for _ in range(count)]
    ports = [int(found.getsockname()[1]) for found in listening]
    for found in listening:
        found.close()
    return ports
