"""IAM policies of the template, as far as they decide who may call a function.

Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements reference".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.identifiers import PSEUDO_PARAMETERS
from local.intrinsics import TemplateError

ACTION = "lambda:InvokeFunction"
ACCOUNT = PSEUDO_PARAMETERS["AWS::AccountId"]

# Of each operator, whether `*` and `?` in its values are wildcards.
_OPERATORS = {"StringEquals": False, "StringLike": True, "ArnEquals": True, "ArnLike": True}
_ELEMENTS = frozenset(["Sid", "Effect", "Action", "Resource", "Principal", "Condition"])


@dataclass(frozen=True)
class Statement:
    """A statement of a policy.

    `services` are the service principals that it names; `conditions` have a context key in lower case, and what
    matches its value.
    """

    allows: bool
    actions: re.Pattern[str]
    resources: re.Pattern[str]
    services: frozenset[str]
    conditions: tuple[tuple[str, re.Pattern[str]], ...]

    def applies(self, action: str, resource: str, context: Mapping[str, str]) -> bool:
        """Return whether the statement is about `action` on `resource`; `context` has its keys in lower case."""
        return (
            self.actions.fullmatch(action.lower()) is not None
            and self.resources.fullmatch(resource) is not None
            and all(key in context and pattern.fullmatch(context[key]) for key, pattern in self.conditions)
        )


def statements(document: Mapping[str, Any], where: str) -> list[Statement]:
    """Return the statements of a policy found at `where`; without `Resource`, as in a trust policy, one has any.

    Raises TemplateError for an element or a condition operator that is not evaluated here.
    """
    return [_statement(declared, where) for declared in _listed(document.get("Statement", []))]


def decided(found: Iterable[Statement], action: str, resource: str, context: Mapping[str, str]) -> bool | None:
    """Return whether the statements allow `action` on `resource`; False is a denial, None that they say nothing."""
    effects = {statement.allows for statement in found if statement.applies(action, resource, context)}
    return all(effects) if effects else None


def wildcards(patterns: Iterable[str]) -> re.Pattern[str]:
    """Return what matches any of `patterns`, in which `*` is any text and `?` any character."""
    found = (re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".") for pattern in patterns)
    return re.compile("|".join(found), re.DOTALL)


def _statement(declared: Mapping[str, Any], where: str) -> Statement:
    if unknown := sorted(declared.keys() - _ELEMENTS):
        raise TemplateError(f"{where} has a statement with {unknown[0]}, which is not evaluated here.")
    principal = declared.get("Principal", {})
    return Statement(
        allows=declared.get("Effect") == "Allow",
        actions=wildcards(action.lower() for action in _listed(declared.get("Action", []))),
        resources=wildcards(_listed(declared.get("Resource", "*"))),
        services=frozenset(_listed(principal.get("Service", [])) if isinstance(principal, Mapping) else []),
        conditions=tuple(_conditions(declared.get("Condition", {}), where)),
    )


def _conditions(declared: Mapping[str, Any], where: str) -> Iterable[tuple[str, re.Pattern[str]]]:
    for operator, tests in declared.items():
        if operator not in _OPERATORS:
            raise TemplateError(f"{where} has a condition {operator}, which is not evaluated here.")
        for key, values in tests.items():
            texts = [str(value) for value in _listed(values)]
            pattern = wildcards(texts) if _OPERATORS[operator] else re.compile("|".join(map(re.escape, texts)))
            yield key.lower(), pattern


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
