"""One JSON Schema as a document: follows the references in it, and lists the alternatives that it allows."""

from collections.abc import Mapping
from typing import Any

from tool_schema.union import TYPES, is_null
from tool_schema.words import NOTES

Schema = Mapping[str, Any]


class Document:
    """A JSON Schema (2020-12, as pydantic writes it), which the references in it point into."""

    def __init__(self, root: Any) -> None:
        self._root = root

    def flat(self, schema: Any, seen: frozenset[str]) -> tuple[dict[str, Any], frozenset[str]]:
        """Return `schema` with what its `$ref` and `allOf` stand for put in place, and the references met so far.

        A reference into a schema that it is part of gives an object (or whatever it is) of which only the name is said.
        """
        if not isinstance(schema, Mapping):
            return {}, seen
        flat: dict[str, Any] = {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            target = self._target(reference)
            if reference in seen:
                name = reference.rpartition("/")[2].lstrip("#") or "the whole"
                kind = target.get("type") if isinstance(target, Mapping) else None
                flat = {"type": kind if kind in TYPES else "object", NOTES: [f"Nested {name}, not unfolded here."]}
            else:
                flat, seen = self.flat(target, seen | {reference})
        for part in list_at(schema, "allOf"):
            more, seen = self.flat(part, seen)
            flat = _merged(flat, more)
        return _merged(flat, {key: schema[key] for key in schema if key not in {"$ref", "allOf", NOTES}}), seen

    def _target(self, reference: str) -> Any:
        """Return what a JSON pointer such as `#/$defs/Order` points at; anything goes for one that leads nowhere."""
        target = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(target, Mapping) and key in target:
                target = target[key]
            elif isinstance(target, list) and key.isdecimal() and int(key) < len(target):
                target = target[int(key)]
            else:
                return {}
        return target if reference.startswith("#") else {}

    def options(self, flat: Schema, seen: frozenset[str]) -> list[tuple[dict[str, Any], frozenset[str]]]:
        """Return the alternatives that `flat` allows besides null, each with the references met on the way to it."""
        if kinds := list_at(flat, "type", str):
            return [({**flat, "type": kind}, seen) for kind in kinds if kind != "null"]
        found = []
        for option in (*list_at(flat, "anyOf"), *list_at(flat, "oneOf")):
            one, met = self.flat(option, seen)
            nested = self.options(one, met)
            if option is not False and not is_null(one):
                found.extend(nested or [(one, met)])
        return found


def _merged(one: Schema, other: Schema) -> dict[str, Any]:
    both = {**one, **other}
    if "properties" in one and "properties" in other:
        both["properties"] = {**mapping_at(one, "properties"), **mapping_at(other, "properties")}
    if "required" in one and "required" in other:
        both["required"] = [*list_at(one, "required"), *list_at(other, "required")]
    return both


def mapping_at(schema: Schema, key: str) -> Mapping[str, Any]:
    """Return the mapping at `key`, empty if there is none."""
    value = schema.get(key)
    return value if isinstance(value, Mapping) else {}


def list_at(schema: Schema, key: str, kind: type = object) -> list[Any]:
    """Return the items of `kind` in the list at `key`, empty if there is none."""
    value = schema.get(key)
    return [item for item in value if isinstance(item, kind)] if isinstance(value, list) else []
