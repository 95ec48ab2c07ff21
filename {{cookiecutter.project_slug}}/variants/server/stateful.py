"""The MCP server: the tools, resources and prompts of read_only.py, and tools that remember. This is the file to edit.

To add a tool, write one function under `_add_tools`. The model reads its docstring, the client its type hints, so
write both for them. If it calls AWS, allow the action in template.yaml, beside a comment that names the tool. What it
has to know at the next call it keeps with `state`, as counter.py does.
"""

import counter
import read_only
from read_only import VERSION
from sdk import MCPServer

__all__ = ["VERSION", "build_server"]


def build_server() -> MCPServer:
    """Return a new server with everything registered, for the Lambda function and for tests alike."""
    server = read_only.build_server()
    _add_tools(server)
    return server


def _add_tools(server: MCPServer) -> None:
    counter.add(server)
