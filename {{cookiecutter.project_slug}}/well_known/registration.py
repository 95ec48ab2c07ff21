"""Client registration (RFC 7591) for Cognito, which has none: every client is given the one that the stack has."""

import base64
import json
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from responder import Response, json_response

ROUTE = "POST /register"

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_GRANT, _RESPONSE = "authorization_code", "code"
# Many times what a client says of itself; a function this small could not parse what API Gateway lets through.
_LARGEST_BODY = 65_536


class Registration:
    """Hands out the public client's id to who asks for a client; makes nothing and keeps nothing.

    A client may name redirect URIs that the user pool knows, and loopback ones besides. At least one must be known,
    because Cognito compares them to the letter, port included: a client that has none would sign people in to an error
    page.

    Args:
        client_id: The public client of the user pool.
        callback_urls: Where the user pool lets it return to.
        scopes: All that it may ask for.
    """

    def __init__(self, client_id: str, callback_urls: Collection[str], scopes: Collection[str]) -> None:
        self._client_id = client_id
        self._callback_urls = callback_urls
        self._scopes = scopes

    def __call__(self, event: Mapping[str, Any]) -> Response:
        """Answer a registration request (RFC 7591 section 3.1): the client's metadata, or why there is none."""
        try:
            return json_response(201, self._registered(_metadata(event)))
        except _RefusedError as refused:
            return json_response(400, {"error": refused.code, "error_description": str(refused)})

    def _registered(self, asked: Mapping[str, Any]) -> dict[str, object]:
        if _GRANT not in _texts(asked, "grant_types", [_GRANT]):
            raise _RefusedError("invalid_client_metadata", f"grant_types must have {_GRANT}: people sign in with it.")
        if _RESPONSE not in _texts(asked, "response_types", [_RESPONSE]):
            raise _RefusedError("invalid_client_metadata", f"response_types must have {_RESPONSE}.")
        # Section 3.2.1 allows other values in the answer than were asked for: this client is what it is.
        return {
            "client_id": self._client_id,
            "redirect_uris": self._known(_texts(asked, "redirect_uris", [])),
            "token_endpoint_auth_method": "none",
            "grant_types": [_GRANT, "refresh_token"],
            "response_types": [_RESPONSE],
            "scope": " ".join(self._scopes),
        }

    def _known(self, redirect_uris: list[str]) -> list[str]:
        for uri in redirect_uris:
            if uri not in self._callback_urls and not _is_loopback(uri):
                raise _RefusedError(
                    "invalid_redirect_uri",
                    f"{uri[:200]!r} is no address that sign-in may return to. The operator adds a client's own to the "
                    "stack's parameter CallbackUrls.",
                )
        known = [uri for uri in redirect_uris if uri in self._callback_urls]
        if not known:
            raise _RefusedError(
                "invalid_redirect_uri",
                "redirect_uris must have one of the stack's parameter CallbackUrls, port included: Cognito compares "
                f"them to the letter. It has {', '.join(self._callback_urls)}.",
            )
        return known


class _RefusedError(Exception):
    """A registration is refused by a code of RFC 7591 section 3.2.2; the message is for the client's developer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _metadata(event: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        body = event["body"]
        text = base64.b64decode(body) if event.get("isBase64Encoded") else body
        asked = json.loads(text) if len(text) <= _LARGEST_BODY else None
    except (LookupError, ValueError, TypeError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise _RefusedError("invalid_client_metadata", "The body must be a JSON object with the client's metadata.")
    return asked


def _texts(asked: Mapping[str, Any], name: str, default: list[str]) -> list[str]:
    found = asked.get(name, default)
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise _RefusedError("invalid_client_metadata", f"{name} must be a list of texts.")
    return found


def _is_loopback(uri: str) -> bool:
    """Return whether a URI is on the client's own machine (RFC 8252 section 7.3), at whatever port."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in _LOOPBACK and parts.username is None and "#" not in uri
