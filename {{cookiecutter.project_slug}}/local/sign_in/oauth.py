"""What OAuth 2.0 says of requests: how they are read, and how they are refused."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus

NO_STORE = {"cache-control": "no-store"}
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class OAuthError(Exception):
    """A refusal by a code of RFC 6749 section 4.1.2.1 or 5.2, RFC 7591 or RFC 8707, and the reason in words."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.answer = {"error": code, "error_description": reason}


def require(condition: bool, code: str, reason: str) -> None:
    """Raise OAuthError unless `condition` holds."""
    if not condition:
        raise OAuthError(code, reason)


def parameters(encoded: bytes) -> tuple[dict[str, str], set[str]]:
    """Split a query or form into its values and the names sent twice; empty means omitted (RFC 6749 section 3.1)."""
    pairs = parse_qsl(encoded.decode(errors="replace"))
    names = [name for name, _ in pairs]
    return dict(pairs), {name for name in names if names.count(name) > 1}


def requested_scopes(asked: Mapping[str, str], allowed: frozenset[str]) -> frozenset[str]:
    """Return the scopes asked for, all of the `allowed` if none is. Raises OAuthError for one that is not allowed."""
    scopes = frozenset(asked.get("scope", "").split()) or allowed
    require(scopes <= allowed, "invalid_scope", "scope has a value that was not given to this client")
    return scopes


def challenge_of(verifier: str | None) -> str | None:
    """Work out which challenge a verifier meets (RFC 7636 section 4.6); a malformed one meets none, which is ""."""
    if verifier is None:
        return None
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() if VERIFIER.fullmatch(verifier) else ""


def basic(credentials: str) -> tuple[str, str]:
    """Return client id and secret of HTTP Basic (RFC 6749 section 2.3.1). Raises OAuthError."""
    try:
        client_id, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client", "the HTTP Basic credentials cannot be read") from None
    return unquote_plus(client_id), unquote_plus(secret)
