"""The questions, their choices and every combination of them, read from cookiecutter.json."""

import json
import subprocess
from collections.abc import Mapping
from functools import cache
from itertools import cycle, product
from pathlib import Path
from typing import Any

from cookiecutter.environment import StrictEnvironment

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "{{cookiecutter.project_slug}}"
CONTEXT: dict[str, Any] = json.loads((ROOT / "cookiecutter.json").read_text())
MANIFEST = CONTEXT["_variants"]
QUESTIONS = [name for name in CONTEXT if not name.startswith("_")]
CHOICES: dict[str, list[str]] = {name: CONTEXT[name] for name in QUESTIONS if isinstance(CONTEXT[name], list)}
# A question of free text whose answer makes another shape.
PACKAGE = "mcp-server-time"

Answers = dict[str, str]


def refused(answers: Answers) -> bool:
    """Return whether the manifest says that these answers cannot go together."""
    return any(
        all(answers[question] in choices for question, choices in pair["answers"].items())
        for pair in MANIFEST["refused"]
    )


_AXES = CHOICES | {"stdio_package": ["", PACKAGE]}
EVERYTHING: list[Answers] = [dict(zip(_AXES, choice, strict=True)) for choice in product(*_AXES.values())]
COMBINATIONS = [
    answers
    for answers in EVERYTHING
    # Elsewhere the package is ignored, which one test asks of one combination.
    if not refused(answers) and (answers["adapter"] == "stdio" or not answers["stdio_package"])
]
REFUSED = [answers for answers in EVERYTHING if refused(answers) and not answers["stdio_package"]]
DEFAULT = COMBINATIONS[0]


_ENVIRONMENT = StrictEnvironment(context=CONTEXT)
_DERIVED = {
    name: _ENVIRONMENT.from_string(value)
    for name, value in CONTEXT.items()
    if name.startswith("__") and isinstance(value, str)
}


def facts(answers: Answers) -> Mapping[str, str]:
    """Return the answers with all that cookiecutter.json derives from them."""
    return _facts(tuple(answers.items()))


@cache
def _facts(answers: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    # Kept, because each path of the manifest asks for those of each combination.
    known = {name: value for name, value in CONTEXT.items() if isinstance(value, str)} | dict(answers)
    for name, template in _DERIVED.items():
        known[name] = template.render(cookiecutter=known)
    return known


def needed(path: str, answers: Answers) -> bool:
    """Return whether the manifest keeps a file or folder for these answers."""
    only = MANIFEST["only"].get(path, {})
    return all(facts(answers)[question] in choices for question, choices in only.items())


def distinct_templates() -> list[Answers]:
    """Return a combination for each template.yaml that differs from the others in more than Python and processor."""
    chosen: dict[tuple[str, ...], Answers] = {}
    for answers in COMBINATIONS:
        known = facts(answers)
        web = str(answers["adapter"] == "web-adapter")
        names = ("endpoint", "__authorization", "__tools", "stdio_package", "tenancy")
        chosen.setdefault((web, *(known[name] for name in names)), answers)
    return list(chosen.values())


TEMPLATES = distinct_templates()


def _by_turns(shapes: list[Answers]) -> list[Answers]:
    """Return these with Python and processor taking turns, and the default with each pair of them.

    Both only ever stand where words are put in, never in a condition, as a test holds. So what they are together with
    the other answers cannot matter, and six times as many would only take six times as long.
    """
    pairs = [
        {"python_version": python, "architecture": architecture}
        for python, architecture in product(CHOICES["python_version"], CHOICES["architecture"])
    ]
    turn = cycle(pairs)
    return [DEFAULT | pair for pair in pairs] + [answers | next(turn) for answers in shapes if answers != DEFAULT]


BY_TURNS = _by_turns(
    [
        answers
        for answers in COMBINATIONS
        if all(answers[question] == DEFAULT[question] for question in ("python_version", "architecture"))
    ]
)
TEMPLATES_BY_TURNS = _by_turns(TEMPLATES)


def one_of_each(*questions: str) -> list[Answers]:
    """Return the first combination for each set of answers to these questions, or of facts derived from them."""
    chosen: dict[tuple[str, ...], Answers] = {}
    for answers in COMBINATIONS:
        chosen.setdefault(tuple(facts(answers)[question] for question in questions), answers)
    return list(chosen.values())


def sources() -> list[Path]:
    """Return the files of the repository, relative to its root, without what git ignores."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in sorted(filter(None, listed.split("\0"))) if (ROOT / name).is_file()]


def name_of(answers: Answers) -> str:
    """Return a readable test id."""
    return "-".join(filter(None, answers.values()))


def shapes() -> list[Answers]:
    """Return a combination for each endpoint, adapter and set of tools; the other answers take turns."""
    names = ("authorization", "tenancy", "python_version", "architecture", "ci")
    turns = {name: cycle(CHOICES[name]) for name in names}

    def turned(answers: Answers) -> Answers:
        found = answers | {name: next(turn) for name, turn in turns.items()}
        return turned(answers) if refused(found) else found

    return [turned(answers) for answers in one_of_each("endpoint", "adapter", "__tools")]
