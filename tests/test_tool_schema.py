"""The tools of a Gateway target: narrowed to what CloudFormation takes, and written without touching anything else."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import cfnlint.data.schemas
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, ValidationError  # type: ignore[import-untyped]
from mcp import Client
from mcp.server.mcpserver import MCPServer
from pydantic import BaseModel, Field

from tool_schema.payload import current, differing, written
from tool_schema.subset import gateway_tool
from variants import TEMPLATE

_KEY, _, SAMPLES = (TEMPLATE / "variants/endpoint/agentcore-gateway/tools/samples.yaml").read_text().partition("\n")


def provider_schema(resource: str) -> dict[str, Any]:
    """Return what CloudFormation accepts as a resource, from cfn-lint's copy: regions map its name to a file."""
    folder = Path(cfnlint.data.schemas.__file__).parent
    files = json.loads((folder / "providers/us-east-1.json").read_text())
    schema: dict[str, Any] = json.loads((folder / f"resources/{files[resource]}.json").read_text())
    return schema


# cfn-lint itself does not look into the target when its LambdaArn is an intrinsic function.
TARGET = provider_schema("AWS::BedrockAgentCore::GatewayTarget")
TOOL_DEFINITION = Draft7Validator({"definitions": TARGET["definitions"], "$ref": "#/definitions/ToolDefinition"})


class State(Enum):
    ON = "on"
    OFF = "off"


class Address(BaseModel):
    """Where it is sent."""

    street: str
    zip_code: Annotated[str, Field(pattern=r"^\d{5}$")]


class Folder(BaseModel):
    name: str
    folders: list["Folder"] = []


class Cat(BaseModel):
    kind: Literal["cat"]
    name: str
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str
    friend: Cat | None = None


class Left(BaseModel):
    right: "Right | None" = None


class Right(BaseModel):
    left: list[Left]


def stress(  # noqa: PLR0913, PLR0917
    optional: str | None,
    state: State,
    address: Address,
    tree: Folder,
    sides: Left,
    pet: Annotated[Cat | Dog, Field(discriminator="kind", description="Which one")],
    one_or_many: Address | list[Address],
    counts: dict[str, int],
    anything: Any,
    point: tuple[float, int],
    labelled: tuple[str, int],
    when: datetime,
    day: date,
    key: UUID,
    price: Decimal,
    tags: Annotated[list[str], Field(min_length=1, max_length=1)],
    chosen: set[Literal["a", "b"]],
    ratio: Annotated[float, Field(gt=0, lt=1)],
    minutes: Annotated[int, Field(ge=1, le=1440, description="How far to look back")] = 60,
    name: Annotated[str | None, Field(min_length=1, max_length=64)] = None,
    step: Annotated[int, Field(multiple_of=5)] = 5,
    flag: bool = False,
    auto: Literal["auto"] | int = "auto",
    greeting: str = "",
) -> str:
    """Take everything."""
    return ""


async def listed(*functions: Callable[..., Any]) -> list[dict[str, Any]]:
    server = MCPServer("stress")
    for function in functions:
        server.add_tool(function)
    async with Client(server) as client:
        tools = (await client.list_tools()).tools
    return [tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in tools]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_cloudformation_takes_every_sample() -> None:
    tools = yaml.safe_load(SAMPLES)
    assert {tool["Name"] for tool in tools} >= {"list_ec2_instances", "scan_log_group"}
    for tool in tools:
        TOOL_DEFINITION.validate(tool)


@pytest.mark.parametrize("keyword", ["Enum", "Default", "AnyOf", "type"])
def test_a_keyword_that_cloudformation_does_not_take_would_be_found(keyword: str) -> None:
    tool = yaml.safe_load(SAMPLES)[0]
    tool["InputSchema"]["Properties"]["state"][keyword] = ["running"]
    with pytest.raises(ValidationError, match=keyword):
        TOOL_DEFINITION.validate(tool)


def test_a_description_does_not_depend_on_how_python_keeps_docstrings() -> None:
    kept, stripped = "First.\n\n        Second.\n        ", "First.\n\nSecond."
    described = [gateway_tool({"name": "tool", "description": text, "inputSchema": {}}) for text in (kept, stripped)]
    assert described[0] == described[1]


