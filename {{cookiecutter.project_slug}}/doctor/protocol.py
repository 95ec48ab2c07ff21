"""The hops behind the door: what a client says to the MCP server itself, whatever carries the messages."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from doctor.hop import BrokenError, Hop, UncheckedError, needed
from doctor.messages import MODERN, Message, earlier, handshake, modern

# Takes a message to the server and returns its answer, a JSON-RPC response. Raises BrokenError where there is none.
Ask = Callable[[Message], Mapping[str, Any]]

# How much of a tool's answer is shown.
_QUOTED = 200
_LOG = "The function's log has the reason: `make logs`."
_REFUSED = "the request above failed already"


class Conversation:
    """Asks an MCP server what every client asks, and has it call one tool: `tool`, or one that is harmless."""

    def __init__(self, ask: Ask, tool: str | None) -> None:
        self._ask_server = ask
        self._named = tool
        self._modern = False
        self._stopped: UncheckedError | None = None
        self._tools: list[Mapping[str, Any]] | None = None

    def hops(self) -> Iterator[Hop]:
        """Return the hops, in the order of a client."""
        yield Hop(f"server/discover, as clients of revision {MODERN} begin", self._discover)
        yield Hop("initialize, as clients of earlier revisions begin", self._initialize)
        yield Hop("tools/list", self._list)
        yield Hop("tools/call", self._call)

    def _ask(self, message: Message) -> Mapping[str, Any]:
        self._check_reached()
        try:
            return self._ask_server(message)
        except BrokenError:
            self._stopped = UncheckedError(_REFUSED)
            raise
        except UncheckedError as reason:
            self._stopped = reason
            raise

    def _check_reached(self) -> None:
        if self._stopped:
            raise self._stopped

    def _discover(self) -> str:
        answer = self._ask(modern("server/discover"))
        if "error" in answer:
            return f"this server speaks earlier revisions alone, and clients go on to those ({_error(answer)})"
        result = _result(answer)
        versions = result.get("supportedVersions")
        self._modern = isinstance(versions, list) and MODERN in versions
        return f"{_name(result.get('_meta', {}))}, revisions {', '.join(map(str, versions or ['none']))}"

    def _initialize(self) -> str:
        answer = self._ask(handshake())
        if "error" in answer:
            raise BrokenError(
                f"The server refuses the handshake: {_error(answer)}.",
                f"Clients of revision {MODERN} alone can connect. {_LOG}",
            )
        result = _result(answer)
        return f"{_name(result)}, revision {result.get('protocolVersion')}"

    def _list(self) -> str:
        answer = self._ask(self._request("tools/list"))
        if "error" in answer:
            raise BrokenError(f"The server does not list its tools: {_error(answer)}.", _LOG)
        found = _result(answer).get("tools")
        self._tools = [tool for tool in found if isinstance(tool, dict)] if isinstance(found, list) else []
        if not self._tools:
            raise BrokenError(
                "The server lists no tool.", "Tools are made in src/server.py; a Gateway's by `make schema`."
            )
        return ", ".join(str(tool.get("name")) for tool in self._tools)

    def _call(self) -> str:
        self._check_reached()
        name = self._named or _harmless(needed(self._tools, "list of tools"))
        answer = self._ask(self._request("tools/call", name=name, arguments={}))
        if "error" in answer:
            raise BrokenError(f"The call of {name} fails: {_error(answer)}.", _LOG)
        result = _result(answer)
        if result.get("isError") is True:
            raise BrokenError(
                f"{name} answers with an error: {_content(result)}",
                f"The tool itself says what it lacks, such as a permission of the function in template.yaml. {_LOG}",
            )
        return f"{name} answered {_content(result)}"

    def _request(self, method: str, **params: Any) -> Message:
        return (modern if self._modern else earlier)(method, **params)


def _harmless(tools: list[Mapping[str, Any]]) -> str:
    """Return the first tool that says it is read-only and that requires no argument. Raises UncheckedError."""
    for tool in tools:
        annotations, schema = tool.get("annotations"), tool.get("inputSchema")
        read_only = isinstance(annotations, dict) and annotations.get("readOnlyHint") is True
        if read_only and isinstance(schema, dict) and not schema.get("required") and isinstance(tool.get("name"), str):
            return str(tool["name"])
    raise UncheckedError("no tool says that it is read-only and requires no argument; name one to call by --tool")


def _result(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    result = answer.get("result")
    if not isinstance(result, dict):
        raise BrokenError("The answer is neither a result nor an error of JSON-RPC.", _LOG)
    return result


def _error(answer: Mapping[str, Any]) -> str:
    error = answer["error"]
    return f"error {error.get('code')}, {error.get('message')}" if isinstance(error, dict) else str(error)


def _name(described: Any) -> str:
    info = (
        described.get("io.modelcontextprotocol/serverInfo", described.get("serverInfo"))
        if isinstance(described, dict)
        else None
    )
    return f"{info.get('name')} {info.get('version')}" if isinstance(info, dict) else "a server without a name"


def _content(result: Mapping[str, Any]) -> str:
    if isinstance(result.get("structuredContent"), dict):
        return _short(json.dumps(result["structuredContent"], ensure_ascii=False))
    blocks = result.get("content")
    texts = (
        [str(block.get("text", block.get("type"))) for block in blocks if isinstance(block, dict)]
        if isinstance(blocks, list)
        else []
    )
    return _short(" ".join(texts)) or "nothing"


def _short(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]} ..."
