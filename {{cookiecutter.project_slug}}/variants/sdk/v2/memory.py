"""A session with a server in memory, on the SDK's 2.x line."""

from mcp import Client as session  # noqa: N813 - it is used as what it gives
from mcp.shared.exceptions import MCPError as Refused

__all__ = ["Refused", "session"]