@pytest.mark.anyio
async def test_what_pydantic_writes_is_narrowed_and_said() -> None:
    (wire,) = await listed(stress)
    tool = gateway_tool(wire)
    TOOL_DEFINITION.validate(tool)
    assert tool["Description"] == "Take everything."
    assert "outputSchema" in wire
    assert set(tool) == {"Name", "Description", "InputSchema"}
    arguments = tool["InputSchema"]["Properties"]
    assert list(arguments) == list(wire["inputSchema"]["properties"])
    assert tool["InputSchema"]["Required"] == wire["inputSchema"]["required"]
    address = {
        "Type": "object",
        "Description": "Where it is sent.",
        "Properties": {
            "street": {"Type": "string"},
            "zip_code": {"Type": "string", "Description": r"Matches `^\d{5}$`."},
        },
        "Required": ["street", "zip_code"],
    }
    expected: dict[str, Any] = {
        "optional": {"Type": "string"},
        "state": {"Type": "string", "Description": "One of: on, off."},
        "address": address,
        "tree": {
            "Type": "object",
            "Properties": {
                "name": {"Type": "string"},
                "folders": {
                    "Type": "array",
                    "Description": "Default: [].",
                    "Items": {"Type": "object", "Description": "Nested Folder, not unfolded here."},
                },
            },
            "Required": ["name"],
        },
        "sides": {
            "Type": "object",
            "Properties": {
                "right": {
                    "Type": "object",
                    "Properties": {
                        "left": {
                            "Type": "array",
                            "Items": {"Type": "object", "Description": "Nested Left, not unfolded here."},
                        }
                    },
                    "Required": ["left"],
                }
            },
        },
        "pet": {
            "Type": "object",
            "Description": "Which one. Either of: Cat, Dog.",
            "Properties": {
                "kind": {"Type": "string", "Description": "One of: cat, dog."},
                "name": {"Type": "string"},
                "lives": {"Type": "integer", "Description": "Default: 9."},
                "friend": {"Type": "object", "Description": "Nested Cat, not unfolded here."},
            },
            "Required": ["kind", "name"],
        },
        "one_or_many": {**address, "Description": "Either of: Address, array of Address."},
        "counts": {"Type": "object", "Description": "Any keys, each with a value of type integer."},
        "anything": {"Type": "string", "Description": "Any JSON value."},
        "point": {
            "Type": "array",
            "Description": "In order: number, integer. Exactly 2 items.",
            "Items": {"Type": "number"},
        },
        "labelled": {
            "Type": "array",
            "Description": "In order: string, integer. Exactly 2 items.",
            "Items": {"Type": "string"},
        },
        "when": {"Type": "string", "Description": "Date and time, such as 2026-01-31T09:30:00Z."},
        "day": {"Type": "string", "Description": "Date, such as 2026-01-31."},
        "key": {"Type": "string", "Description": "UUID."},
        "tags": {"Type": "array", "Description": "Exactly 1 item.", "Items": {"Type": "string"}},
        "chosen": {
            "Type": "array",
            "Description": "No item twice.",
            "Items": {"Type": "string", "Description": "One of: a, b."},
        },
        "ratio": {"Type": "number", "Description": "More than 0. Less than 1."},
        "minutes": {"Type": "integer", "Description": "How far to look back. 1 to 1440. Default: 60."},
        "name": {"Type": "string", "Description": "1 to 64 characters."},
        "step": {"Type": "integer", "Description": "A multiple of 5. Default: 5."},
        "flag": {"Type": "boolean", "Description": "Default: false."},
        "auto": {"Type": "string", "Description": "Either of: auto, integer. Default: auto."},
        "greeting": {"Type": "string", "Description": 'Default: "".'},
    }
    assert arguments.pop("price")["Type"] in {"number", "string"}
    assert arguments == expected


