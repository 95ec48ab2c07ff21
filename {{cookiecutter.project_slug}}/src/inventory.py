"""The Lambda functions of the account as a table for spreadsheets; it knows nothing of MCP."""

import csv
import io

from pydantic import BaseModel, Field

import aws
import limits
from account import Functions

# A page more is not begun; none is cut.
MOST_FUNCTIONS = 2_000

_COLUMNS = ("name", "runtime", "deprecated", "memory_mb", "timeout_seconds", "last_modified", "description")
# "CSV Injection" at owasp.org: a spreadsheet takes what begins with one of these for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - some take the wide ones too


class Export(BaseModel):
    """A file for the client to save."""

    uri: str
    text: str = Field(description="CSV with a header; save it at `uri` as it is")
    functions: int
    truncated: bool = Field(description="True if the account has more functions")


class Inventory:
    """A CSV of functions (RFC 4180), made page by page up to MOST_FUNCTIONS.

    Attributes:
        cursor: Where the next page begins.
    """

    def __init__(self) -> None:
        self._written = io.StringIO()
        self._rows = csv.writer(self._written, quoting=csv.QUOTE_ALL)
        self._rows.writerow(_COLUMNS)
        self._functions = self._pages = 0
        self.cursor: str | None = None

    def goes_on(self) -> bool:
        """Return whether there is another page, and room and time for it; the first one is always tried."""
        room = self._functions < MOST_FUNCTIONS and limits.remaining_seconds() > aws.REQUEST_SECONDS
        return not self._pages or (self.cursor is not None and room)

    def add(self, page: Functions) -> None:
        """Add the functions of the next page."""
        for function in page.functions:
            self._rows.writerow(_inert(getattr(function, column)) for column in _COLUMNS)
        self._functions += len(page.functions)
        self._pages += 1
        self.cursor = page.next_cursor

    def export(self, uri: str) -> Export:
        """Return the table as a file for `uri`."""
        text = self._written.getvalue()
        return Export(uri=uri, text=text, functions=self._functions, truncated=self.cursor is not None)


def _inert(value: object) -> str:
    """Return the cell as text that no spreadsheet computes."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
