"""The entry point of the child process: serves one MCP session over stdio, then ends."""

import gc
import io
import json
import math
import os
import signal
import sys
from typing import TextIO

import artifact
import caller


class _Stdout(io.TextIOWrapper):
    """A standard output whose text goes to the log and whose `buffer`, which MCP's SDKs take, goes to the client."""

    def __init__(self, protocol: int, log: TextIO) -> None:
        super().__init__(os.fdopen(protocol, "wb"), encoding="utf-8")
        self._log = log

    def write(self, text: str, /) -> int:
        """Write to the log."""
        return self._log.write(text)

    def flush(self) -> None:
        """Flush the log."""
        self._log.flush()

    def fileno(self) -> int:
        """Return the descriptor that a child process or a C library may write to."""
        return self._log.fileno()


def _keep_the_protocol_apart() -> None:
    """Leave nothing of the session at descriptors 0 and 1, where any library or program may read and write."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdin = io.TextIOWrapper(os.fdopen(requests, "rb"), encoding="utf-8")
    sys.stdout = _Stdout(answers, sys.stderr)


def _caller() -> caller.Caller:
    if (known := json.loads(os.environ.get("MCP_CALLER", "null"))) is None:
        return caller.Caller()
    return caller.Caller(
        subject=known["subject"],
        client_id=known["client_id"],
        scopes=frozenset(known["scopes"]),
        claims=known["claims"],
        tenant=known["tenant"],
    )


def main() -> None:
    """Serve over what were standard input and output, for the caller in MCP_CALLER, MCP_SECONDS at most.

    Without the two, as on your own machine, it serves nobody in particular until its input ends.
    """
    # The system ends the process when this runs out, whatever it does then, even if the function is no more.
    signal.setitimer(signal.ITIMER_REAL, float(os.environ.pop("MCP_SECONDS", "0")))
    _keep_the_protocol_apart()
    gc.disable()
    # Not before: what a server prints while it is imported is no answer either.
    with artifact.required():
        import limits  # noqa: PLC0415
        from server import build_server  # noqa: PLC0415

        server = build_server()
    # What has been loaded stays until the end: to look through it for garbage, at the end above all, would take a
    # fifth of a short call's time.
    gc.freeze()
    gc.enable()
    with caller.acting_for(_caller()), limits.lasting(signal.getitimer(signal.ITIMER_REAL)[0] or math.inf):
        server.run("stdio")


if __name__ == "__main__":
    main()