def narrowed(schema: Any, **document: Any) -> dict[str, Any]:
    """Return what becomes of a tool's one argument."""
    tool = gateway_tool({"name": "t", "inputSchema": {"properties": {"argument": schema}, **document}})
    argument: dict[str, Any] = tool["InputSchema"]["Properties"]["argument"]
    return argument


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (True, {"Type": "string", "Description": "Any JSON value."}),
        ({"title": "Any"}, {"Type": "string", "Description": "Any JSON value."}),
        ({"type": ["integer", "null"]}, {"Type": "integer"}),
        ({"type": ["integer", "string"]}, {"Type": "string", "Description": "Either of: integer, string."}),
        ({"const": 3}, {"Type": "integer", "Description": "Always 3."}),
        ({"enum": [1, 2.5, None]}, {"Type": "number", "Description": "One of: 1, 2.5."}),
        ({"enum": ["", "a, b"]}, {"Type": "string", "Description": 'One of: "", "a, b".'}),
        ({"oneOf": [{"const": "a"}, {"const": "b"}]}, {"Type": "string", "Description": "One of: a, b."}),
        (
            {"anyOf": [{"type": "boolean"}, {"type": "array"}]},
            {"Type": "boolean", "Description": "Either of: boolean, array."},
        ),
        (
            {"anyOf": [{"type": "integer"}, {"type": "number"}]},
            {"Type": "number", "Description": "Either of: integer, number."},
        ),
        ({"anyOf": [{"anyOf": [{"type": "string"}, {"type": "null"}]}, False]}, {"Type": "string"}),
        ({"minimum": 1}, {"Type": "number", "Description": "At least 1."}),
        ({"maxLength": 1}, {"Type": "string", "Description": "At most 1 character."}),
        ({"properties": {"a": False, "b": {"type": "null"}}, "required": ["a", "c"]}, {"Type": "object"}),
        ({"items": True}, {"Type": "array"}),
        ({"$ref": "#/nowhere"}, {"Type": "string", "Description": "Any JSON value."}),
        ({"$ref": "https://example.com/schema"}, {"Type": "string", "Description": "Any JSON value."}),
        ({"type": "string", "format": "ipv4"}, {"Type": "string", "Description": "Format: ipv4."}),
        ({"type": "string", "default": "é!"}, {"Type": "string", "Description": 'Default: "é!".'}),
        ({"type": "string", "default": "x" * 81}, {"Type": "string"}),
        (
            {"type": "string", "description": "Which?", "default": "x"},
            {"Type": "string", "Description": "Which? Default: x."},
        ),
        (
            {"allOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "string"}}}]},
            {"Type": "object", "Properties": {"a": {"Type": "string"}, "b": {"Type": "string"}}},
        ),
        (
            {"anyOf": [{"type": "array", "items": {"const": 1}}, {"type": "array", "items": {"const": True}}]},
            {"Type": "array", "Items": {"Type": "integer", "Description": "One of: 1, true."}},
        ),
    ],
    ids=json.dumps,
)
def test_json_schema_is_narrowed_to_its_sense(schema: Any, expected: dict[str, Any]) -> None:
    assert narrowed(schema) == expected


def test_an_alternative_that_is_not_chosen_does_not_hide_what_the_chosen_one_holds() -> None:
    order = {"type": "object", "properties": {"id": {"type": "string"}}}
    either = {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Order"}}, {"$ref": "#/$defs/Order"}]}
    assert narrowed(either, **{"$defs": {"Order": order}})["Items"]["Properties"] == {"id": {"Type": "string"}}


def test_a_very_deep_schema_ends() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(40):
        schema = {"type": "object", "properties": {"a": schema}}
    text = json.dumps(narrowed(schema))
    assert text.count("Properties") < 15
    assert "What is in it is left out here." in text


@pytest.mark.parametrize(
    ("tool", "description"),
    [
        ({"description": "Do it.", "title": "Do"}, "Do it."),
        ({"description": " ", "title": "Do"}, "Do"),
        ({}, "do"),
    ],
)
def test_a_tool_always_has_a_description_and_an_object_for_its_arguments(
    tool: dict[str, str], description: str
) -> None:
    assert gateway_tool({"name": "do", "inputSchema": {"type": "string"}, **tool}) == {
        "Name": "do",
        "Description": description,
        "InputSchema": {"Type": "object", "Properties": {}},
    }


@pytest.mark.parametrize("name", ["", "a b", "a/b", "é", "a\n", "a" * 121])
def test_a_name_that_the_gateway_could_not_take_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must be 1 to 120 letters, digits"):
        gateway_tool({"name": name, "inputSchema": {"type": "object"}})


KEYWORDS = [
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maximum",
    "maxItems",
    "maxLength",
    "minimum",
    "minItems",
    "minLength",
    "multipleOf",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "required",
    "title",
    "type",
    "uniqueItems",
    "x-notes",
    "$ref",
    "$defs",
]
WORDS = st.sampled_from(
    ["string", "integer", "object", "array", "null", "date", "A", "#", "#/$defs/A", "#/$defs/B", "#/properties/A", ""]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYWORDS, "A", "B"]), inner, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "anyOf", "items", "properties", "$ref", "enum"]), inner, max_size=4)
    ),
    max_leaves=25,
)


