"""The tools in template.yaml are the server's own, in the words that an AgentCore Gateway has for them."""

from pathlib import Path
from typing import Any

import pytest

from tool_schema import listing
from tool_schema.payload import current, differing
from tool_schema.subset import gateway_tool

TEMPLATE = Path(__file__).parent.parent / "template.yaml"


def narrowed(schema: dict[str, Any], **definitions: Any) -> dict[str, Any]:
    """Return what becomes of a tool's one argument."""
    arguments = {"type": "object", "properties": {"argument": schema}, "$defs": definitions}
    tool = gateway_tool({"name": "tool", "inputSchema": arguments})
    argument: dict[str, Any] = tool["InputSchema"]["Properties"]["argument"]
    return argument


def test_template_yaml_lists_the_tools_that_the_server_has() -> None:
    wanted = [gateway_tool(tool) for tool in listing.tools()]
    changed = differing(current(TEMPLATE.read_text(encoding="utf-8")), wanted)
    assert not changed, f"template.yaml does not have these as the server has them: {changed}; run `make schema`"


def test_a_tool_keeps_its_name_and_description_and_the_order_of_its_arguments() -> None:
    arguments = {"type": "object", "properties": {"b": {"type": "integer"}, "a": {"type": "string"}}, "required": ["b"]}
    tool = gateway_tool({"name": "add", "title": "Add", "description": "Add it up.", "inputSchema": arguments})
    assert (tool["Name"], tool["Description"]) == ("add", "Add it up.")
    assert list(tool["InputSchema"]["Properties"]) == ["b", "a"]
    assert tool["InputSchema"]["Required"] == ["b"]


def test_what_the_gateway_has_no_keyword_for_is_said_in_the_description() -> None:
    minutes = {"type": "integer", "minimum": 1, "maximum": 1440, "default": 60, "description": "How far to look back"}
    assert narrowed(minutes) == {
        "Type": "integer",
        "Description": "How far to look back. 1 to 1440. Default: 60.",
    }
    assert narrowed({"enum": ["on", "off"]}) == {"Type": "string", "Description": "One of: on, off."}


def test_an_argument_that_may_be_null_is_described_as_what_it_is_otherwise() -> None:
    assert narrowed({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}) == {"Type": "string"}


def test_definitions_are_put_in_place_once_and_not_within_themselves() -> None:
    folder = {"type": "object", "properties": {"folders": {"type": "array", "items": {"$ref": "#/$defs/Folder"}}}}
    inner = {"Type": "object", "Description": "Nested Folder, not unfolded here."}
    assert narrowed({"$ref": "#/$defs/Folder"}, Folder=folder) == {
        "Type": "object",
        "Properties": {"folders": {"Type": "array", "Items": inner}},
    }


def test_a_name_that_the_gateway_could_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        gateway_tool({"name": "delete everything", "inputSchema": {"type": "object"}})
