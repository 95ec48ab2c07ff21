"""Whether the client can be asked back: a tool that asks finds out before it does anything else."""

from typing import Literal

from mcp.shared.exceptions import MCPError
from mcp_types import MISSING_REQUIRED_CLIENT_CAPABILITY

from sdk import Context, ResourceError

Capability = Literal["elicitation", "sampling", "roots"]

# Before it a question goes out on a connection that the answer comes back on, and a function has none that lasts.
_FIRST_REVISION = "2026-07-28"
_DECLARED: dict[Capability, dict[str, dict[str, str]]] = {"elicitation": {"form": {}}, "sampling": {}, "roots": {}}
_ASKED = {
    "elicitation": "asks the user for confirmation",
    "sampling": "asks the client's model",
    "roots": "asks the client for its roots",
}


def require(ctx: Context, capability: Capability, instead: str) -> None:
    """Refuse a call whose client cannot be asked; `instead` is a sentence that tells the model the way out.

    Source: "Multi Round-Trip Requests" and "Error codes" in the specification of 2026-07-28.

    Raises:
        ResourceError: If the client speaks an earlier revision.
        MCPError: MISSING_REQUIRED_CLIENT_CAPABILITY, if it has not declared the capability.
    """
    version = ctx.protocol_version or ""
    # Revisions are dates.
    if version < _FIRST_REVISION:
        raise ResourceError(
            f"This tool {_ASKED[capability]}, which this server can do on MCP {_FIRST_REVISION} and later; "
            f"the client speaks {version}. {instead}"
        )
    if getattr(ctx.client_capabilities, capability, None) is None:
        raise MCPError(
            MISSING_REQUIRED_CLIENT_CAPABILITY,
            f"This tool {_ASKED[capability]}, and the client has not declared the capability {capability!r}. {instead}",
            {"requiredCapabilities": {capability: _DECLARED[capability]}},
        )
