"""A child process that takes its own children with it, and does not outlive this one."""

import asyncio
import contextlib
import functools
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


async def started(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Start `command` in a group of its own, with its whole output on `stdout`. Raises OSError."""
    return await asyncio.create_subprocess_exec(
        *_tied(),
        *command,
        cwd=folder,
        env=variables,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


def ended(process: asyncio.subprocess.Process) -> bool:
    """Return whether a process that was `started` has ended; asyncio hears of it only in its next turn."""
    if process.returncode is not None:
        return True
    if not hasattr(os, "waitid"):
        # macOS has it since Python 3.13.
        return False
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        # It was waited for, and asyncio is about to hear of it.
        return True


def kill_group(process: asyncio.subprocess.Process) -> None:
    """Kill a process that was `started`, and whatever it has started; there may be nothing left of them."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@functools.cache
def _tied() -> tuple[str, ...]:
    """Return what, in front of a command, has the kernel kill it when this process dies (prctl's PR_SET_PDEATHSIG).

    Nothing where there is no such thing as on Linux; there an environment without a parent ends when it next polls.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    command = (setpriv, "--pdeathsig", "KILL", "--")
    # BusyBox has a setpriv that cannot.
    trial = subprocess.run([*command, "true"], capture_output=True, check=False)  # noqa: S603 - nothing from outside
    return () if trial.returncode else command
