"""Has the official MCP conformance suite examine this project, served on this machine; nothing of it is deployed.

What the suite may find is in `expected.yaml`, with the reason; which of its versions is run, in `package.json`.
"""
