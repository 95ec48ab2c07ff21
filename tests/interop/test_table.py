"""The page is of a whole run, and says what each cell saw."""

import pytest

from interop.table import Cell, written

CELLS = [
    Cell("one", "a 1.0", "here", "mcp 2", "2026-07-28"),
    Cell("one", "a 1.0", "there", "mcp 1", "403"),
    Cell("two", "b 2.0", "here", "mcp 2", "2025-11-25"),
    Cell("two", "b 2.0", "there", "mcp 1", "no name"),
]


def test_a_row_for_each_client_and_the_versions_of_all() -> None:
    lines = written(CELLS, ["two", "one"], ["here", "there"]).splitlines()
    head = lines.index("| client | `here` | `there` |")
    assert lines[head + 2 : head + 4] == ["| two | 2025-11-25 | no name |", "| one | 2026-07-28 | 403 |"]
    for line in ("| one | a 1.0 |", "| two | b 2.0 |", "| `here` | mcp 2 |", "| `there` | mcp 1 |"):
        assert line in lines


def test_no_cell_is_left_blank() -> None:
    with pytest.raises(ValueError, match="1 empty cells, the first for two at there"):
        written(CELLS[:3], ["one", "two"], ["here", "there"])
