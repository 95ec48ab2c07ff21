"""Answers HTTP API events by their routes."""

import json
from collections.abc import Callable, Mapping
from typing import Any

Response = dict[str, object]

# An hour: long enough to spare the function, short enough for a change of provider.
_PUBLISHED = {"content-type": "application/json", "cache-control": "public, max-age=3600"}


class Responder:
    """A Lambda handler for HTTP API events, payload format 2.0; made once, at init.

    Args:
        routes: What answers an event, by method and path, such as `GET /.well-known/oauth-protected-resource`.
    """

    def __init__(self, routes: Mapping[str, Callable[[Mapping[str, Any]], Response]]) -> None:
        self._routes = routes

    def __call__(self, event: Any, _context: object) -> Response:
        """Answer one event; any other route, and any other event, is a 404."""
        route = event.get("routeKey") if isinstance(event, dict) else None
        answer = self._routes.get(route) if isinstance(route, str) else None
        return answer(event) if answer else json_response(404, {"message": "Not Found"})


def published(document: Mapping[str, object]) -> Callable[[Mapping[str, Any]], Response]:
    """Return what answers every event with `document`, which clients and caches may keep for an hour."""
    response = json_response(200, document, _PUBLISHED)
    return lambda _event: response


def json_response(status: int, document: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with a JSON document, which nobody may keep unless `headers` say so."""
    return {
        "statusCode": status,
        "headers": headers or {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(document),
    }
