"""CloudWatch Logs, searched page by page; it knows nothing of MCP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel

import aws

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilterLogEventsResponseTypeDef


class LogEvent(BaseModel):
    """One log event."""

    time: datetime
    stream: str
    message: str


class LogScan:
    """A search of a log group's last `minutes` that its caller drives page by page, and may stop between any two."""

    def __init__(self, log_group: str, pattern: str, minutes: int) -> None:
        self._pages = _log_pages(log_group, pattern, minutes)

    @aws.explained()
    def next_page(self) -> list[LogEvent] | None:
        """Return the next page, which may be empty, or None after the last one."""
        page = next(self._pages, None)
        if page is None:
            return None
        return [
            LogEvent(
                time=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
                stream=event["logStreamName"],
                message=event["message"].rstrip(),
            )
            for event in page["events"]
        ]


def _log_pages(log_group: str, pattern: str, minutes: int) -> Iterator["FilterLogEventsResponseTypeDef"]:
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    paginator = aws.logs().get_paginator("filter_log_events")
    # A generator, so that boto3 is first met where the first page is asked for, off the event loop.
    yield from paginator.paginate(
        logGroupName=log_group, filterPattern=pattern, startTime=int(since.timestamp() * 1000)
    )
