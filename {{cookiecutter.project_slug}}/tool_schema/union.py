"""Finds the one type that stands for a schema, or for several that are allowed in one place."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tool_schema.words import NOTES, said, values

Schema = Mapping[str, Any]

TYPES = ("string", "number", "object", "array", "boolean", "integer")

_TELLING = {
    "object": ("properties", "required", "additionalProperties", "patternProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("minLength", "maxLength", "pattern", "format"),
}


def kind_of(schema: Schema) -> str:
    """Return the type of a schema without alternatives, deduced if it is not given: a string if nothing tells."""
    if schema.get("type") in TYPES:
        return str(schema["type"])
    if kinds := [_kind_of_value(value) for value in values(schema) or [] if value is not None]:
        return common_kind(kinds)
    return _told(schema) or "string"


def is_anything(schema: Schema) -> bool:
    """Return whether a schema without alternatives says nothing of the value's type."""
    return schema.get("type") not in TYPES and values(schema) is None and _told(schema) is None


def _told(schema: Schema) -> str | None:
    return next((kind for kind, keywords in _TELLING.items() if any(key in schema for key in keywords)), None)


def _kind_of_value(value: Any) -> str:
    python = {bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return python.get(type(value), "string")


def common_kind(kinds: Sequence[str]) -> str:
    """Return the type that admits most of `kinds`: the only one, a number for numbers, else a string, else the first.

    An argument that is a string or something else can be written as a string; where none of the types is a string, a
    string would be refused, and the first is the one that the author thought of first.
    """
    if set(kinds) == {"integer", "number"}:
        return "number"
    return "string" if "string" in kinds else kinds[0]


def is_null(schema: Any) -> bool:
    """Return whether only null is valid."""
    if not isinstance(schema, Mapping):
        return False
    return schema.get("type") in ("null", ["null"]) or values(schema) == [None]


def label(schema: Schema) -> str:
    """Return what a schema allows in a word or two, for a list of alternatives."""
    if allowed := [said(value) for value in values(schema) or [] if value is not None]:
        return ", ".join(allowed)
    kind = kind_of(schema)
    if kind == "object" and isinstance(schema.get("title"), str):
        return str(schema["title"])
    if kind == "string" and isinstance(schema.get("format"), str):
        return str(schema["format"])
    items = schema.get("items")
    if kind == "array" and isinstance(items, Mapping):
        of = items["type"] if items.get("type") in TYPES else str(items.get("$ref", "")).rpartition("/")[2]
        return f"array of {of}" if of else kind
    return "any JSON value" if is_anything(schema) else kind


def joined(around: Schema, options: Sequence[Schema]) -> dict[str, Any]:
    """Return one schema for several alternatives: what all of them say, and in `NOTES` that there are several.

    Objects become one object with the properties of all, required if all require them. What is said beside the
    alternatives, in `around`, goes before what one of them says.
    """
    if len(options) == 1:
        return {**around, **options[0], **{key: value for key, value in around.items() if key != "type"}}
    outer = {key: value for key, value in around.items() if key not in {"type", "enum", "const"}}
    allowed = [values(option) for option in options]
    if all(allowed):
        return {"enum": _distinct(value for some in allowed for value in some or []), **outer}
    typed = [{"type": around["type"], **option} if "type" in around else option for option in options]
    kind = common_kind([kind_of(option) for option in typed])
    alike = [option for option in typed if kind_of(option) == kind]
    parts: dict[str, Any] = {"type": kind}
    if kind == "object":
        parts |= _objects([around, *alike])
    elif kind == "array" and all(option.get("items") for option in alike):
        parts["items"] = _either([option["items"] for option in alike])
    labels = _distinct(label(option) for option in typed)
    notes = [f"Either of: {', '.join(labels)}."] if len(labels) > 1 else []
    return {**outer, **parts, NOTES: [*around.get(NOTES, []), *notes]}


def _objects(schemas: Sequence[Schema]) -> dict[str, Any]:
    around, *alternatives = schemas
    found: dict[str, list[Any]] = {}
    for schema in schemas:
        properties = schema.get("properties")
        for name, value in properties.items() if isinstance(properties, Mapping) else ():
            found.setdefault(name, []).append(value)
    needed = [schema["required"] if isinstance(schema.get("required"), list) else [] for schema in alternatives]
    always = [name for name in needed[0] if all(name in names for names in needed)]
    outer = around["required"] if isinstance(around.get("required"), list) else []
    return {"properties": {name: _either(some) for name, some in found.items()}, "required": [*outer, *always]}


def _either(schemas: Sequence[Any]) -> Any:
    distinct = _distinct(schemas)
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def _distinct(some: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for one in some:
        # By JSON text too, because Python holds 1 and True for equal.
        if not any(one == other and said(one) == said(other) for other in found):
            found.append(one)
    return found
