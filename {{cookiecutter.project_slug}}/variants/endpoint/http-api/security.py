"""Which hosts and web pages a request may name; both come from template.yaml."""

import os
from urllib.parse import urlsplit

from mcp.server.transport_security import TransportSecuritySettings

_host = urlsplit(os.environ["MCP_URL"]).netloc

# Set on purpose: the SDK's default admits localhost alone and answers 421 behind API Gateway's host name.
SETTINGS = TransportSecuritySettings(
    allowed_hosts=[_host, f"{_host}:443"], allowed_origins=os.environ["ALLOWED_ORIGINS"].split(",")
)
