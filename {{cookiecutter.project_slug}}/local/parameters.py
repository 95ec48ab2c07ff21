"""The values of a template's parameters, held to the constraints that the template declares for them."""

import re
from collections.abc import Mapping
from typing import Any

from local.identifiers import text

# What the template leaves to whoever deploys it, and this stack has something for.
_HERE = {"TenantClaim": "tenant"}
_ANYBODY = "alice"


class ParameterError(ValueError):
    """A parameter is unknown, missing, or refused by the template."""


def evaluate(
    declared: Mapping[str, Mapping[str, Any]], overrides: Mapping[str, str], stand_ins: Mapping[str, str]
) -> dict[str, str]:
    """Return the text of every declared parameter: a stand-in, else an override, else its default.

    A stand-in takes the place of a value that exists on AWS alone, so it need not be declared and is not checked. The
    rules are CloudFormation's (user guide, "Parameters"): a pattern must match the whole value. Raises ParameterError.
    """
    unknown = sorted(set(overrides) - set(declared))
    if unknown:
        known = ", ".join(sorted(declared)) or "none"
        raise ParameterError(f"The template has no parameter {', '.join(unknown)}; it has {known}.")
    values = {}
    for name, declaration in declared.items():
        if name in stand_ins:
            values[name] = stand_ins[name]
        elif name in overrides or "Default" in declaration or name in _HERE:
            values[name] = overrides.get(name, text(declaration.get("Default", _HERE.get(name))))
            _check(name, values[name], declaration)
        else:
            raise ParameterError(f"Parameter {name} has no default: give it a value with --parameter {name}=…")
    return values


def tenant(values: Mapping[str, str]) -> str | None:
    """Return what names a tenant to the server: the first of the parameter Tenants, or any; None without tenants."""
    if "Tenants" not in values:
        return None
    item = values["Tenants"].split(",")[0]
    # VALUE=TENANT is named by its value.
    return item.rpartition("=")[0] or item or _ANYBODY


def _check(name: str, value: str, declaration: Mapping[str, Any]) -> None:
    items = [value]
    if "List" in declaration["Type"]:
        items = [item.strip() for item in value.split(",")]
    for item in items:
        reason = _refusal(item, declaration)
        if reason:
            hint = declaration.get("ConstraintDescription", "")
            raise ParameterError(f"Parameter {name} cannot be {item!r}: {reason}. {hint}".rstrip())


def _refusal(item: str, declaration: Mapping[str, Any]) -> str | None:
    allowed = [text(value) for value in declaration.get("AllowedValues", ())]
    pattern = declaration.get("AllowedPattern")
    if allowed and item not in allowed:
        return f"the template allows {', '.join(allowed)}"
    if pattern is not None and not re.fullmatch(pattern, item):
        return f"it does not match {pattern}"
    if not int(declaration.get("MinLength", 0)) <= len(item) <= int(declaration.get("MaxLength", len(item))):
        return "its length is out of bounds"
    return _no_number(item, declaration) if declaration["Type"] in {"Number", "List<Number>"} else None


def _no_number(item: str, declaration: Mapping[str, Any]) -> str | None:
    try:
        number = float(item)
    except ValueError:
        return "it is not a number"
    least, most = float(declaration.get("MinValue", number)), float(declaration.get("MaxValue", number))
    return None if least <= number <= most else f"it must be from {least:g} to {most:g}"
