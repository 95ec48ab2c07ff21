"""How programs call a server that has no URL and serves tenants, by Lambda's Invoke."""

from connect.guide import Deployed, Guide, Way, program

OPTIONS: dict[str, str] = {}

_NOTE = """\
It calls with the AWS credentials found where it runs, for the tenant that you put at YOUR_TENANT.
`uv run list_tools.py` runs it. If the stack has TenantIsolation=false, name the tenant in the client context instead:
ClientContext=base64.b64encode(b'{"custom": {"tenant": "YOUR_TENANT"}}').decode() in the place of TenantId."""


def guide(stack: Deployed) -> Guide:
    """Return how programs call the function.

    Raises:
        OutputsError: If the stack has no such function.
    """
    text = program(FUNCTION_ARN=stack.output("FunctionArn"), REGION=stack.region)
    way = Way("python", "Python, with boto3", text, "list_tools.py", _NOTE)
    clients = ("Claude Code", "Claude Desktop, claude.ai", "VS Code", "Cursor", "Kiro", "MCP Inspector")
    without = dict.fromkeys(
        (*clients, "mcp-remote", "mcp-proxy-for-aws"), "it wants a URL or a command, and this is neither"
    )
    return Guide([way], without | {"run-mcp's client": "it cannot name a tenant"})
