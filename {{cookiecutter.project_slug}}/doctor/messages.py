"""JSON-RPC messages of the MCP revisions that this project speaks, and the headers that go with them over HTTP."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MODERN, WITH_HANDSHAKE = "2026-07-28", "2025-11-25"
_CLIENT = {"name": "mcp-doctor", "version": "1"}
_META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": _CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass(frozen=True)
class Message:
    """A request; `headers` is what HTTP carries beside it."""

    method: str
    params: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def payload(self) -> dict[str, Any]:
        """The message itself; its answer has the same id."""
        return {"jsonrpc": "2.0", "id": 1, "method": self.method, "params": dict(self.params)}


def modern(method: str, **params: Any) -> Message:
    """Return a request of revision 2026-07-28.

    What the body says is said in headers too (basic/transports/streamable-http), and each request says who asks
    (basic, "_meta").
    """
    headers = {"mcp-protocol-version": MODERN, "mcp-method": method}
    if "name" in params:
        headers["mcp-name"] = _header(params["name"])
    return Message(method, {**params, "_meta": _META}, headers)


def earlier(method: str, **params: Any) -> Message:
    """Return a request of revision 2025-11-25, after the handshake."""
    return Message(method, params, {"mcp-protocol-version": WITH_HANDSHAKE})


def handshake() -> Message:
    """Return the first request of the revisions up to 2025-11-25."""
    return Message("initialize", {"protocolVersion": WITH_HANDSHAKE, "capabilities": {}, "clientInfo": _CLIENT})


def _header(text: str) -> str:
    if text.isascii() and text.isprintable() and text == text.strip():
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="
