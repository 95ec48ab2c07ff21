"""The clock of this machine, by that of the server."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import time

from doctor.hop import BrokenError
from doctor.web import Response

# Who checks tokens allows a minute or none; for signatures it is five.
_TOLERATED_SECONDS = 60


@dataclass(frozen=True)
class Clock:
    """How many seconds this machine's clock is ahead of the server's; negative where it is behind."""

    ahead: int

    def now(self) -> float:
        """Return the time by the server's clock, in Unix seconds."""
        return time() - self.ahead

    @property
    def agrees(self) -> bool:
        """Whether the two are close enough."""
        return abs(self.ahead) <= _TOLERATED_SECONDS

    @property
    def told(self) -> str:
        """Which way the clock is wrong, in words."""
        return f"this machine's clock is {abs(self.ahead)} s {'ahead of' if self.ahead > 0 else 'behind'} the server's"

    def checked(self) -> str:
        """Return in words that the clocks agree. Raises BrokenError if they do not."""
        if self.agrees:
            return f"agrees with the server's to {abs(self.ahead)} s"
        raise BrokenError(
            f"By the Date header, {self.told}. Tokens and signatures that are good seem expired, or not yet good.",
            "Set this machine's clock by a time server (in a virtual machine or WSL: after sleep, restart it).",
        )


def read(response: Response) -> Clock | None:
    """Return the clock by the Date header (RFC 9110 section 6.6.1) of an answer that came just now, if it has one."""
    try:
        theirs = parsedate_to_datetime(response.header("date"))
    except (ValueError, OverflowError):
        return None
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    return Clock(round((datetime.now(UTC) - theirs).total_seconds()))
