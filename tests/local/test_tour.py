"""The tour, of real MCP servers on a loopback socket."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.mcpserver import Context, MCPServer
from mcp.types import ListToolsResult, PaginatedRequestParams, Tool, ToolAnnotations
from starlette.types import ASGIApp, Receive, Scope, Send

import local
from local.bearer.client import bearer
from local.tour import tour

pytestmark = pytest.mark.anyio

TOKEN = "s3cret-token"
READ_ONLY = ToolAnnotations(read_only_hint=True)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class _Server(uvicorn.Server):
    """A server that leaves the test runner's signal handlers alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def guarded(app: ASGIApp) -> ASGIApp:
    """Refuse every request without the token, as an API does."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and dict(scope["headers"]).get(b"authorization") != f"Bearer {TOKEN}".encode():
            await send({"type": "http.response.start", "status": 401, "headers": [(b"www-authenticate", b"Bearer")]})
            await send({"type": "http.response.body", "body": b'{"message":"Unauthorized"}'})
        else:
            await app(scope, receive, send)

    return guard


@contextlib.asynccontextmanager
async def serving(server: MCPServer | Server[Any]) -> AsyncIterator[str]:
    """Serve on a free port, as a Lambda function would: without sessions."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        app = guarded(server.streamable_http_app(stateless_http=True))
        serving = _Server(uvicorn.Config(app, log_level="critical", lifespan="on", timeout_graceful_shutdown=1))
        task = asyncio.create_task(serving.serve([listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        finally:
            serving.should_exit = True
            await task


def example() -> MCPServer:
    """Return a server that has some of everything."""
    server = MCPServer("example", title="The Example", version="1.2.3")

    @server.tool(title="Who am I", annotations=READ_ONLY)
    def whoami() -> dict[str, str]:
        return {"name": "Ålice"}

    @server.tool(annotations=READ_ONLY)
    def search(text: str, limit: int = 10, state: str | None = None) -> str:
        raise AssertionError(text, limit, state)

    @server.tool(annotations=READ_ONLY)
    def count(limit: int = 3) -> list[int]:
        return list(range(limit))

    @server.tool()
    def delete_everything() -> str:
        raise AssertionError

    @server.resource("notes://readme", title="Read me")
    def readme() -> str:
        return "\n".join(f"line {number}" for number in range(20))

    @server.resource("notes://logo", mime_type="image/png")
    def logo() -> bytes:
        return b"\x89PNG"

    @server.resource("notes://{name}", title="A note")
    def note(name: str) -> str:
        raise AssertionError(name)

    @server.prompt(title="Explain it")
    def explain(what: str, audience: str = "a child") -> str:
        raise AssertionError(what, audience)

    return server


async def shown(
    server: MCPServer | Server[Any], capsys: pytest.CaptureFixture[str], token: str = TOKEN
) -> tuple[int, str]:
    async with serving(server) as url:
        status = await tour(bearer(url, token), token)
    return status, capsys.readouterr().out


async def test_a_server_is_shown_with_all_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = await shown(example(), capsys)
    assert (
        text
        == """\
The Example 1.2.3, protocol 2026-07-28

Tools (4)
  whoami: Who am I
      no arguments
  search: search
      text: string, limit?: integer = 10, state?: string|null = null
  count: count
      limit?: integer = 3
  delete_everything: delete_everything
      no arguments

Calls of the read-only tools that require no argument (2)
  whoami
      {"name": "Ålice"}
  count
      {"result": [0, 1, 2]}

Resources (2)
  notes://readme: Read me
      line 0
      line 1
      line 2
      line 3
      line 4
      line 5 ...
  notes://logo: logo
      [image/png]

Resource templates (1)
  notes://{name}: A note

Prompts (1)
  explain: Explain it
      what, audience?

Shown: tools 4 (2 called), resources 2, resource templates 1, prompts 1; everything answered.
"""
    )
    assert status == 0


async def test_a_server_with_nothing_is_shown_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = await shown(Server("bare", version="0"), capsys)
    assert status == 0
    assert text.startswith("bare 0, protocol 2026-07-28\n\nTools (0)\n")
    assert text.endswith(
        "Shown: tools 0 (0 called), resources 0, resource templates 0, prompts 0; everything answered.\n"
    )


async def test_a_tool_or_resource_that_fails_is_named_and_the_tour_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    server = example()

    @server.tool(annotations=READ_ONLY)
    def broken() -> str:
        raise OSError

    @server.tool(annotations=READ_ONLY)
    def later() -> str:
        return "still here"

    @server.resource("notes://gone")
    def gone() -> str:
        raise OSError

    status, text = await shown(server, capsys)
    assert status == 1
    assert text.endswith("\nFailed: tools/call broken, resources/read notes://gone.\n")
    assert "  broken\n      FAILED: Error executing tool broken\n" in text
    assert "still here" in text
    assert "Prompts (1)" in text


async def test_a_refused_token_is_a_failed_session_with_its_http_status(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = await shown(example(), capsys, token="another-token")
    assert status == 1
    assert "FAILED (HTTP 401): " in text
    assert text.endswith("\nFailed: session.\n")
    assert "another-token" not in text


async def test_a_server_that_is_not_there_is_a_failed_session(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        status = await tour(bearer(f"http://127.0.0.1:{unheard.getsockname()[1]}/mcp", TOKEN), TOKEN)
    text = capsys.readouterr().out
    assert status == 1
    assert "ConnectError" in text
    assert text.endswith("\nFailed: session.\n")


async def test_the_token_is_not_printed_even_if_the_server_sends_it_back(capsys: pytest.CaptureFixture[str]) -> None:
    server = MCPServer("parrot")

    @server.tool(annotations=READ_ONLY)
    def echo(context: Context) -> str:
        return f"{(context.headers or {})['authorization']} " + "x" * 100

    status, text = await shown(server, capsys)
    assert status == 0
    assert "Bearer [secret] xxx" in text
    assert TOKEN not in text


async def test_a_server_cannot_drive_the_terminal_or_flood_it(capsys: pytest.CaptureFixture[str]) -> None:
    server = MCPServer("loud", title="loud\x1b[2J\x07")

    @server.tool(annotations=READ_ONLY, structured_output=False)
    def shout() -> str:
        return "\x1b]0;owned\x07" + "word " * 1000

    status, text = await shown(server, capsys)
    assert status == 0
    assert all(char.isprintable() or char == "\n" for char in text)
    assert max(len(line) for line in text.splitlines()) <= 100
    assert sum("word" in line for line in text.splitlines()) == 6


async def test_every_page_of_a_list_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    async def list_tools(_: Any, params: PaginatedRequestParams | None) -> ListToolsResult:
        page = int(params.cursor) if params and params.cursor else 1
        tool = Tool(name=f"tool_{page}", input_schema={"type": "object"})
        return ListToolsResult(tools=[tool], next_cursor=str(page + 1) if page < 3 else None)

    status, text = await shown(Server("paged", on_list_tools=list_tools), capsys)
    assert status == 0
    assert "Tools (3)" in text
    assert "tool_3" in text


async def test_a_list_that_never_ends_is_a_failed_step(capsys: pytest.CaptureFixture[str]) -> None:
    async def list_tools(_: Any, params: PaginatedRequestParams | None) -> ListToolsResult:
        assert params is None or params.cursor in {None, "again"}
        return ListToolsResult(tools=[], next_cursor="again")

    status, text = await shown(Server("endless", on_list_tools=list_tools), capsys)
    assert status == 1
    assert "names a page as the one that follows it" in text
    assert text.endswith("\nFailed: tools/list.\n")


async def test_arguments_of_any_schema_are_described(capsys: pytest.CaptureFixture[str]) -> None:
    properties = {
        "colour": {"enum": ["red", "green"]},
        "size": {"type": ["integer", "null"]},
        "anything": True,
        "nested": {"$ref": "#/$defs/Nested"},
    }

    async def list_tools(_: Any, __: PaginatedRequestParams | None) -> ListToolsResult:
        schema = {
            "type": "object",
            "properties": properties,
            "required": ["colour"],
            "$defs": {"Nested": {"type": "object"}},
        }
        return ListToolsResult(tools=[Tool(name="paint", input_schema=schema)])

    status, text = await shown(Server("schemas", version="", on_list_tools=list_tools), capsys)
    assert status == 0
    assert text.startswith("schemas, protocol 2026-07-28\n")
    assert 'colour: "red"|"green", size?: integer|null, anything?: any, nested?: any' in text


async def test_it_prints_to_a_terminal_of_any_encoding() -> None:
    program = "import asyncio, sys; from local.bearer.client import bearer; from local.tour import tour"
    program += f"; sys.exit(asyncio.run(tour(bearer(sys.argv[1], {TOKEN!r}), {TOKEN!r})))"
    variables = {"PYTHONPATH": str(Path(local.__path__[0]).parent), "PATH": os.defpath, "PYTHONIOENCODING": "ascii"}
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    async with serving(example()) as url:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, url, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert '{"name": "?lice"}' in out.decode()
