"""Writes the server's own tools into template.yaml, as an AgentCore Gateway target wants them: `make schema`.

`listing` asks the server; `subset` narrows each tool to what the Gateway can say, with `document` to follow references,
`union` to choose among alternatives, and `words` for what only a description can say; `payload` reads and writes the
list in template.yaml.
"""
