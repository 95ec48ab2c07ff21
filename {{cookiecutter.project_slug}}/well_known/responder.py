"""Answers HTTP API events with documents that were made once, at init."""

import json
from collections.abc import Mapping
from typing import Any

# An hour: long enough to spare the function, short enough for a change of provider.
_HEADERS = {"content-type": "application/json", "cache-control": "public, max-age=3600"}


class Responder:
    """Serves a fixed set of JSON documents by path."""

    def __init__(self, documents: Mapping[str, dict[str, object]]) -> None:
        self._bodies = {path: json.dumps(document) for path, document in documents.items()}

    def __call__(self, event: Any, _context: object) -> dict[str, object]:
        """Answer one event of payload format 2.0; any other path, and any other event, is a 404."""
        path = event.get("rawPath") if isinstance(event, dict) else None
        body = self._bodies.get(path) if isinstance(path, str) else None
        if body is None:
            return {"statusCode": 404, "headers": _HEADERS, "body": '{"message": "Not Found"}'}
        return {"statusCode": 200, "headers": _HEADERS, "body": body}
