"""The page that a run of the matrix writes."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import NamedTuple

# What a cell may say beside a revision or a status, and why it does.
NO_NAME, NOT_SPOKEN = "no name", "not spoken"

_PAGE = Template(Path(__file__).with_name("page.md").read_text())


class Cell(NamedTuple):
    """What one client did at one endpoint, and what both of them were."""

    client: str
    package: str
    place: str
    sdk: str
    shown: str


def written(cells: Sequence[Cell], clients: Sequence[str], places: Sequence[str]) -> str:
    """Return the page for these clients and places, by their titles.

    Raises:
        ValueError: If a cell is missing, as in a run of a part of the tests.
    """
    found = {(cell.client, cell.place): cell for cell in cells}
    if missing := [f"{client} at {place}" for client in clients for place in places if (client, place) not in found]:
        raise ValueError(f"The table would have {len(missing)} empty cells, the first for {missing[0]}.")
    rows = [[client, *(found[client, place].shown for place in places)] for client in clients]
    packages = [[client, found[client, places[0]].package] for client in clients]
    served = [[f"`{place}`", found[clients[0], place].sdk] for place in places]
    return _PAGE.substitute(
        date=datetime.now(UTC).date().isoformat(),
        machine=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        matrix=_table(["client", *(f"`{place}`" for place in places)], rows),
        clients=_table(["client", "package"], packages),
        servers=_table(["endpoint and adapter", "SDK"], served),
        not_spoken=NOT_SPOKEN,
        no_name=NO_NAME,
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
