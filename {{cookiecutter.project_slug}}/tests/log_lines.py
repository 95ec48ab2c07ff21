"""What a call leaves in the log."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from telemetry import logger


@contextmanager
def recorded() -> Iterator[list[dict[str, Any]]]:
    """Collect the JSON lines written inside the block: the logger has a stream of its own, metrics go to stdout."""
    lines: list[dict[str, Any]] = []
    written = io.StringIO()
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(written)
    with redirect_stdout(written):
        yield lines
    handler.setStream(before)
    lines += [json.loads(line) for line in written.getvalue().splitlines()]
