"""The page of every permission that any project has: by whom, for what, on which resource, under which condition."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from test_permissions import WHY, grants
from test_template import translated
from variants import TEMPLATES, Answers, facts

PAGE = Path(__file__).with_name("PERMISSIONS.md")
# What decides whether a project has a permission, and how the table calls it.
DECIDING = {
    "endpoint": "endpoint",
    "__authorization": "authorization",
    "tenancy": "tenancy",
    "__state": "state",
    "__server": "server",
    "__tools": "tools",
    "adapter": "adapter",
}


class Grant(NamedTuple):
    """An action that is allowed."""

    holder: str
    action: str
    resource: str
    condition: str


def plain(value: Any) -> str:
    """Return a value of a policy as a person would say it, without CloudFormation's functions."""
    match value:
        case {"Ref": name} | {"Fn::Sub": name}:
            return str(name)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"{name}.{attribute}"
        case list():
            return ", ".join(map(plain, value))
        case dict():
            return "; ".join(f"{name} {plain(inner)}" for name, inner in value.items())
    return str(value)


def grants_of(template: dict[str, Any]) -> Iterator[Grant]:
    for holder, action, statement in grants(template):
        yield Grant(holder, action, plain(statement["Resource"]), plain(statement.get("Condition", "")))


def where(holding: list[Answers]) -> str:
    """Return which answers, or facts derived from them, the templates have in common and the others have not."""
    values = {fact: {facts(answers)[fact] for answers in holding} for fact in DECIDING}

    def suiting(deciding: set[str]) -> list[Answers]:
        return [each for each in TEMPLATES if all(facts(each)[fact] in values[fact] for fact in deciding)]

    deciding = set(DECIDING)
    assert suiting(deciding) == holding
    for fact in reversed(DECIDING):
        if suiting(deciding - {fact}) == holding:
            deciding.remove(fact)
    said = [f"{name} {' or '.join(sorted(values[fact]))}" for fact, name in DECIDING.items() if fact in deciding]
    return ", ".join(said) or "every project"


def test_the_page_of_permissions_is_of_the_templates_that_there_are(baked: Callable[[Answers], Path]) -> None:
    holding: dict[Grant, list[Answers]] = {}
    for answers in TEMPLATES:
        for grant in dict.fromkeys(grants_of(translated(baked(answers)))):
            holding.setdefault(grant, []).append(answers)
    rows = ["| of | action | resource | condition | what for | where |", "|---|---|---|---|---|---|"]
    for grant in sorted(holding, key=lambda grant: (list(WHY).index(grant.holder), grant)):
        cells = [
            grant.holder,
            f"`{grant.action}`",
            f"`{grant.resource}`",
            f"`{grant.condition}`" if grant.condition else "",
            WHY[grant.holder][grant.action],
            where(holding[grant]),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    beginning = PAGE.read_text().partition("\n| ")[0]
    page = "\n".join([beginning, *rows, ""])
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(page)
    assert page == PAGE.read_text(), "if you mean what is allowed now: make permissions"
