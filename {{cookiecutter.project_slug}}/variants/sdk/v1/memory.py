"""A session with a server in memory, on the SDK's 1.x line."""

from mcp import McpError as Refused
from mcp.shared.memory import create_connected_server_and_client_session as session

__all__ = ["Refused", "session"]
