"""A stand-in for an AgentCore Gateway with Lambda targets."""
