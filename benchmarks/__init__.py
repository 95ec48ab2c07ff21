"""Measures what this template generates beside what else serves MCP on Lambda; `make bench` runs it."""
