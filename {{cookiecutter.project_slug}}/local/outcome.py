"""How an invocation ends."""

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Outcome(Enum):
    """How an invocation ended."""

    RESPONSE = "response"
    ERROR = "function error"
    TIMEOUT = "timeout"
    INIT_FAILURE = "init failure"


@dataclass(frozen=True)
class Result:
    """The end of an invocation; `payload` is what the handler returned, else Lambda's error object.

    An error object has `errorType` and `errorMessage`, and `stackTrace` where the runtime gave one.
    """

    outcome: Outcome
    payload: Any


def failure(outcome: Outcome, kind: str, message: str) -> Result:
    """Return a result that carries Lambda's error object."""
    return Result(outcome, {"errorType": kind, "errorMessage": message})
