# /// script
# requires-python = ">=3.11"
# dependencies = ["boto3>=1.42,<2"]
# ///
"""Lists the tools of the MCP server for a tenant, with plain boto3: any message of the protocol is the payload."""

import json
from typing import Any

from boto3.session import Session

FUNCTION_ARN = "FUNCTION_ARN"
REGION = "REGION"
TENANT = "YOUR_TENANT"


def main() -> None:
    """Invoke the function with one message."""
    functions: Any = Session().client("lambda", region_name=REGION)
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    invoked = functions.invoke(FunctionName=FUNCTION_ARN, TenantId=TENANT, Payload=json.dumps(message))
    for tool in json.load(invoked["Payload"])["result"]["tools"]:
        print(tool["name"])


if __name__ == "__main__":
    main()
