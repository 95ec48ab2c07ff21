"""What an authorizer says to who may not pass."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """A request may not pass: answer `status`, with `challenge` in `www-authenticate` if there is one."""

    status: int
    challenge: str = ""
