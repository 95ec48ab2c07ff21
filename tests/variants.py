"""The questions, their choices and every combination of them, read from cookiecutter.json."""

import json
import subprocess
from itertools import combinations, product
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "{{cookiecutter.project_slug}}"
CONTEXT: dict[str, Any] = json.loads((ROOT / "cookiecutter.json").read_text())
MANIFEST = CONTEXT["_variants"]
QUESTIONS = [name for name in CONTEXT if not name.startswith("_")]
CHOICES: dict[str, list[str]] = {name: CONTEXT[name] for name in QUESTIONS if isinstance(CONTEXT[name], list)}

Answers = dict[str, str]

COMBINATIONS: list[Answers] = [dict(zip(CHOICES, choice, strict=True)) for choice in product(*CHOICES.values())]
# What template.yaml depends on.
TEMPLATE_COMBINATIONS = [answers for answers in COMBINATIONS if answers["ci"] == CHOICES["ci"][0]]


def sources() -> list[Path]:
    """Return the files of the repository, relative to its root, without what git ignores."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in sorted(filter(None, listed.split("\0"))) if (ROOT / name).is_file()]


def name_of(answers: Answers) -> str:
    """Return a readable test id."""
    return "-".join(answers.values())


def pairwise() -> list[Answers]:
    """Return a few combinations that hold every pair of choices, found greedily."""

    def pairs(answers: Answers) -> set[tuple[tuple[str, str], ...]]:
        return set(combinations(answers.items(), 2))

    missing = set().union(*map(pairs, COMBINATIONS))
    rows: list[Answers] = []
    while missing:
        rows.append(max(COMBINATIONS, key=lambda answers: len(pairs(answers) & missing)))
        missing -= pairs(rows[-1])
    return rows
