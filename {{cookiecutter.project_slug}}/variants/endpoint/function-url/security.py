"""Which hosts and web pages a request may name: the signature has settled both."""

from mcp.server.transport_security import TransportSecuritySettings

# A signature covers the host, so a page that rebinds a name has none that fits. Nor can this function know its own
# host name: its URL is made after it.
SETTINGS = TransportSecuritySettings(enable_dns_rebinding_protection=False)
