"""The page that a run of the matrix writes."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple


class Cell(NamedTuple):
    """What one client did at one endpoint, and what both of them were."""

    client: str
    package: str
    place: str
    sdk: str
    shown: str


def written(cells: Sequence[Cell]) -> str:
    return ""