@given(schema=VALUES, definitions=st.dictionaries(st.sampled_from(["A", "B"]), VALUES))
def test_whatever_a_server_lists_is_narrowed_into_the_subset_and_survives_the_template(
    schema: Any, definitions: dict[str, Any]
) -> None:
    document = {"properties": {"A": schema}, "required": ["A"], "$defs": definitions}
    for root in (schema, document):
        tool = gateway_tool({"name": "t", "inputSchema": root})
        TOOL_DEFINITION.validate(tool)
        assert tool["InputSchema"]["Type"] == "object"
        assert gateway_tool({"name": "t", "inputSchema": root}) == tool
        assert current(written(EMPTY, [tool])) == [tool]


HEAD = """\
# InlinePayload: is not here
Resources:
  GatewayTarget:  # é
    Type: AWS::BedrockAgentCore::GatewayTarget
    Properties:
      Description: "InlinePayload: neither here"
      TargetConfiguration:
        Mcp:
          Lambda:
            LambdaArn: !Ref McpFunction.Alias
            ToolSchema:
              # Generated from the server's own tools: make schema
              InlinePayload:"""
TAIL = """

  # What follows the list.
  Other:   {Type: "AWS::SNS::Topic"}   \nOutputs:
      Url: {Value: !GetAtt Gateway.GatewayUrl}"""
EMPTY = f"{HEAD} []{TAIL}"
FULL = f"{HEAD}\n{SAMPLES.rstrip()}{TAIL}"
TOOLS = yaml.safe_load(SAMPLES)


def test_the_samples_stand_in_the_template_as_the_command_writes_them() -> None:
    assert written(EMPTY, TOOLS) == FULL
    assert SAMPLES.startswith("                - Name: ")
    assert SAMPLES.endswith("\n")
    assert not SAMPLES.endswith("\n\n")
    assert max(map(len, SAMPLES.splitlines())) <= 120


def test_writing_the_same_tools_changes_nothing() -> None:
    assert written(FULL, TOOLS) == FULL
    assert written(FULL, []) == EMPTY
    assert current(EMPTY) == []
    assert current(FULL) == TOOLS


