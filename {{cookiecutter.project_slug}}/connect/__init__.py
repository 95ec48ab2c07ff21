"""Says how each MCP client connects to the deployed stack; nothing of it is deployed."""
