"""Says in a description what JSON Schema has keywords for and the Gateway's schema has not."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

# The key under which a schema carries sentences for its description until they are written; JSON Schema has none such.
NOTES = "x-notes"

_FORMATS = {
    "date": "Date, such as 2026-01-31.",
    "date-time": "Date and time, such as 2026-01-31T09:30:00Z.",
    "duration": "ISO 8601 duration, such as PT15M.",
    "email": "Email address.",
    "time": "Time of day, such as 09:30:00Z.",
    "uri": "URL.",
    "uuid": "UUID.",
}

# A longer default tells the model less than it costs in every prompt that lists the tool.
_LONGEST_DEFAULT = 80


def said(value: Any) -> str:
    """Return a JSON value as a description says it: plain words bare, everything else as JSON."""
    if isinstance(value, str) and re.fullmatch(r"\w([\w ./:@+-]*\w)?", value):
        return value
    return json.dumps(value, ensure_ascii=False)


def values(schema: Mapping[str, Any]) -> list[Any] | None:
    """Return the values that `enum` or `const` allows, None among them if null is; None if neither is there."""
    if isinstance(schema.get("enum"), list):
        return list(schema["enum"])
    return [schema["const"]] if "const" in schema else None


def described(schema: Mapping[str, Any], kind: str, notes: list[str]) -> str | None:
    """Return the schema's description with `notes` and its constraints behind it, or None if there is nothing to say.

    Args:
        schema: A schema without `$ref`, `allOf`, `anyOf` and `oneOf`.
        kind: The type that the Gateway is told; constraints of other types would only confuse.
        notes: What only the caller knows, as sentences.
    """
    own = schema.get("description")
    text = own.strip() if isinstance(own, str) else ""
    sentences = [*_allowed(schema), *notes, *_constraints(schema, kind), *_default(schema)]
    if text and sentences and text[-1] not in ".!?:;":
        text += "."
    return " ".join([text, *sentences]).strip() or None


def _allowed(schema: Mapping[str, Any]) -> Iterator[str]:
    allowed = [said(value) for value in values(schema) or [] if value is not None]
    if len(allowed) == 1:
        yield f"Always {allowed[0]}."
    elif allowed:
        yield f"One of: {', '.join(allowed)}."


def _constraints(schema: Mapping[str, Any], kind: str) -> Iterator[str]:
    if kind in {"integer", "number"}:
        yield from _range(schema.get("minimum"), schema.get("maximum"), "")
        if _is_number(schema.get("exclusiveMinimum")):
            yield f"More than {said(schema['exclusiveMinimum'])}."
        if _is_number(schema.get("exclusiveMaximum")):
            yield f"Less than {said(schema['exclusiveMaximum'])}."
        if _is_number(schema.get("multipleOf")):
            yield f"A multiple of {said(schema['multipleOf'])}."
    elif kind == "string":
        yield from _range(schema.get("minLength"), schema.get("maxLength"), "character")
        if isinstance(schema.get("format"), str):
            yield _FORMATS.get(schema["format"], f"Format: {schema['format']}.")
        if isinstance(schema.get("pattern"), str):
            yield f"Matches `{schema['pattern']}`."
    elif kind == "array":
        yield from _range(schema.get("minItems"), schema.get("maxItems"), "item")
        if schema.get("uniqueItems") is True:
            yield "No item twice."


def _range(least: Any, most: Any, unit: str) -> Iterator[str]:
    if _is_number(least) and _is_number(most):
        yield f"Exactly {_counted(least, unit)}." if least == most else f"{said(least)} to {_counted(most, unit)}."
    elif _is_number(least):
        yield f"At least {_counted(least, unit)}."
    elif _is_number(most):
        yield f"At most {_counted(most, unit)}."


def _counted(number: float, unit: str) -> str:
    return f"{said(number)} {unit}{'' if number == 1 else 's'}" if unit else said(number)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _default(schema: Mapping[str, Any]) -> Iterator[str]:
    # That an argument may be left out is said by its not being required; null adds nothing to that.
    if schema.get("default") is not None and len(default := said(schema["default"])) <= _LONGEST_DEFAULT:
        yield f"Default: {default}."
