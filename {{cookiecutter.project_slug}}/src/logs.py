"""CloudWatch Logs, searched page by page."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel

import aws
import limits
from sdk import ResourceError

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilterLogEventsRequestTypeDef

# Where the time span begins, in milliseconds, and AWS's token. It names no log group: that is what a call is about.
_CURSOR = re.compile(r"([0-9]{13}):(.+)", re.DOTALL)
# A time span of a day at most, and a token that AWS keeps for a day (API reference, FilterLogEvents).
_OLDEST = timedelta(days=2)


class LogEvent(BaseModel):
    """One log event."""

    time: datetime
    stream: str
    message: str


class LogScan:
    """A search of a log group that its caller drives page by page, and may stop between any two.

    Attributes:
        pages: How many pages have been searched.

    Args:
        log_group: Its full name.
        pattern: A filter pattern of CloudWatch Logs.
        minutes: How far to look back from now; a cursor knows better.
        most: How many events are wanted in all.
        cursor: The `cursor` of a scan of the same log group and pattern, to go on where that one stopped.

    Raises:
        ResourceError: If the cursor is none, or too old.
    """

    def __init__(self, log_group: str, pattern: str, minutes: int, most: int, cursor: str | None = None) -> None:
        self.pages = 0
        self._log_group = log_group
        self._pattern = pattern
        self._wanted = most
        self._since = _milliseconds(timedelta(minutes=minutes))
        self._token: str | None = None
        if cursor:
            self._since, self._token = _read(cursor)

    @property
    def cursor(self) -> str | None:
        """Where another scan may go on, or None if this one has seen the end."""
        return f"{self._since}:{self._token}" if self._token else None

    def goes_on(self) -> bool:
        """Return whether there is another page, and a use and the time for it; the first one is always tried."""
        more = self._token is not None and self._wanted > 0 and limits.remaining_seconds() > aws.REQUEST_SECONDS
        return more or not self.pages

    @aws.explained()
    def next_page(self) -> list[LogEvent]:
        """Return the events of the next page, which may be empty, or as many of them as are still wanted."""
        request: FilterLogEventsRequestTypeDef = {
            "logGroupName": self._log_group,
            "filterPattern": self._pattern,
            "startTime": self._since,
            # Not more, so that no event is cut away that the next token would pass over.
            "limit": self._wanted,
        }
        if self._token:
            request["nextToken"] = self._token
        page = aws.logs().filter_log_events(**request)
        self.pages += 1
        self._token = page.get("nextToken")
        self._wanted -= len(page["events"])
        return [
            LogEvent(
                time=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
                stream=event["logStreamName"],
                message=event["message"].rstrip(),
            )
            for event in page["events"]
        ]


def _milliseconds(ago: timedelta) -> int:
    return int((datetime.now(UTC) - ago).timestamp() * 1000)


def _read(cursor: str) -> tuple[int, str]:
    """Return the start and the token that a cursor holds."""
    found = _CURSOR.fullmatch(cursor)
    if found is None or int(found[1]) < _milliseconds(_OLDEST):
        raise ResourceError("The cursor is not one that this tool gave in the last day. Leave it out to start again.")
    return int(found[1]), found[2]
