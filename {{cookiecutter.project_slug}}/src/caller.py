"""Who is calling: what AWS has verified of the caller, and nothing that the client merely says."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from boto3.session import Session


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified identity behind one call; empty where the endpoint passes none on.

    Attributes:
        subject: Who it is: a token's `sub`, or the ARN of an IAM principal.
        client_id: The OAuth client that the token was issued to, or None.
        scopes: The scopes granted to the token.
        claims: All that is known of the caller, as AWS hands it over: names to strings.
        tenant: Whom the caller acts for, or None where there are no tenants.
        session: Makes the boto3 session with which the caller acts on AWS, or None for the function's own credentials.
    """

    subject: str | None = None
    client_id: str | None = None
    scopes: frozenset[str] = frozenset()
    claims: Mapping[str, str] = field(default_factory=dict)
    tenant: str | None = None
    session: "Callable[[], Session] | None" = field(default=None, compare=False, repr=False)


_NOBODY = Caller()
_current: ContextVar[Caller] = ContextVar("caller")


def current() -> Caller:
    """Return the caller of the request that is being served; call it anywhere below a tool."""
    return _current.get(_NOBODY)


@contextmanager
def acting_for(caller: Caller) -> Iterator[None]:
    """Make `current()` answer with `caller` inside the block."""
    token = _current.set(caller)
    try:
        yield
    finally:
        _current.reset(token)
