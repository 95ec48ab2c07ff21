"""Narrows an MCP tool to what a Gateway's Lambda target can say of one: types, properties, items, descriptions.

The rules are those of CloudFormation's `AWS::BedrockAgentCore::GatewayTarget`, ToolDefinition and SchemaDefinition,
and of "AWS Lambda function targets" in the AgentCore developer guide (gateway-add-target-lambda).
"""

import re
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Any

from tool_schema.document import Document, list_at, mapping_at
from tool_schema.union import is_anything, is_null, joined, kind_of, label
from tool_schema.words import NOTES, described

Schema = Mapping[str, Any]

# AWS publishes no pattern for the name, so this is MCP's own (specification, Server features, Tools: 128 letters,
# digits, "_", "-" and "."), less the "tools___" that the Gateway puts before it.
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,120}")

# Schemas below this level are named and not unfolded, so that types that hold each other stay readable.
_DEEPEST = 10


def gateway_tool(tool: Schema) -> dict[str, Any]:
    """Return one tool as an item of a GatewayTarget's `InlinePayload`.

    There is never an `OutputSchema`. The Gateway may hold what the function returns against it (README of awslabs'
    run-mcp-servers-with-aws-lambda), and that is a whole MCP result, of which the tool's own output schema describes
    one field. The subset cannot say null either, which pydantic models return for what is absent; and MCP clients
    refuse a result that does not keep to a published schema.

    Args:
        tool: A tool as `tools/list` returns it: `name`, `inputSchema`, and perhaps `title` and `description`.

    Returns:
        `Name`, `Description` and `InputSchema`, which is always an object with `Properties`. A schema has `Type` and,
        where there is something to say, `Description`, `Properties`, `Required` and `Items`. Properties keep the
        order in which the server lists them.

    Raises:
        ValueError: If the Gateway could not take the tool's name.
    """
    name = str(tool["name"])
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"The tool name {name!r} must be 1 to 120 letters, digits, underscores, hyphens and dots for the Gateway."
        )
    # A docstring keeps the indentation of its source before Python 3.13, and the schema must not depend on that.
    texts = [cleandoc(str(tool.get(key) or "")).strip() for key in ("description", "title")]
    schema = tool.get("inputSchema")
    narrowed = _narrowed(Document(schema), schema)
    if narrowed["Type"] != "object":
        narrowed = {"Type": "object"}
    order: dict[str, Any] = {"Type": "object", "Description": narrowed.get("Description"), "Properties": {}}
    return {
        "Name": name,
        "Description": next(filter(None, texts), name),
        "InputSchema": {key: value for key, value in (order | narrowed).items() if value is not None},
    }


def _narrowed(document: Document, schema: Any, seen: frozenset[str] = frozenset(), depth: int = 0) -> dict[str, Any]:
    """Return the SchemaDefinition of `schema`, met inside the references `seen` at nesting level `depth`."""
    flat, seen = document.flat(schema, seen)
    alternatives = document.options(flat, seen)
    if alternatives:
        around = {key: value for key, value in flat.items() if key not in {"anyOf", "oneOf"}}
        flat = joined(around, [option for option, _ in alternatives])
    kind = kind_of(flat)
    # What was met on the way to an alternative that is dropped may still be unfolded.
    seen = seen.union(*(met for option, met in alternatives if kind_of(option) == kind))
    notes = list(flat.get(NOTES, []))
    if is_anything(flat):
        notes.append("Any JSON value.")
    parts: dict[str, Any] = {}
    if depth == _DEEPEST and kind in {"array", "object"}:
        notes.append("What is in it is left out here.")
    elif kind == "object":
        notes.extend(_map_note(document, flat, seen))
        parts = _object(document, flat, seen, depth + 1)
    elif kind == "array":
        prefix = list_at(flat, "prefixItems")
        if prefix:
            notes.append(f"In order: {', '.join(label(document.flat(item, seen)[0]) for item in prefix)}.")
        parts = _array(document, flat, prefix, seen, depth + 1)
    description = described(flat, kind, notes)
    return {"Type": kind, **({"Description": description} if description else {}), **parts}


def _object(document: Document, flat: Schema, seen: frozenset[str], depth: int) -> dict[str, Any]:
    properties = {
        name: _narrowed(document, value, seen, depth)
        for name, value in mapping_at(flat, "properties").items()
        # Neither is of use in a call: no value is right for the one, and only null for the other.
        if value is not False and not is_null(value)
    }
    required = [name for name in dict.fromkeys(list_at(flat, "required", str)) if name in properties]
    return {
        **({"Properties": properties} if properties else {}),
        **({"Required": required} if required else {}),
    }


def _array(document: Document, flat: Schema, prefix: list[Any], seen: frozenset[str], depth: int) -> dict[str, Any]:
    if prefix:
        items = _narrowed(document, {"anyOf": prefix}, seen, depth)
        # Which item is of which type is said once, of the array.
        items.pop("Description", None)
        return {"Items": items}
    # An array of anything has no Items: there is no Type that says anything.
    rest = mapping_at(flat, "items")
    return {"Items": _narrowed(document, rest, seen, depth)} if rest else {}


def _map_note(document: Document, flat: Schema, seen: frozenset[str]) -> Iterator[str]:
    for value in (flat.get("additionalProperties"), *mapping_at(flat, "patternProperties").values()):
        if isinstance(value, Mapping) and value:
            yield f"Any keys, each with a value of type {label(document.flat(value, seen)[0])}."
            return
