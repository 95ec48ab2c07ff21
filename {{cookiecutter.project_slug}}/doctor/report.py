"""What is printed while the way is walked, and the exit status that it comes to."""

import sys
import textwrap
from collections.abc import Iterable, Sequence

from doctor.hop import BrokenError, Hop, UncheckedError

WIDTH = 100
# What a server says of itself is quoted up to here.
_LONGEST = 1_000


class Report:
    """Prints how each hop ends; what it was told to conceal it never prints, whoever sends it back."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._broken: list[str] = []
        self._unchecked: dict[str, list[str]] = {}
        # A terminal that lacks the marks shows others in their place; the words beside them say the same.
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure:
                reconfigure(errors="replace")

    def conceal(self, secret: str) -> str:
        """Keep a token, code or secret out of everything printed from now on, and return it."""
        # What is this short hides nothing, and replacing it would garble every line.
        if len(secret) > 3:  # noqa: PLR2004
            self._secrets.add(secret)
        return secret

    def say(self, text: str = "", *, indent: int = 0, hanging: int = 0) -> None:
        """Print lines, without the characters by which a server could drive the terminal."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "[secret]")
        for line in text.split("\n"):
            plain = "".join(char if char.isprintable() else " " for char in line)
            shown = textwrap.wrap(
                plain,
                WIDTH,
                initial_indent=" " * indent,
                subsequent_indent=" " * (indent + hanging),
                break_long_words=False,
                break_on_hyphens=False,
            )
            print("\n".join(shown), flush=True)

    def walk(self, hops: Iterable[Hop]) -> None:
        """Try each hop in turn, and print how it ends; what cannot be tried is for the end."""
        for hop in hops:
            try:
                self.say(f"✓ {hop.name}: {_short(hop.walk())}", hanging=2)
            except BrokenError as error:
                self._broken.append(hop.name)
                self.say(f"✗ {hop.name}: broken", hanging=2)
                self.say(f"Cause: {_short(error.cause)}", indent=4, hanging=2)
                self.say(f"Cure:  {error.cure}", indent=4, hanging=2)
            except UncheckedError as reason:
                self._unchecked.setdefault(str(reason), []).append(hop.name)

    def end(self, beyond: Sequence[str]) -> int:
        """Print what was not checked, `beyond` being what never is, and return the exit status: 1 if a hop broke."""
        self.say()
        self.say("Not checked:")
        for reason, hops in self._unchecked.items():
            self.say(f"- {'; '.join(hops)}: {reason}.", indent=2, hanging=2)
        for item in beyond:
            self.say(f"- {item}", indent=2, hanging=2)
        self.say()
        self.say(f"Broken: {', '.join(self._broken)}." if self._broken else "Nothing that was checked is broken.")
        return 1 if self._broken else 0


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
