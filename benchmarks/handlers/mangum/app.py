"""The official SDK behind Mangum, as tutorials have it, but so that the second call works too.

Mangum would enter the lifespan at each call, which the SDK's session manager forbids; so it is entered here, once, on
the loop that Mangum will use. The host check is off, as tutorials that get past it have it.
"""

import asyncio

from mangum import Mangum
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

mcp = MCPServer("benchmark")


@mcp.tool()
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


app = mcp.streamable_http_app(
    stateless_http=True,
    json_response=True,
    transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
)
_loop = asyncio.new_event_loop()
asyncio.set_event_loop(_loop)
# The reference keeps it from being collected, which would shut the session manager down.
_running = mcp.session_manager.run()
_loop.run_until_complete(_running.__aenter__())

lambda_handler = Mangum(app, lifespan="off")
