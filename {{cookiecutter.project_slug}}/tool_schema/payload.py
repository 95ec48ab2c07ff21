"""The list of tools in template.yaml: reads it, and writes it without touching anything else."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

_KEY = "InlinePayload"

# PyYAML breaks a line after the word that passes the width, and the list is shifted to its place afterwards.
_WIDTH = 105


def current(template: str) -> list[dict[str, Any]]:
    """Return the items below `InlinePayload:` in the text of a template.

    Raises:
        ValueError: If there is not exactly one `InlinePayload:`, if it is not a list, or if the text is not YAML.
    """
    _, value = _entry(template)
    if not isinstance(value, yaml.SequenceNode):
        return []
    text = " " * value.start_mark.column + template[value.start_mark.index : _end(template, value)]
    items = yaml.safe_load(text)
    return [item if isinstance(item, dict) else {"Name": str(item)} for item in items]


def written(template: str, tools: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of a template with `tools` as the value of its `InlinePayload:`, every other byte as it was.

    Args:
        template: The text, whose value is `[]` or a list; its own line endings are used.
        tools: Items as `subset.gateway_tool` makes them.

    Raises:
        ValueError: If there is not exactly one `InlinePayload:`, if it is not a list, or if the text is not YAML.
    """
    key, value = _entry(template)
    colon = template.index(":", key.end_mark.index) + 1
    start, end = value.start_mark.index, _end(template, value)
    before, between, after = template[:colon], template[colon:start], template[end:]
    if not tools:
        return f"{before} []{between.rstrip()}{after}"
    newline = "\r\n" if "\r\n" in template else "\n"
    block = newline.join(_block(tools, " " * (key.start_mark.column + 2)))
    if "\n" in between:
        return before + between[: between.rindex("\n") + 1] + block + after
    comment, end_of_line, rest = after.partition("\n")
    return before + (between.rstrip() + comment).rstrip() + newline + block + (newline if end_of_line else "") + rest


def differing(present: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the tools that are missing, out of date, or no longer there; all of them in another order."""
    old, new = ({str(item.get("Name")): item for item in items} for items in (present, wanted))
    names = [name for name in {**new, **old} if old.get(name) != new.get(name)]
    return names or ([] if list(present) == list(wanted) else list(new))


def _entry(template: str) -> tuple[yaml.ScalarNode, yaml.Node]:
    try:
        found = list(_entries(yaml.compose(template, yaml.SafeLoader), set()))
    except yaml.YAMLError as error:
        raise ValueError(f"template.yaml is not valid YAML: {error}") from None
    if len(found) != 1:
        raise ValueError(
            f"template.yaml must have one `{_KEY}:`, below the ToolSchema of its target; it has {len(found)}."
        )
    key, value = found[0]
    if not isinstance(value, yaml.SequenceNode) and value.tag != "tag:yaml.org,2002:null":
        raise ValueError(f"`{_KEY}:` on line {key.start_mark.line + 1} of template.yaml must be a list, or [].")
    return key, value


def _entries(node: yaml.Node | None, seen: set[int]) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == _KEY:
                yield key, value
            else:
                yield from _entries(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _entries(item, seen)


def _end(template: str, node: yaml.Node) -> int:
    """Return where a value ends: PyYAML counts the comments and blank lines behind a block to it."""
    last = node
    while isinstance(last, yaml.CollectionNode) and not last.flow_style and last.value:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    return node.start_mark.index + len(template[node.start_mark.index : last.end_mark.index].rstrip())


class _Dumper(yaml.SafeDumper):
    """Block style with lists indented, and texts of several lines as they are written."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _represented(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # YAML's line breaks besides "\n" are escaped, so that shifting the lines to their place cannot change the text, and
    # so is the space around it, which ends where the list ends.
    escaped = re.search("[\r\x85\u2028\u2029]", text) or text != text.strip()
    style = '"' if escaped else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _represented)


def _block(tools: Sequence[Mapping[str, Any]], indentation: str) -> Iterator[str]:
    plain = [dict(tool) for tool in tools]
    text = yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH - len(indentation))
    for line in text.rstrip("\n").split("\n"):
        yield indentation + line if line else line
