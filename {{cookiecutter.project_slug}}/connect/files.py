"""The configuration files of the clients: where they are, and how a server is written down in them."""

from collections.abc import Mapping

from connect.guide import Way, document

Server = Mapping[str, object]


def claude_code(name: str, server: Server, note: str = "") -> Way:
    """Return the file that a team shares: https://code.claude.com/docs/en/mcp (type, url, headers, oauth)."""
    return Way("claude-code-file", "Claude Code, for a team", _servers(name, server), ".mcp.json", note)


def claude_desktop(name: str, server: Server, note: str = "") -> Way:
    """Return the file of servers that are commands: https://modelcontextprotocol.io/quickstart/user."""
    path = "claude_desktop_config.json"
    where = "~/Library/Application Support/Claude on macOS, %APPDATA%\\Claude on Windows."
    return Way("claude-desktop", "Claude Desktop", _servers(name, server), path, f"It is in {where} {note}".rstrip())


def vscode(name: str, server: Server, *inputs: Server, note: str = "") -> Way:
    """Return the workspace's file: https://code.visualstudio.com/docs/copilot/reference/mcp-configuration.

    `oauth.clientId` is of April 2026 (https://github.com/microsoft/vscode/pull/308648); a VS Code of before asks for
    the id where it cannot register.
    """
    content = {"inputs": list(inputs), "servers": {name: server}} if inputs else {"servers": {name: server}}
    return Way("vscode", "VS Code", document(content), ".vscode/mcp.json", note)


def cursor(name: str, server: Server, note: str = "") -> Way:
    """Return the project's file: https://cursor.com/docs/mcp (url, headers, auth.CLIENT_ID, ${env:NAME})."""
    return Way("cursor", "Cursor", _servers(name, server), ".cursor/mcp.json", note)


def kiro(name: str, server: Server, note: str = "") -> Way:
    """Return the workspace's file: https://kiro.dev/docs/mcp/configuration (url, headers, oauth, ${NAME})."""
    return Way("kiro", "Kiro", _servers(name, server), ".kiro/settings/mcp.json", note)


def _servers(name: str, server: Server) -> str:
    return document({"mcpServers": {name: server}})
