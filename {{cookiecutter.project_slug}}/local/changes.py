"""What happens to the project's files while it is served."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from watchfiles import Change, PythonFilter, awatch

FOLDERS = ("src", "well_known")
TEMPLATE = "template.yaml"


async def follow(project: Path, reload: Callable[[], Awaitable[None]]) -> None:
    """Await `reload` after each change of the functions' files or the template, until cancelled.

    Changes during a reload make for one more.
    """
    changed = asyncio.Event()
    folders = [folder for name in FOLDERS if (folder := project / name).is_dir()]

    def is_template(_: Change, path: str) -> bool:
        return Path(path).name == TEMPLATE

    async def in_folders() -> None:
        async for _ in awatch(*folders, watch_filter=PythonFilter(extra_extensions=[".txt", ".toml", ".json"])):
            changed.set()

    async def of_template() -> None:
        # Its folder is watched, because editors replace a file, and the new one would be another.
        async for _ in awatch(project, recursive=False, watch_filter=is_template):
            changed.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(in_folders())
        group.create_task(of_template())
        while True:
            await changed.wait()
            changed.clear()
            await reload()
