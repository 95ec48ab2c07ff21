"""Which scopes single tools need, besides the one that every call needs: what the parameter ToolScopes says.

Every caller is shown every tool: the list is the same for all, so that clients may keep it, and the model can tell
people what to ask for. A call without the scope is answered with what is missing.
"""

import os
from collections import defaultdict

import caller


def read(text: str, prefix: str) -> dict[str, frozenset[str]]:
    """Return the scopes of each tool from `tool=scope,tool=scope`; a tool that is named twice needs both."""
    needed: defaultdict[str, set[str]] = defaultdict(set)
    for item in filter(None, text.split(",")):
        tool, _, scope = item.partition("=")
        needed[tool].add(prefix + scope)
    return {tool: frozenset(scopes) for tool, scopes in needed.items()}


NEEDED = read(os.environ["TOOL_SCOPES"], os.environ.get("SCOPE_PREFIX", ""))


def refusal(tool: object) -> str | None:
    """Return why the current caller may not use a tool, in words for the model, or None if they may.

    Args:
        tool: What the client says the tool's name is.
    """
    needed = NEEDED.get(tool, frozenset()) if isinstance(tool, str) else frozenset()
    missing = sorted(needed - caller.current().scopes)
    if not missing:
        return None
    return (
        f"This tool needs the scope {' '.join(missing)}, which the caller's token lacks. Do not retry; tell the user "
        "to sign in with it, or to ask the operator of this server for it."
    )
