"""The command lines of the clients that have one."""

import shlex


def command(*words: str) -> str:
    """Return a line that a shell takes apart into these words."""
    return shlex.join(words)


def inspector(*target: str) -> str:
    """Return the line by which MCP Inspector 2 lists the tools of a URL with options, or of a command after `--`.

    It is of the package's `--cli --help`: https://www.npmjs.com/package/@modelcontextprotocol/inspector.
    """
    return command("npx", "-y", "@modelcontextprotocol/inspector", "--cli", "--method", "tools/list", *target)


def mcp_remote(url: str, *options: str) -> str:
    """Return the line of mcp-remote, https://www.npmjs.com/package/mcp-remote."""
    return command("npx", "-y", "mcp-remote", url, *options)