@pytest.mark.parametrize(
    "head",
    [
        "a:\n  InlinePayload:",
        "a:\n  InlinePayload: []",
        "a:\n  InlinePayload: [{Name: old}]",
        "a:\n  InlinePayload:\n  - Name: old\n    Description: |\n      # no comment\n",
        'a:\n  "InlinePayload" : [\n    ]',
    ],
)
@pytest.mark.parametrize("tail", ["", "\n", "  # why\n", "\n\n  # why\n  b: 1\nc: 2  # end"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_the_list_is_replaced(head: str, tail: str, newline: str) -> None:
    tools = [{"Name": "new", "Description": "1st line: x\n\n# 2nd"}]
    before = (head + tail).replace("\n", newline)
    after = written(before, tools)
    assert current(after) == tools
    assert written(after, tools) == after
    assert differing(current(after), tools) == []
    assert "old" not in after
    assert {key: value for key, value in yaml.safe_load(after).items() if key != "a"} == (
        {"c": 2} if "c: 2" in tail else {}
    )
    assert after.count("# why") == before.count("# why")
    assert after.count("\r\n") == (after.count("\n") if newline == "\r\n" and newline in before else 0)


def test_a_comment_above_the_list_stays() -> None:
    template = "InlinePayload:  # one\n  # two\n  - Name: old\n"
    assert written(template, [{"Name": "new"}]) == "InlinePayload:  # one\n  # two\n  - Name: new\n"
    assert written(template, []) == "InlinePayload: []  # one\n  # two\n"
    assert written("InlinePayload: []  # one\n", [{"Name": "new"}]) == "InlinePayload:  # one\n  - Name: new\n"


@pytest.mark.parametrize(
    "text", ["yes", "1.5", "a: b", "# c", "- d", "é", "e\u2028e", "\x85", "f\r\ng", " h ", "i\n  j\n", "{{k}}"]
)
def test_every_text_is_quoted_as_yaml_needs_it(text: str) -> None:
    tools = [{"Name": "t", "InputSchema": {"Properties": {text: {"Type": "string", "Description": text}}}}]
    assert current(written(EMPTY, tools)) == tools


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("Resources: {}", "must have one `InlinePayload:`, below the ToolSchema of its target; it has 0"),
        ("", "it has 0"),
        ("a: {InlinePayload: []}\nb: [{InlinePayload: []}]", "it has 2"),
        ("a: 1\nInlinePayload: tools.json", "on line 2 of template.yaml must be a list"),
        ("InlinePayload: {a: 1}", "must be a list"),
        ("a: [", "is not valid YAML"),
    ],
)
def test_a_template_without_one_place_for_the_list_is_refused(template: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        written(template, TOOLS)
    with pytest.raises(ValueError, match=sentence):
        current(template)


def test_what_differs_is_named() -> None:
    one, two, other = {"Name": "one"}, {"Name": "two"}, {"Name": "two", "Description": "new"}
    assert differing([one, two], [one, two]) == []
    assert differing([one, two], [one, other]) == ["two"]
    assert differing([one], [one, two]) == ["two"]
    assert differing([one, two], [one]) == ["two"]
    assert differing([one, two], [two, one]) == ["two", "one"]


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an empty list, whose server has two tools."""
    shutil.copytree(TEMPLATE / "tool_schema", tmp_path / "tool_schema")
    (tmp_path / "template.yaml").write_text(EMPTY)
    serve(tmp_path, {"name": "add", "description": "Add."}, {"name": "drop", "description": "Drop."})
    return tmp_path


def serve(project: Path, *tools: dict[str, Any]) -> None:
    wire = [{"inputSchema": {"type": "object"}, **tool} for tool in tools]
    noisy = (
        "import logging\nlogging.basicConfig(level=20)\ndef tools():\n    logging.info('noise')\n    print('noise')\n"
    )
    (project / "tool_schema/listing.py").write_text(f"{noisy}    return {wire!r}\n")


def command(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-m", "tool_schema", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_says_in_one_line_what_it_did(project: Path) -> None:
    first = command(project)
    assert (first.stdout, first.stderr) == ("template.yaml: 2 tools, 2 changed: add, drop\n", "")
    assert command(project).stdout == "template.yaml is up to date\n"
    serve(project, {"name": "add", "description": "Add two numbers."}, {"name": "drop", "description": "Drop."})
    assert command(project).stdout == "template.yaml: 2 tools, 1 changed: add\n"
    assert "Description: Add two numbers." in (project / "template.yaml").read_text()


def test_check_changes_nothing_and_fails_with_the_names(project: Path) -> None:
    found = command(project, "--check")
    assert found.returncode == 1
    assert "add, drop" in found.stderr
    assert "run `make schema`" in found.stderr
    assert (project / "template.yaml").read_text() == EMPTY
    assert command(project).returncode == 0
    assert command(project, "--check").returncode == 0


def test_if_missing_writes_only_an_empty_list(project: Path) -> None:
    assert command(project, "--if-missing").stdout == "template.yaml: 2 tools, 2 changed: add, drop\n"
    kept = (project / "template.yaml").read_text()
    serve(project, {"name": "other"})
    assert command(project, "--if-missing").stdout == ""
    assert (project / "template.yaml").read_text() == kept


def test_what_cannot_be_done_is_one_sentence(project: Path) -> None:
    serve(project, {"name": "no spaces"})
    assert command(project).stderr.startswith("The tool name 'no spaces' must be")
    (project / "template.yaml").write_text("Resources: {}\n")
    failed = command(project)
    assert failed.returncode == 1
    assert failed.stderr.startswith("template.yaml must have one")
    (project / "template.yaml").unlink()
    assert "template.yaml" in command(project).stderr


IN_PROCESS = """\
from mcp.server.mcpserver import MCPServer
def build_server():
    server = MCPServer("s")
    server.add_tool(lambda x: x, name="echo", title="Echo")
    return server
"""


def test_the_tools_come_from_the_server_itself(project: Path) -> None:
    shutil.copy(TEMPLATE / "variants/listing/in-process.py", project / "tool_schema/listing.py")
    (project / "src").mkdir()
    assert command(project).stderr == "There is no src/server.py on the path: run `make schema` in the project.\n"
    (project / "src/server.py").write_text(IN_PROCESS)
    done = command(project)
    assert done.stdout == "template.yaml: 1 tool, 1 changed: echo\n", done.stderr
    assert done.stderr == ""
    (tool,) = current((project / "template.yaml").read_text())
    assert list(tool["InputSchema"]["Properties"]) == ["x"]
    (project / "src/server.py").write_text("import nonesuch\n")
    failed = command(project)
    assert failed.returncode == 1
    assert "line 1, in <module>" in failed.stderr
    assert failed.stderr.endswith("(ModuleNotFoundError: No module named 'nonesuch').\n")
