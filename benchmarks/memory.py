"""The memory that a process and all that it has started hold at their highest."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

# A process for one call lives some hundred milliseconds.
_SECONDS_BETWEEN_LOOKS = 0.005


def descendants(pid: int) -> list[int]:
    """Return the processes below `pid`, as they are now."""
    found: list[int] = []
    for task in _texts(f"{pid}/task/*/children"):
        for child in map(int, task.split()):
            found += [child, *descendants(child)]
    return found


def held_mb(pid: int) -> float:
    """Return the sum of the highest resident sizes (VmHWM) of the processes below `pid` that live now, in MB."""
    return sum(map(_highest_kb, _programs(pid))) * 1024 / 1e6


class PeakMemory:
    """Looks at the processes below `pid` again and again inside the block; `mb` is the most that they have held."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.mb = 0.0

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Look a last time."""
        self._ended.set()
        self._thread.join()
        self.mb = max(self.mb, held_mb(self._pid))

    def _look(self) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN_LOOKS):
            self.mb = max(self.mb, held_mb(self._pid))


def _programs(pid: int) -> list[int]:
    """Return those below `pid` with a program of their own: between fork and exec a child is its parent's double."""
    found = descendants(pid)
    commands = {process: "".join(_texts(f"{process}/cmdline")) for process in [pid, *found]}
    return [process for process in found if commands[process] != commands.get(_parent(process))]


def _parent(pid: int) -> int:
    return _number(pid, "PPid")


def _highest_kb(pid: int) -> int:
    return _number(pid, "VmHWM")


def _number(pid: int, name: str) -> int:
    for line in "".join(_texts(f"{pid}/status")).splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0


def _texts(pattern: str) -> list[str]:
    found = []
    for path in Path("/proc").glob(pattern):
        try:
            found.append(path.read_text())
        except OSError:
            # It has ended meanwhile.
            continue
    return found
