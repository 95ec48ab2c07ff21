"""How clients connect to a URL that takes the team's secret."""

from connect import files
from connect.commands import inspector, mcp_remote
from connect.guide import Deployed, Guide, Way, program

OPTIONS: dict[str, str] = {}

_EXPORTED = "MCP_TOKEN has to be there when it starts: the output TokenCommand puts the team's secret into it."
_INPUT = {"type": "promptString", "id": "mcp-token", "description": "The team's secret", "password": True}


def guide(stack: Deployed) -> Guide:
    """Return how each client connects; none of it holds the secret, which each gets in its own way.

    Raises:
        OutputsError: If the stack has no MCP URL.
    """
    url, name = stack.output("McpUrl"), stack.name
    ways = [
        files.claude_code(
            name, {"type": "http", "url": url, "headers": {"Authorization": "Bearer ${MCP_TOKEN}"}}, _EXPORTED
        ),
        # Its file knows no variables. The header is one of them because spaces in arguments do not survive on Windows:
        # https://www.npmjs.com/package/mcp-remote, "Custom Headers"
        files.claude_desktop(
            name,
            {
                "command": "npx",
                "args": ["-y", "mcp-remote", url, "--header", "Authorization:${MCP_AUTHORIZATION}"],
                "env": {"MCP_AUTHORIZATION": "Bearer YOUR_TOKEN"},
            },
            "It knows no variables: put the team's secret in place of YOUR_TOKEN, and keep the file to yourself.",
        ),
        files.vscode(
            name,
            {"type": "http", "url": url, "headers": {"Authorization": "Bearer ${input:mcp-token}"}},
            _INPUT,
            note="It asks for the team's secret once, and keeps it.",
        ),
        files.cursor(name, {"url": url, "headers": {"Authorization": "Bearer ${env:MCP_TOKEN}"}}, _EXPORTED),
        files.kiro(name, {"url": url, "headers": {"Authorization": "Bearer ${MCP_TOKEN}"}}, _EXPORTED),
        # It expands nothing by itself.
        Way(
            "inspector",
            "MCP Inspector",
            f'{inspector(url, "--transport", "http")} --header "Authorization: Bearer $MCP_TOKEN"',
            note=f"{_EXPORTED} The list of processes shows it while this runs.",
        ),
        # It expands the variable, so that the token is not on its command line.
        Way(
            "mcp-remote",
            "mcp-remote, for a client that knows commands alone",
            mcp_remote(url, "--header", "Authorization: Bearer ${MCP_TOKEN}"),
            note=_EXPORTED,
        ),
        Way(
            "python",
            "Python",
            program(MCP_URL=url),
            "list_tools.py",
            f"{_EXPORTED} `uv run list_tools.py` runs it.",
        ),
    ]
    return Guide(
        ways,
        {
            # https://claude.com/docs/connectors/building/authentication
            "claude.ai": "its connectors sign in with OAuth and take no fixed secret",
            "mcp-proxy-for-aws": "it signs with AWS credentials, and this URL takes the team's secret",
        },
    )
