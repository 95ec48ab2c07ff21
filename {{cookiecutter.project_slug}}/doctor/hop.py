"""A hop of the way to a server, and how it can end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True)
class Hop:
    """One thing that a client does; `walk` returns what was found, or raises BrokenError or UncheckedError."""

    name: str
    walk: Callable[[], str]


class BrokenError(Exception):
    """A hop fails, for a cause and with a cure, each in a sentence or two."""

    def __init__(self, cause: str, cure: str) -> None:
        super().__init__(cause, cure)
        self.cause = cause
        self.cure = cure


class UncheckedError(Exception):
    """A hop cannot be tried; the message is the reason."""


def needed(value: _T | None, what: str) -> _T:
    """Return what an earlier hop found. Raises UncheckedError where it found none; `what` names it for people."""
    if value is None:
        raise UncheckedError(f"there is no {what}")
    return value
