"""How clients connect to a URL that takes OAuth 2.1 access tokens."""

import json

from connect import files
from connect.commands import command, inspector, mcp_remote
from connect.guide import Deployed, Guide, Way, program

OPTIONS = {"client-id": "the OAuth client that people sign in with, where the stack has none of its own"}

# Each is part of a callback URL that the provider has to know, exactly:
# http://localhost:3118/callback (https://code.claude.com/docs/en/mcp)
_CLAUDE_CODE_PORT = 3118
# http://localhost:3334/oauth/callback (https://www.npmjs.com/package/mcp-remote, without it a port of the URL's own)
_MCP_REMOTE_PORT = "3334"
# The default of the Inspector's page, and here of its command line too, whose own is http://127.0.0.1:6276/…
_INSPECTOR_CALLBACK = "http://localhost:6274/oauth/callback"
# Kiro makes the URL of it (https://kiro.dev/docs/mcp/configuration); that its path is /oauth/callback is in
# https://kiro.dev/oauth/client-metadata.json, and otherwise unverified.
_KIRO_LISTENER = "127.0.0.1:3119"
_PLACEHOLDER = "YOUR_CLIENT_ID"
_REGISTERED = f"{_PLACEHOLDER} is the public client that you registered with the provider; CLIENT_ID=… puts it in."
_CONNECTOR = """\
Settings > Connectors > Add custom connector
Name: {name}
Remote MCP server URL: {url}
Advanced settings > OAuth Client ID: {client_id}
OAuth Client Secret: none, leave it blank"""


def guide(stack: Deployed) -> Guide:
    """Return how each client connects, with the stack's own client id, the one given, or a placeholder.

    The id is named even where the server registers clients by itself: a client that registers anew names callback
    URLs of its own, and one of another port would not be known.

    Raises:
        OutputsError: If the stack has no MCP URL or no issuer.
    """
    url, name = stack.output("McpUrl"), stack.name
    client_id = stack.options.get("client-id") or stack.outputs.get("ClientId") or _PLACEHOLDER
    note = _REGISTERED if client_id == _PLACEHOLDER else ""
    code = ("claude", "mcp", "add", "--transport", "http", "--client-id", client_id)
    information = json.dumps({"client_id": client_id})
    # An issuer may end in a slash: OpenID Connect Discovery 1.0 section 4.
    discovery = stack.output("Issuer").removesuffix("/") + "/.well-known/openid-configuration"
    ways = [
        Way(
            "claude-code",
            "Claude Code",
            command(*code, "--callback-port", str(_CLAUDE_CODE_PORT), name, url),
            note=f"Then /mcp signs in. {note}".rstrip(),
        ),
        files.claude_code(
            name,
            {"type": "http", "url": url, "oauth": {"clientId": client_id, "callbackPort": _CLAUDE_CODE_PORT}},
            note,
        ),
        # https://support.claude.com/en/articles/11175166-getting-started-with-custom-connectors-using-remote-mcp
        Way(
            "claude",
            "claude.ai, Claude Desktop",
            _CONNECTOR.format(name=name, url=url, client_id=client_id),
            note=note,
        ),
        files.vscode(name, {"type": "http", "url": url, "oauth": {"clientId": client_id}}, note=note),
        files.cursor(name, {"url": url, "auth": {"CLIENT_ID": client_id}}, note),
        files.kiro(name, {"url": url, "oauth": {"clientId": client_id, "redirectUri": _KIRO_LISTENER}}, note),
        Way(
            "inspector",
            "MCP Inspector",
            inspector(url, "--transport", "http", "--client-id", client_id, "--callback-url", _INSPECTOR_CALLBACK),
            note=note,
        ),
        Way(
            "mcp-remote",
            "mcp-remote, for a client that knows commands alone",
            mcp_remote(url, _MCP_REMOTE_PORT, "--static-oauth-client-info", information),
            note=note,
        ),
        Way(
            "python",
            "Python",
            program(
                MCP_URL=url,
                DISCOVERY_URL=discovery,
                CLIENT_ID=stack.outputs.get("MachineClientId", "YOUR_MACHINE_CLIENT_ID"),
            ),
            "list_tools.py",
            "A service signs in with the secret of its client in MCP_CLIENT_SECRET. `uv run list_tools.py` runs it.",
        ),
    ]
    return Guide(ways, {"mcp-proxy-for-aws": "it signs with AWS credentials, and this URL takes OAuth tokens"})
