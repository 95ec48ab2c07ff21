"""Walks the way of an MCP client to a deployed server, hop by hop, and says where it breaks and how to mend it."""
