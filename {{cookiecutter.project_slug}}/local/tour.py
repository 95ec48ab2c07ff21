"""A tour of an MCP server by the official client: what it has, and what it answers where nothing need be filled in."""

import json
import sys
import textwrap
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import httpx2
from mcp import Client
from mcp.client import Transport
from mcp.shared.metadata_utils import get_display_name
from mcp.types import CallToolResult, Prompt, Resource, ResourceTemplate, TextContent, TextResourceContents, Tool

WIDTH = 100
ANSWER_LINES = 6
ANSWER_SECONDS = 60

_T = TypeVar("_T")

NoteRefusal = Callable[[httpx2.Response], Awaitable[None]]
# How to reach a server; whoever speaks HTTP gives each response to the argument.
Connect = Callable[[NoteRefusal], AbstractAsyncContextManager[Transport]]


class _EndlessListError(Exception):
    """The server names a page as the one that follows it."""

    def __str__(self) -> str:
        return str(self.__doc__)


class _Report:
    """What is printed, and which steps have failed; the secret is never printed, whoever sends it back."""

    def __init__(self, secret: str) -> None:
        self.failed: list[str] = []
        self._secret = secret
        self._refusal = ""

    def say(self, text: str, *, indent: int = 0, lines: int = 1) -> None:
        """Print at most so many lines, without the characters by which a server could drive the terminal."""
        shown: list[str] = []
        for line in text.replace(self._secret, "[secret]").splitlines():
            shown += textwrap.wrap("".join(char if char.isprintable() else " " for char in line), WIDTH - indent)
        if len(shown) > lines:
            shown[lines - 1 :] = [f"{shown[lines - 1][: WIDTH - indent - 4]} ..."]
        encoding = sys.stdout.encoding or "utf-8"
        for line in shown:
            print(" " * indent + line.encode(encoding, "replace").decode(encoding))

    def section(self, title: str, items: Sequence[object]) -> None:
        print()
        self.say(f"{title} ({len(items)})")

    def fail(self, step: str, reason: str) -> None:
        self.failed.append(step)
        self.say(f"FAILED{self._refusal}: {reason or 'no reason given'}", indent=6, lines=ANSWER_LINES)

    async def attempt(self, step: str, answer: Awaitable[_T]) -> _T | None:
        self._refusal = ""
        try:
            return await answer
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the server's answer, and the tour goes on
            self.fail(step, "; ".join(_reasons(error)))
            return None

    async def note_refusal(self, response: httpx2.Response) -> None:
        """Remember the status of an HTTP error, which the client's own exceptions do not tell."""
        if response.is_error:
            self._refusal = f" (HTTP {response.status_code})"


async def tour(connect: Connect, secret: str) -> int:
    """Show a server: print what it has, call what is harmless and read what is static.

    Only tools that say they are read-only and require no argument are called. Returns the exit status: 0 if everything
    answered without an error, else 1 with the failed steps named in the last line. A server that misbehaves or cannot
    be reached raises nothing, and `secret`, by which it lets us in, is printed by no means.
    """
    report = _Report(secret)
    shown = await report.attempt("session", _visit(connect, report))
    print()
    if report.failed:
        report.say(f"Failed: {', '.join(report.failed)}.", lines=ANSWER_LINES)
        return 1
    report.say(f"Shown: {shown}; everything answered.")
    return 0


async def _visit(connect: Connect, report: _Report) -> str:
    async with (
        connect(report.note_refusal) as transport,
        Client(transport, read_timeout_seconds=ANSWER_SECONDS) as client,
    ):
        server = client.server_info
        name = f"{get_display_name(server)} {server.version}".rstrip() if server else "a server without a name"
        report.say(f"{name}, protocol {client.protocol_version}", lines=2)
        shown = [await show(client, report) for show in (_show_tools, _show_resources, _show_prompts)]
    return ", ".join(shown)


