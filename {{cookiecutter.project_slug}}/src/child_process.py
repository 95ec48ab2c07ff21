"""A process for one call, with a deadline, that cannot outgrow this one's memory or its log, and leaves nothing behind.

Not mcp's `stdio_client`: that one buffers a line without end, logs a traceback with the text of each line that it does
not understand, waits two seconds for a child to end, and never lets go of the process for it to be killed.
"""

import os
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL
from subprocess import PIPE, Popen
from time import monotonic
from types import TracebackType
from typing import Self

from child_pipes import ChildPipes
from limits import MAX_RESPONSE_BYTES
from telemetry import logger

# How long a child may take to end by itself after its answer: for what it does at exit, such as flushing a file.
_GRACE_SECONDS = 0.5


class ChildError(Exception):
    """A child that did not answer; the text is for a model to read."""

    outcome = "crashed"


class ChildTimeoutError(ChildError):
    """A child that was stopped at the deadline."""

    outcome = "timeout"


class ChildProcess:
    """A running child: lines go to its standard input and come from its standard output. Use it in a `with` block.

    Args:
        command: The program and its arguments.
        folder: Where it runs.
        environment: All of its environment.
        seconds: How long it may take to answer.

    Raises:
        ChildError: If it cannot be started.
    """

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str], seconds: float) -> None:
        self._deadline = monotonic() + seconds
        self._seconds = seconds
        try:
            # A session of its own is a process group of its own: what the child has started is killed with it.
            self._popen = Popen(  # noqa: S603  # The command is ours; nothing in it comes from a caller.
                command, cwd=folder, env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
            )
        except OSError as error:
            raise ChildError(f"The server could not be started ({type(error).__name__}). Tell the operator.") from error
        # All three are there, as asked for; the types cannot say so.
        self._pipes = ChildPipes(*filter(None, (self._popen.stdin, self._popen.stdout, self._popen.stderr)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the child and all that it has started, gently if nothing went wrong; log what it wrote to stderr."""
        if kind is None:
            self._pipes.finish(monotonic() + _GRACE_SECONDS)
        self._kill()
        if words := self._pipes.last_words:
            report = logger.info if kind is None else logger.error
            report("stderr of the server", stderr=words.decode(errors="replace"))
        self._pipes.close()

    def send(self, line: bytes) -> None:
        """Have a line written while `receive` waits."""
        self._pipes.send(line)

    def receive(self) -> bytes:
        r"""Return the next line of the child, without its "\n".

        Raises:
            ChildTimeoutError: At the deadline.
            ChildError: If the child has ended, or has written more than Lambda could carry.
        """
        while (line := self._pipes.line()) is None:
            if self._pipes.silent():
                raise self._ended()
            if monotonic() >= self._deadline:
                raise ChildTimeoutError(
                    f"The server did not answer within {self._seconds:.0f} s and was stopped. "
                    "The same call would likely end like this again: ask for less at a time."
                )
            self._pipes.turn(self._deadline)
            if self._pipes.answered_bytes > MAX_RESPONSE_BYTES:
                raise ChildError(
                    f"The server's answer has more than the {MAX_RESPONSE_BYTES:,} bytes that Lambda carries. "
                    "Ask for less at a time."
                )
        return line

    def _ended(self) -> ChildError:
        self._pipes.finish(monotonic() + _GRACE_SECONDS)
        self._kill()
        status = self._popen.returncode
        how = f"exit status {status}" if status >= 0 else f"signal {-status}"
        return ChildError(
            f"The server's process ended ({how}) before it answered. Retry once; if it ends again, tell the operator, "
            "whose log may say why."
        )

    def _kill(self) -> None:
        if self._popen.returncode is None:
            # Before the child is waited for: its number, and so the group's, is nobody else's until then.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, SIGKILL)
            self._popen.wait()
