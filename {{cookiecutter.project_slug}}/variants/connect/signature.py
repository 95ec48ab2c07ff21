"""How clients connect to a URL that takes requests signed with AWS credentials."""

from connect import files
from connect.commands import command, inspector
from connect.guide import Deployed, Guide, Way, program

OPTIONS: dict[str, str] = {}

_CREDENTIALS = "It signs with the AWS credentials of whoever starts it."
# https://modelcontextprotocol.io/docs/tools/debugging: a command inherits a few variables alone, HOME among them.
_PROFILE = "It signs with the default profile of ~/.aws: the variables of your shell do not get there."


def guide(stack: Deployed) -> Guide:
    """Return how each client connects: through a proxy that signs, https://github.com/aws/mcp-proxy-for-aws.

    The proxy 1.7 wants the region once to sign with and once from the environment, and ends without it.

    Raises:
        OutputsError: If the stack has no MCP URL.
    """
    url, name = stack.output("McpUrl"), stack.name
    arguments = ["mcp-proxy-for-aws@latest", url, "--service", "lambda", "--region", stack.region]
    region = f"AWS_REGION={stack.region}"
    server = {"command": "uvx", "args": arguments, "env": {"AWS_REGION": stack.region}}
    ways = [
        Way(
            "claude-code",
            "Claude Code",
            # Not the name behind --env, which takes as many words as there are: https://code.claude.com/docs/en/mcp
            command("claude", "mcp", "add", "--env", region, "--transport", "stdio", name, "--", "uvx", *arguments),
            note=_CREDENTIALS,
        ),
        files.claude_code(name, {"type": "stdio", **server}, _CREDENTIALS),
        files.claude_desktop(name, server, _PROFILE),
        files.vscode(name, {"type": "stdio", **server}, note=_CREDENTIALS),
        files.cursor(name, {"type": "stdio", **server}, _CREDENTIALS),
        files.kiro(name, server, _CREDENTIALS),
        Way("inspector", "MCP Inspector", inspector("-e", region, "--", "uvx", *arguments), note=_PROFILE),
        Way(
            "mcp-proxy-for-aws",
            "mcp-proxy-for-aws, for any other client that knows commands",
            command("env", region, "uvx", *arguments),
            note=_CREDENTIALS,
        ),
        Way(
            "python",
            "Python",
            program(MCP_URL=url, REGION=stack.region),
            "list_tools.py",
            f"{_CREDENTIALS} `uv run list_tools.py` runs it.",
        ),
    ]
    unsigned = "it signs no requests"
    return Guide(ways, {"claude.ai": f"{unsigned}: its connectors sign in with OAuth", "mcp-remote": unsigned})
