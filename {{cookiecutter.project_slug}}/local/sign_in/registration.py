"""Dynamic client registration (RFC 7591): a client that nobody has registered by hand registers itself."""

import re
import secrets
from collections import deque
from json import JSONDecodeError
from time import time
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.sign_in.client import Client
from local.sign_in.oauth import NO_STORE, OAuthError, require

# Anyone may register, so the oldest goes when there are more.
MOST_CLIENTS = 100
GRANTS = ("authorization_code", "refresh_token")
METHODS = ("client_secret_basic", "client_secret_post", "none")
_PRINTABLE = re.compile(r"[!-~]+")
# What a browser would run, read or fetch, where a private-use scheme (RFC 8252 section 7.1) opens an application.
_NOT_PRIVATE = frozenset(["", "http", "about", "blob", "data", "file", "ftp", "javascript", "vbscript", "ws", "wss"])


class RegistrationEndpoint:
    """Adds clients for people to `clients`, which are by id."""

    def __init__(self, clients: dict[str, Client]) -> None:
        """Let every client have the scopes that the present ones with the grant authorization_code may have."""
        self._clients = clients
        people = [client for client in clients.values() if GRANTS[0] in client.grants]
        self._scopes = frozenset(scope for client in people for scope in client.scopes)
        self._registered: deque[str] = deque()

    async def register(self, request: Request) -> Response:
        """Answer 201 with the client and its metadata as registered (RFC 7591 section 3.2.1).

        Scopes that a client may not have are left out, as section 2 allows, and what it says of itself beside its
        name is ignored. Raises OAuthError by a code of section 3.2.2.
        """
        asked = await _metadata(request)
        redirect_uris = _strings(asked, "redirect_uris", ())
        require(bool(redirect_uris), "invalid_redirect_uri", "redirect_uris is missing or empty")
        for uri in redirect_uris:
            require(_is_safe(uri), "invalid_redirect_uri", f"{uri!r} is not https, loopback http or a private scheme")
        grants = _strings(asked, "grant_types", GRANTS[:1])
        _demand(GRANTS[0] in grants and set(grants) <= set(GRANTS), f"grant_types must be of {', '.join(GRANTS)}")
        _demand(_strings(asked, "response_types", ("code",)) == ("code",), "response_types must be code")
        method = asked.get("token_endpoint_auth_method", METHODS[0])
        _demand(method in METHODS, f"token_endpoint_auth_method must be one of {', '.join(METHODS)}")
        secret = None if method == "none" else secrets.token_urlsafe(32)
        client = Client(
            secrets.token_urlsafe(16), secret, redirect_uris, frozenset(grants), self._granted(asked.get("scope", ""))
        )
        self._add(client)
        answer = {
            "client_id": client.client_id,
            "client_id_issued_at": int(time()),
            "redirect_uris": redirect_uris,
            "grant_types": grants,
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
            "scope": " ".join(sorted(client.scopes)),
        }
        named = {"client_name": asked["client_name"]} if isinstance(asked.get("client_name"), str) else {}
        # 0: it does not expire.
        kept = {"client_secret": secret, "client_secret_expires_at": 0} if secret else {}
        return JSONResponse(answer | named | kept, 201, NO_STORE)

    def _granted(self, scope: object) -> frozenset[str]:
        _demand(isinstance(scope, str), "scope must be text")
        wanted = frozenset(str(scope).split())
        granted = wanted & self._scopes if wanted else self._scopes
        _demand(bool(granted), f"scope must have some of {' '.join(sorted(self._scopes))}")
        return granted

    def _add(self, client: Client) -> None:
        if len(self._registered) == MOST_CLIENTS:
            del self._clients[self._registered.popleft()]
        self._registered.append(client.client_id)
        self._clients[client.client_id] = client


async def _metadata(request: Request) -> dict[str, Any]:
    try:
        asked = await request.json()
    except (JSONDecodeError, UnicodeDecodeError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise OAuthError("invalid_client_metadata", "the body must be a JSON object")
    return asked


def _strings(asked: dict[str, Any], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    values = asked.get(name, default)
    listed = isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)
    _demand(listed, f"{name} must be a list of texts")
    return tuple(values)


def _demand(condition: bool, reason: str) -> None:
    require(condition, "invalid_client_metadata", reason)


def _is_safe(uri: str) -> bool:
    """Return whether a browser may be sent to `uri` with a code (RFC 6749 section 3.1.2, RFC 8252 section 7)."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        return False
    if not _PRINTABLE.fullmatch(uri) or "#" in uri or parts.username is not None:
        return False
    if parts.scheme == "https":
        return bool(host)
    if parts.scheme == "http":
        return host in {"127.0.0.1", "::1", "localhost"}
    return parts.scheme not in _NOT_PRIVATE
