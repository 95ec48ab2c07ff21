"""An MCP server over stdio that starts in no time, in the place of one that a project would be made for."""

import json
import sys
from typing import Any


def answered(method: str, params: Any) -> dict[str, Any]:
    """Return the result of one request: what came comes back."""
    if method == "initialize":
        asked = params.get("protocolVersion", "2025-11-25")
        return {"protocolVersion": asked, "capabilities": {}, "serverInfo": {"name": "quick", "version": "1"}}
    if method == "tools/list":
        return {"tools": [{"name": "count_s3_buckets", "inputSchema": {"type": "object"}}]}
    return {"content": [{"type": "text", "text": json.dumps(params)}], "structuredContent": {"echo": params}}


def main() -> None:
    """Answer requests until there are none; a notification needs no answer."""
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "id" in message:
            result = answered(message["method"], message.get("params") or {})
            answer = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})
            sys.stdout.write(answer + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
