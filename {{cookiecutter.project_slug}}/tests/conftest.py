"""Fixtures: the environment that template.yaml gives the functions, a stand-in for AWS, and HTTP API events."""

import base64
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

os.environ |= {
    "ALLOWED_ORIGINS": "http://localhost:6274",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "test",
    "MCP_URL": "https://mcp.example.com/mcp",
    "POWERTOOLS_METRICS_NAMESPACE": "MCP",
    "POWERTOOLS_SERVICE_NAME": "test-server",
    "SERVER_TITLE": "Test server",
}

import pytest
from moto import mock_aws

import aws

Event = dict[str, Any]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def account() -> Iterator[None]:
    """An empty AWS account, and clients that talk to it."""
    cached = (aws._session, aws.ec2, aws.functions, aws.logs, aws.s3)
    with mock_aws():
        for function in cached:
            function.cache_clear()
        yield
    for function in cached:
        function.cache_clear()


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


MODERN = "2026-07-28"


def http_event(body: str | bytes | None, *, method: str = "POST", **headers: str) -> Event:
    """Return an event as API Gateway's HTTP API sends it (payload format 2.0), from an authorized caller."""
    encoded = isinstance(body, bytes)
    return {
        "version": "2.0",
        "routeKey": f"{method} /mcp",
        "rawPath": "/mcp",
        "rawQueryString": "",
        "headers": {
            "host": "mcp.example.com",
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
        "requestContext": {
            "domainName": "mcp.example.com",
            "http": {"method": method, "path": "/mcp"},
            "authorizer": {"jwt": {"claims": {"sub": "alice", "client_id": "people", "scope": "mcp/invoke"}}},
        },
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": encoded,
    }


def rpc_event(rpc_method: str, version: str = MODERN, **params: Any) -> Event:
    """Return the event of one JSON-RPC request, as a client of that protocol revision sends it."""
    headers = {"mcp_protocol_version": version}
    if version == MODERN:
        headers |= {"mcp_method": rpc_method}
        if name := params.get("name", params.get("uri")):
            headers |= {"mcp_name": name}
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
            **params.get("_meta", {}),
        }
    request = {"jsonrpc": "2.0", "id": 7, "method": rpc_method, "params": params}
    return http_event(json.dumps(request), **headers)


def messages(response: Any) -> list[dict[str, Any]]:
    """Return the JSON-RPC messages of a response, which are one JSON body or a stream of server-sent events."""
    if response["headers"]["content-type"].startswith("application/json"):
        return [json.loads(response["body"])]
    lines = response["body"].splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]


Handler = Callable[[Any, Any], Any]


@pytest.fixture
def handle() -> Handler:
    """The Lambda handler, made once, as an execution environment makes it."""
    from app import lambda_handler

    return lambda_handler
