"""Refuses answers that would make a broken project, before a file is written."""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")

# Windows keeps these names for devices, in every folder.
RESERVED = {"aux", "con", "nul", "prn", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}

LONGEST_SLUG = 40

# A name as PyPI has it (PEP 508), with extras, and with a version if one is wanted.
PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\[[A-Za-z0-9._,-]+\])?(==[A-Za-z0-9.!+_-]+)?")


def faults(answers: dict[str, Any]) -> Iterator[str]:
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
    for pair in answers["_variants"]["refused"]:
        if all(answers[question] in choices for question, choices in pair["answers"].items()):
            given = " with ".join(f"{question}={answers[question]}" for question in pair["answers"])
            yield f"{given} cannot work: {pair['reason']} Choose {pair['instead']} instead."
    package = answers["stdio_package"]
    if answers["adapter"] == "stdio" and package and not PACKAGE.fullmatch(package):
        yield (
            f"stdio_package {package!a} must be the name of a package on PyPI, if need be with a version, such as "
            "mcp-server-time or mcp-server-time==2026.1.1; or blank for the sample server."
        )


if FAULTS := list(faults(ANSWERS)):
    sys.exit("\n".join(["Nothing was generated:", *(f"- {fault}" for fault in FAULTS)]))
