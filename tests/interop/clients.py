"""The clients of the matrix, and what is known of one before it goes anywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from interop.places import HANDSHAKE, STATELESS, versioned
from interop.visits import (
    Installed,
    Visitor,
    current,
    inspector,
    python,
    through_mcp_proxy_for_aws,
    through_mcp_remote,
    typescript,
)

_BEARER = frozenset(["oauth", "token"])
# The Invoke API wants a signature as well, and its URL takes a message of MCP as the payload.
_SIGNED = frozenset(["signature", "invocation"])
_LEGACY, _AUTO, _PINNED = frozenset([HANDSHAKE]), frozenset([HANDSHAKE, STATELESS]), frozenset([STATELESS])


@dataclass(frozen=True)
class Client:
    """A client, in one of the ways in which it can be used."""

    title: str
    visit: Visitor
    # Of the credentials that endpoints ask for, those that it can show.
    shows: frozenset[str]
    # Of each era that it can be made to speak in this way, the newest revision.
    revisions: frozenset[str]
    # The package that it is, with its version.
    package: Callable[[Installed], str]
    # Whether it knows functions by their names, and no URL.
    invokes: bool = False


def _npm(name: str) -> Callable[[Installed], str]:
    return lambda installed: installed.packaged(name)


def _python(interpreter: str, name: str) -> Callable[[Installed], str]:
    def found(installed: Installed) -> str:
        (packages,) = getattr(installed, interpreter).parent.parent.glob("lib/python*/site-packages")
        return versioned(packages, name)

    return found


def _here(name: str) -> Callable[[Installed], str]:
    return lambda _: f"{name} {version(name)}"


_SDK, _FIRST = _here("mcp"), _python("first_line", "mcp")
_RUN_MCP = _python("first_line", "run-mcp-servers-with-aws-lambda")
_PROXY, _FASTMCP = _python("first_line", "mcp-proxy-for-aws"), _python("fastmcp", "fastmcp")
_TS2, _TS1 = _npm("@modelcontextprotocol/client"), _npm("@modelcontextprotocol/sdk")
_INSPECTOR, _REMOTE = _npm("@modelcontextprotocol/inspector"), _npm("mcp-remote")

CLIENTS = [
    Client("Python SDK 2, legacy", current("legacy"), _BEARER | _SIGNED, _LEGACY, _SDK),
    Client("Python SDK 2, auto", current("auto"), _BEARER | _SIGNED, _AUTO, _SDK),
    Client("Python SDK 2, 2026-07-28", current(STATELESS), _BEARER | _SIGNED, _PINNED, _SDK),
    Client("Python SDK 1", python("first_line", "python_1.py", "http"), _BEARER, _LEGACY, _FIRST),
    Client("FastMCP", python("fastmcp", "fastmcp_4.py"), _BEARER, _AUTO, _FASTMCP),
    Client("TypeScript SDK 2, legacy", typescript("2", "legacy"), _BEARER, _LEGACY, _TS2),
    Client("TypeScript SDK 2, auto", typescript("2", "auto"), _BEARER, _AUTO, _TS2),
    Client("TypeScript SDK 2, 2026-07-28", typescript("2", STATELESS), _BEARER, _PINNED, _TS2),
    Client("TypeScript SDK 1", typescript("1"), _BEARER, _LEGACY, _TS1),
    Client("Inspector CLI, legacy", inspector("legacy"), _BEARER, _LEGACY, _INSPECTOR),
    Client("Inspector CLI, modern", inspector("modern"), _BEARER, _PINNED, _INSPECTOR),
    Client("mcp-remote, legacy", through_mcp_remote("legacy"), _BEARER, _LEGACY, _REMOTE),
    Client("mcp-remote, auto", through_mcp_remote("auto"), _BEARER, _AUTO, _REMOTE),
    # On the 1.x line itself, so that whoever prefers 2026-07-28 falls back.
    Client("mcp-proxy-for-aws", through_mcp_proxy_for_aws("auto"), _SIGNED, _LEGACY, _PROXY),
    Client("run-mcp, signing", python("first_line", "python_1.py", "sign"), _SIGNED, _LEGACY, _RUN_MCP),
    Client(
        "run-mcp, invoking",
        python("first_line", "python_1.py", "invoke"),
        frozenset(["invocation"]),
        _LEGACY,
        _RUN_MCP,
        invokes=True,
    ),
]


def named(*titles: str) -> list[Client]:
    """Return the clients of these titles, of which there are no others."""
    found = {client.title: client for client in CLIENTS}
    return [found[title] for title in titles]
