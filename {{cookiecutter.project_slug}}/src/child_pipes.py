"""The three pipes of a child process, served by turns, so that none can fill up and block it, or this process."""

import os
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from time import monotonic
from typing import IO

_CHUNK_BYTES = 65_536
_LAST_WORDS_BYTES = 8_000


class ChildPipes:
    """Lines for the child's standard input and from its standard output, and the end of its standard error.

    Attributes:
        answered_bytes: How much the child has written to its standard output.
        last_words: The last 8,000 bytes that it has written to its standard error.
    """

    def __init__(self, stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes]) -> None:
        self.answered_bytes = 0
        self.last_words = b""
        self._stdin = stdin
        self._stdout = stdout
        self._stderr = stderr
        self._unsent = bytearray()
        self._unread = bytearray()
        self._searched = 0
        self._selector = DefaultSelector()
        for pipe in (stdin, stdout, stderr):
            os.set_blocking(pipe.fileno(), False)
        self._selector.register(stdout, EVENT_READ, self._read_answer)
        self._selector.register(stderr, EVENT_READ, self._read_words)

    def send(self, line: bytes) -> None:
        """Have a line written in the turns to come."""
        if not self._unsent:
            self._selector.register(self._stdin, EVENT_WRITE, self._write)
        self._unsent += line + b"\n"

    def line(self) -> bytes | None:
        r"""Return the next line of the child that has arrived, without its "\n", or None."""
        end = self._unread.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._unread)
            return None
        line = bytes(self._unread[:end])
        del self._unread[: end + 1]
        self._searched = 0
        return line

    def silent(self) -> bool:
        """Return whether the child has closed its standard output."""
        return self._stdout not in self._selector.get_map()

    def turn(self, until: float) -> None:
        """Move what there is to move, once; wait for it until then at most, by the monotonic clock."""
        for key, _ in self._selector.select(max(until - monotonic(), 0)):
            key.data()

    def finish(self, until: float) -> None:
        """Close the child's standard input, and hear it out until then at most; what it answers is dropped."""
        self._forget(self._stdin)
        self._stdin.close()
        while self._selector.get_map() and monotonic() < until:
            self.turn(until)
            self._unread.clear()

    def close(self) -> None:
        """Close everything."""
        self._selector.close()
        for pipe in (self._stdin, self._stdout, self._stderr):
            pipe.close()

    def _write(self) -> None:
        try:
            del self._unsent[: os.write(self._stdin.fileno(), self._unsent[:_CHUNK_BYTES])]
        except BrokenPipeError:
            # That the child has ended shows at its standard output as well.
            self._unsent.clear()
        if not self._unsent:
            self._forget(self._stdin)

    def _read_answer(self) -> None:
        data = self._read(self._stdout)
        self._unread += data
        self.answered_bytes += len(data)

    def _read_words(self) -> None:
        self.last_words = (self.last_words + self._read(self._stderr))[-_LAST_WORDS_BYTES:]

    def _read(self, pipe: IO[bytes]) -> bytes:
        data = os.read(pipe.fileno(), _CHUNK_BYTES)
        if not data:
            self._forget(pipe)
        return data

    def _forget(self, pipe: IO[bytes]) -> None:
        # A pipe that has been closed, or was never registered, is forgotten already.
        with suppress(KeyError, ValueError):
            self._selector.unregister(pipe)