async def _show_tools(client: Client, report: _Report) -> str:
    offered = client.server_capabilities.tools
    tools: list[Tool] = await _listed(report, "tools/list", offered, client.list_tools, "tools")
    report.section("Tools", tools)
    for tool in tools:
        report.say(f"{tool.name}: {get_display_name(tool)}", indent=2)
        report.say(", ".join(_arguments(tool.input_schema)) or "no arguments", indent=6, lines=ANSWER_LINES)
    harmless = [tool for tool in tools if _is_harmless(tool)]
    report.section("Calls of the read-only tools that require no argument", harmless)
    for tool in harmless:
        step = f"tools/call {tool.name}"
        report.say(tool.name, indent=2)
        result = await report.attempt(step, client.call_tool(tool.name, {}))
        if result is not None and result.is_error:
            report.fail(step, _answer(result))
        elif result is not None:
            report.say(_answer(result) or "no content", indent=6, lines=ANSWER_LINES)
    return f"tools {len(tools)} ({len(harmless)} called)"


async def _show_resources(client: Client, report: _Report) -> str:
    offered = client.server_capabilities.resources
    resources: list[Resource] = await _listed(report, "resources/list", offered, client.list_resources, "resources")
    report.section("Resources", resources)
    for resource in resources:
        report.say(f"{resource.uri}: {get_display_name(resource)}", indent=2)
        read = await report.attempt(f"resources/read {resource.uri}", client.read_resource(resource.uri))
        for content in read.contents if read else []:
            text = content.text if isinstance(content, TextResourceContents) else f"[{content.mime_type or 'data'}]"
            report.say(text or "empty", indent=6, lines=ANSWER_LINES)
    templates: list[ResourceTemplate] = await _listed(
        report, "resources/templates/list", offered, client.list_resource_templates, "resource_templates"
    )
    report.section("Resource templates", templates)
    for template in templates:
        report.say(f"{template.uri_template}: {get_display_name(template)}", indent=2)
    return f"resources {len(resources)}, resource templates {len(templates)}"


async def _show_prompts(client: Client, report: _Report) -> str:
    offered = client.server_capabilities.prompts
    prompts: list[Prompt] = await _listed(report, "prompts/list", offered, client.list_prompts, "prompts")
    report.section("Prompts", prompts)
    for prompt in prompts:
        arguments = [f"{argument.name}{'' if argument.required else '?'}" for argument in prompt.arguments or []]
        report.say(f"{prompt.name}: {get_display_name(prompt)}", indent=2)
        report.say(", ".join(arguments) or "no arguments", indent=6, lines=ANSWER_LINES)
    return f"prompts {len(prompts)}"


async def _listed(
    report: _Report, step: str, offered: object, fetch: Callable[..., Awaitable[Any]], items: str
) -> list[Any]:
    """Fetch all pages of a list, or none where the server does not offer it."""
    return (await report.attempt(step, _pages(fetch, items)) or []) if offered is not None else []


async def _pages(fetch: Callable[..., Awaitable[Any]], items: str) -> list[Any]:
    page = await fetch()
    listed = [*getattr(page, items)]
    while (cursor := page.next_cursor) is not None:
        page = await fetch(cursor=cursor)
        if page.next_cursor == cursor:
            raise _EndlessListError
        listed += getattr(page, items)
    return listed


def _is_harmless(tool: Tool) -> bool:
    read_only = tool.annotations is not None and tool.annotations.read_only_hint is True
    return read_only and not tool.input_schema.get("required")


def _arguments(schema: dict[str, Any]) -> Iterator[str]:
    for name, argument in schema.get("properties", {}).items():
        optional = "" if name in schema.get("required", []) else "?"
        # JSON Schema 2020-12 section 4.3.2 has `true` and `false` for schemas as well.
        described = argument if isinstance(argument, dict) else {}
        default = f" = {json.dumps(described['default'])}" if "default" in described else ""
        yield f"{name}{optional}: {_type(described)}{default}"


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return "|".join(json.dumps(value) for value in schema["enum"])
    if "anyOf" in schema:
        return "|".join(_type(option) for option in schema["anyOf"])
    named = schema.get("type", "any")
    return "|".join(named) if isinstance(named, list) else str(named)


def _answer(result: CallToolResult) -> str:
    if result.structured_content is not None:
        return json.dumps(result.structured_content, ensure_ascii=False)
    return "\n".join(block.text if isinstance(block, TextContent) else f"[{block.type}]" for block in result.content)


def _reasons(error: BaseException) -> Iterator[str]:
    """Name what went wrong inside of the groups that task groups wrap it in."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _reasons(inner)
    else:
        yield f"{type(error).__name__}: {error}"
