"""What a person is told: a way to connect for each client, and why the others have none."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connect.outputs import OutputsError

_PROGRAM = Path(__file__).with_name("program.py")


@dataclass(frozen=True)
class Deployed:
    """A stack, and what the command line says beside it."""

    name: str
    region: str
    outputs: Mapping[str, str]
    options: Mapping[str, str | None] = field(default_factory=dict)

    def output(self, name: str) -> str:
        """Return an output that every stack of this project has.

        Raises:
            OutputsError: If this one has not.
        """
        try:
            return self.outputs[name]
        except KeyError:
            raise OutputsError(
                f"The stack {self.name} in {self.region} has no output {name}, so that it is of another project or "
                "older than this one. Give its name by STACK=…, or deploy it anew by `make deploy`."
            ) from None


@dataclass(frozen=True)
class Way:
    """How one client connects: `content` is a file's where `file` names one, and else a command or what to type in."""

    client: str
    title: str
    content: str
    file: str = ""
    note: str = ""


@dataclass(frozen=True)
class Guide:
    """Every client there is: with a way to connect, or else by its name with the reason in a few words."""

    ways: Sequence[Way]
    cannot: Mapping[str, str]

    def text(self) -> str:
        """Return all of it, for a person."""
        parts = [_section(way) for way in self.ways]
        if self.cannot:
            reasons = (f"{title}: {reason}" for title, reason in self.cannot.items())
            parts.append("\n".join([_heading("Cannot connect"), *reasons]))
        return "\n\n".join(parts)


def document(value: object) -> str:
    """Return a file of JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def program(**constants: str) -> str:
    """Return the Python program of this project with its constants, whose values there are their own names."""
    text = _PROGRAM.read_text(encoding="utf-8")
    for name, value in constants.items():
        text = text.replace(f'"{name}"', json.dumps(value))
    return text.rstrip()


def _section(way: Way) -> str:
    title = f"{way.title}: {way.file}" if way.file else way.title
    return "\n".join(filter(None, [_heading(title, way.client), way.note, way.content]))


def _heading(title: str, client: str = "") -> str:
    return f"## {title}" + (f" (CLIENT={client})" if client else "")
