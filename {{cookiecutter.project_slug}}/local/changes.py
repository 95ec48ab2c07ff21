"""What happens to the project's files while it is served."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

_FOLLOWED = ("src", "token_authorizer", "well_known", "template.yaml")
_SECONDS = 0.5

Fingerprint = frozenset[tuple[Path, int, int]]


def fingerprint(project: Path) -> Fingerprint:
    """Return what is known of the functions' files and the template: each one's path, time of change and size."""
    paths = [path for name in _FOLLOWED for path in (project / name, *(project / name).rglob("*"))]
    found = set()
    for path in paths:
        # An editor replaces a file by a new one, so that it may be gone for a moment.
        with suppress(FileNotFoundError):
            status = path.stat()
            if S_ISREG(status.st_mode) and "__pycache__" not in path.parts:
                found.add((path, status.st_mtime_ns, status.st_size))
    return frozenset(found)


async def follow(project: Path, reload: Callable[[], Awaitable[None]], since: Fingerprint) -> None:
    """Await `reload` after each change since the fingerprint was taken, until cancelled.

    It looks twice a second: a few dozen files are cheaper to look at than a watcher is to depend on.
    """
    while True:
        now = fingerprint(project)
        if now != since:
            since = now
            await reload()
        await asyncio.sleep(_SECONDS)
