"""Refuses answers that would make a broken project, before a file is written."""

import json
import re
import sys
from collections.abc import Iterator

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

# Windows keeps these names for devices, in every folder.
RESERVED = {"aux", "con", "nul", "prn", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}

LONGEST_SLUG = 40


def faults(answers: dict[str, str]) -> Iterator[str]:
    """Yield one sentence for each answer that cannot be used: what is wrong, and what to give instead."""
    for question, longest in (("project_name", 60), ("description", 200)):
        answer = answers[question]
        if not answer.strip() or len(answer) > longest or not answer.isprintable():
            yield f"{question} must be one line of 1 to {longest} printable characters."
        elif re.search(r"[{][%#{]", answer):
            yield f"{question} must not contain double braces or other marks of a template."
    slug = answers["project_slug"]
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug) or len(slug) > LONGEST_SLUG:
        yield (
            f"project_slug {slug!a} must be 1 to {LONGEST_SLUG} lower-case letters, digits and single hyphens, and "
            "must start with a letter, because the CloudFormation stack is named after it. Try 'my-mcp-server'."
        )
    elif slug in RESERVED:
        yield f"project_slug {slug!r} is a name that Windows keeps for itself. Try '{slug}-mcp'."


if FAULTS := list(faults(ANSWERS)):
    sys.exit("\n".join(["Nothing was generated:", *(f"- {fault}" for fault in FAULTS)]))
