"""Handles: what callers name the values by that they keep, and where in the table each caller's values are."""

import hashlib
import json
import re
import secrets

import caller
from sdk import ResourceNotFoundError

_BYTES = 24
_MINTED = re.compile(r"[A-Za-z0-9_-]{32}")


class NotFoundError(ResourceNotFoundError):
    """The caller has nothing under a handle; whether somebody else has is not said."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing is kept under this handle: it has expired, was deleted, or was never given to you. "
            "Do not retry; begin again without a handle, and keep the one that comes back."
        )


def mint() -> str:
    """Return a new handle: 32 letters, digits, hyphens and underscores that nobody can guess."""
    return secrets.token_urlsafe(_BYTES)


def place(handle: str) -> tuple[str, str]:
    """Return `owner` and `handle`, the key under which the table has what the current caller keeps.

    The owner is made of who calls, so that no caller has a way to what another keeps. A tenant comes first and as it
    is: by the condition `dynamodb:LeadingKeys`, IAM can hold a tenant's role to it. Where the endpoint passes no caller
    on, all calls have the same owner, and a value is anybody's who knows its handle.

    Raises:
        NotFoundError: If `handle` is not of the form that `mint` gives, whatever a caller has sent.
    """
    if not isinstance(handle, str) or not _MINTED.fullmatch(handle):
        raise NotFoundError
    who = caller.current()
    owner = hashlib.sha256(json.dumps([who.subject, who.client_id]).encode()).hexdigest()
    return owner if who.tenant is None else f"{who.tenant}#{owner}", handle
