"""The environment that template.yaml gives the functions, and Lambda's context."""

import os

os.environ |= {
    "ALLOWED_ORIGINS": "http://localhost:6274",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "test",
    "MCP_URL": "https://mcp.example.com/mcp",
    "POWERTOOLS_METRICS_NAMESPACE": "MCP",
    "POWERTOOLS_SERVICE_NAME": "test-server",
    "REQUEST_STATE_SECRET": "arn:aws:secretsmanager:us-east-1:123456789012:secret:request-state",
    "SERVER_TITLE": "Test server",
    "STATE_DAYS": "7",
    "STATE_TABLE": "state",
    "TENANT_CLAIM": "tenant",
    "TENANT_ROLE": "arn:aws:iam::123456789012:role/tenant",
    "TENANTS": "",
    "TOOL_SCOPES": "",
}

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Context:
    """What the tests need of Lambda's context."""

    function_name = "mcp"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:mcp"
    aws_request_id = "5f9c4a5e-0000-0000-0000-000000000000"

    def __init__(self, remaining_ms: int = 29_000) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining_ms


@pytest.fixture
def context() -> Context:
    return Context()
