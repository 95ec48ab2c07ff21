"""The gateway authorizes, lists and calls as an AgentCore Gateway does, with real clients, tokens and functions."""

import json
import logging
import re
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import TextContent

from local.functions import Host, LambdaFunction
from local.gateway.gateway import Gateway
from local.gateway.targets import tools
from local.intrinsics import TemplateError
from local.listener import Listener
from local.runtime_api import LARGEST_PAYLOAD
from local.template import Stack, load

pytestmark = pytest.mark.anyio

TOOLS = """
import sys

def handler(event, context):
    return getattr(sys.modules[__name__], context.client_context.custom["bedrockAgentCoreToolName"].split("___")[1])(
        event, context)

def look_up(event, context):
    return {"event": event, "custom": context.client_context.custom, "arn": context.invoked_function_arn}

def fail(event, context):
    raise ValueError("no such order")

def say(event, context):
    return event["text"]

def mimic(event, context):
    return {"content": [{"type": "text", "text": "no"}], "isError": True}

def count(event, context):
    return {"orders": 2} if event.get("well") else [1, 2]
"""
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Tools:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: tools.handler, Runtime: python3.13, Timeout: 20, AutoPublishAlias: live}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: bedrock-agentcore.amazonaws.com}
            Action: sts:AssumeRole
            Condition:
              StringEquals: {"aws:SourceAccount": !Ref AWS::AccountId}
              ArnLike: {"aws:SourceArn": !Sub "arn:aws:bedrock-agentcore:*:${AWS::AccountId}:gateway/*"}
      Policies:
        - PolicyName: invoke
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{Effect: Allow, Action: lambda:InvokeFunction, Resource: !Ref Tools.Alias}]
  Gateway:
    Type: AWS::BedrockAgentCore::Gateway
    Properties:
      Name: orders
      RoleArn: !GetAtt Role.Arn
      ProtocolType: MCP
      ProtocolConfiguration:
        Mcp: {Instructions: Ask for orders., SupportedVersions: ["2025-06-18", "2025-11-25", "2026-07-28"]}
      AuthorizerType: CUSTOM_JWT
      AuthorizerConfiguration:
        CustomJWTAuthorizer:
          DiscoveryUrl: https://issuer.example/.well-known/openid-configuration
          AllowedAudience: ["https://api.example/mcp"]
          AllowedClients: [app]
          AllowedScopes: [mcp/invoke, mcp/admin]
          AdvertisedScopeMapping: {mcp/admin: "api://orders/admin"}
  Target:
    Type: AWS::BedrockAgentCore::GatewayTarget
    Properties:
      GatewayIdentifier: !Ref Gateway
      Name: orders
      CredentialProviderConfigurations: [{CredentialProviderType: GATEWAY_IAM_ROLE}]
      TargetConfiguration:
        Mcp:
          Lambda:
            LambdaArn: !Ref Tools.Alias
            ToolSchema:
              InlinePayload:
                - Name: look_up
                  Description: Look an order up.
                  InputSchema:
                    Type: object
                    Description: What to look up.
                    Properties:
                      id: {Type: string, Description: The order's.}
                      Items: {Type: array, Items: {Type: integer}}
                    Required: [id]
                - {Name: fail, Description: Fail., InputSchema: {Type: object}}
                - {Name: say, Description: Say., InputSchema: {Type: object, Properties: {text: {Type: string}}}}
                - {Name: mimic, Description: Look like a result., InputSchema: {Type: object}}
                - Name: count
                  Description: Count.
                  InputSchema: {Type: object}
                  OutputSchema: {Type: object, Properties: {orders: {Type: integer}}}
Outputs:
  McpUrl: {Value: !GetAtt Gateway.GatewayUrl}
"""
ALL_TOOLS = ["orders___look_up", "orders___fail", "orders___say", "orders___mimic", "orders___count"]
HANDSHAKE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
PERMITTED = "Statement: [{Effect: Allow, Action: lambda:InvokeFunction, Resource: !Ref Tools.Alias}]"

Serve = Callable[..., AbstractAsyncContextManager[str]]
both_eras = pytest.mark.parametrize("era", ["legacy", "2026-07-28"])


def changed(*changes: tuple[str, str]) -> str:
    template = TEMPLATE
    for old, new in changes:
        assert template.count(old) == 1, old
        template = template.replace(old, new)
    return template


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory, issuer: Any) -> Serve:
    """Serve the gateway of a template; what is returned is its origin."""
    project = tmp_path_factory.mktemp("gateway")
    (project / "code").mkdir()
    (project / "code" / "tools.py").write_text(TOOLS)

    @asynccontextmanager
    async def served(template: str = TEMPLATE) -> AsyncIterator[str]:
        (project / "template.yaml").write_text(template)
        stack = load(project / "template.yaml").relocated({"https://issuer.example": issuer.url})
        host = Host(Path(sys.executable), log=lambda _name, _line: None)
        (resource,) = stack.of_type("AWS::Lambda::Function")
        gateway: Gateway

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            await gateway(scope, receive, send)

        async with Listener(answer) as listener, LambdaFunction(resource, project / "code", host) as function:
            gateway = Gateway(stack, {"Tools": function}, listener.authority)
            yield f"http://{listener.authority}"

    return served


@pytest.fixture(scope="module")
async def origin(serve: Serve) -> AsyncIterator[str]:
    async with serve() as origin:
        yield origin


def token(issuer: Any, **claims: Any) -> str:
    signed: str = issuer.token(**({"client_id": "app"} | claims))
    return signed


@asynccontextmanager
async def connected(origin: str, issuer: Any, era: str = "legacy") -> AsyncIterator[Client]:
    headers = {"authorization": f"Bearer {token(issuer)}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{origin}/mcp", http_client=http), mode=era) as client,
    ):
        yield client


async def posted(origin: str, issuer: Any, method: str, params: dict[str, Any], **headers: str) -> httpx2.Response:
    usual = {"accept": "application/json, text/event-stream", "authorization": f"Bearer {token(issuer)}"}
    message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
    async with httpx2.AsyncClient(timeout=30) as http:
        return await http.post(f"{origin}/mcp", json=message, headers=usual | headers)


async def refused(origin: str, **request: Any) -> httpx2.Response:
    async with httpx2.AsyncClient(timeout=30) as http:
        return await http.post(f"{origin}/mcp", **request)


def text(result: Any) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def challenge(origin: str, error: str) -> str:
    metadata = f"{origin}/.well-known/oauth-protected-resource"
    return f'Bearer error="{error}", scope="mcp/invoke api://orders/admin", resource_metadata="{metadata}"'


@both_eras
async def test_the_tools_are_those_of_the_target_with_json_schemas(origin: str, issuer: Any, era: str) -> None:
    async with connected(origin, issuer, era) as client:
        assert client.protocol_version == (era if era == "2026-07-28" else "2025-11-25")
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ALL_TOOLS
    assert tools[0].description == "Look an order up."
    assert tools[0].input_schema == {
        "type": "object",
        "description": "What to look up.",
        "properties": {
            "id": {"type": "string", "description": "The order's."},
            "Items": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["id"],
    }
    assert tools[0].output_schema is None
    assert tools[4].output_schema == {"type": "object", "properties": {"orders": {"type": "integer"}}}


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_nothing_but_tools_is_offered(origin: str, issuer: Any, era: str) -> None:
    async with connected(origin, issuer, era) as client:
        assert client.server_capabilities is not None
        offered = client.server_capabilities.model_dump(exclude_none=True)
        assert client.instructions == "Ask for orders."
        with pytest.raises(MCPError, match="Method not found"):
            await client.list_resources()
    assert list(offered) == ["tools"]


@both_eras
async def test_a_call_gives_the_function_its_arguments_and_the_rest_in_the_client_context(
    origin: str, issuer: Any, era: str
) -> None:
    async with connected(origin, issuer, era) as client:
        for _ in range(2):
            result = await client.call_tool("orders___look_up", {"id": "a-1", "Items": [1]})
            assert not result.is_error
            assert result.structured_content is None
    seen = json.loads(text(result))
    assert seen["event"] == {"id": "a-1", "Items": [1]}
    custom = seen["custom"]
    assert custom.pop("bedrockAgentCoreAwsRequestId").count("-") == 4
    assert custom.pop("bedrockAgentCoreMcpMessageId").isdecimal()
    assert custom.pop("bedrockAgentCoreGatewayId").startswith("gateway-")
    assert len(custom.pop("bedrockAgentCoreTargetId")) == 10
    assert custom == {"bedrockAgentCoreToolName": "orders___look_up", "bedrockAgentCoreMessageVersion": "1.0"}


async def test_the_message_id_is_the_clients(origin: str, issuer: Any) -> None:
    answer = await posted(
        origin, issuer, "tools/call", {"name": "orders___look_up"}, **{"mcp-protocol-version": "2025-11-25"}
    )
    seen = json.loads(answer.json()["result"]["content"][0]["text"])
    assert seen["custom"]["bedrockAgentCoreMcpMessageId"] == "7"
    assert seen["event"] == {}


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("say", {"text": "é"}, '"é"'),
        ("say", {"text": None}, "null"),
        ("mimic", {}, '{"content":[{"type":"text","text":"no"}],"isError":true}'),
    ],
)
async def test_what_a_function_returns_is_the_text_as_json(
    origin: str, issuer: Any, tool: str, arguments: dict[str, Any], expected: str
) -> None:
    async with connected(origin, issuer) as client:
        result = await client.call_tool(f"orders___{tool}", arguments)
    assert (text(result), result.is_error) == (expected, False)


async def test_an_object_is_structured_content_too_where_the_tool_has_an_output_schema(
    origin: str, issuer: Any
) -> None:
    async with connected(origin, issuer) as client:
        result = await client.call_tool("orders___count", {"well": True})
        assert (text(result), result.structured_content) == ('{"orders":2}', {"orders": 2})


@both_eras
async def test_a_function_error_is_an_internal_error_and_the_log_says_more(
    origin: str, issuer: Any, era: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(origin, issuer, era) as client:
        with caplog.at_level(logging.WARNING, "local"):
            result = await client.call_tool("orders___fail")
        assert not (await client.call_tool("orders___look_up")).is_error
    assert (text(result), result.is_error) == ("An internal error occurred. Please retry later.", True)
    assert result.meta is None or "debug" not in result.meta
    assert "Tools: function error: no such order" in caplog.text


async def test_debugging_tells_the_client_of_a_function_error(serve: Serve, issuer: Any) -> None:
    debugging = changed(("      ProtocolType: MCP", "      ExceptionLevel: DEBUG"))
    async with serve(debugging) as origin, connected(origin, issuer) as client:
        result = await client.call_tool("orders___fail")
    assert (text(result), result.is_error) == ("function error: no such order", True)
    assert result.meta == {"debug": {"type": "text", "text": "function error: no such order"}}


async def test_a_request_that_is_too_large_is_refused_before_the_token_is_looked_at(origin: str) -> None:
    assert (await refused(origin, content=b"x" * LARGEST_PAYLOAD)).status_code == 401
    assert (await refused(origin, content=b"x" * (LARGEST_PAYLOAD + 1))).status_code == 413


async def test_an_event_that_is_too_large_for_the_function_is_an_internal_error(origin: str, issuer: Any) -> None:
    # These numbers take more room when they are written anew.
    params = {"name": "orders___look_up", "arguments": {"Items": ["number"] * 400_000}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    message = json.dumps(call).replace('"number"', "1e15")
    headers = {
        "accept": "application/json",
        "authorization": f"Bearer {token(issuer)}",
        "content-type": "application/json",
        "mcp-protocol-version": "2025-11-25",
    }
    answer = await refused(origin, content=message, headers=headers)
    assert answer.json()["result"]["isError"] is True


async def test_an_unknown_tool_is_an_error_of_the_protocol(origin: str, issuer: Any) -> None:
    async with connected(origin, issuer) as client:
        for name in ("look_up", "orders__look_up", "other___look_up"):
            with pytest.raises(MCPError, match=f"Unknown tool: {name}") as raised:
                await client.call_tool(name)
            assert raised.value.code == -32602


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ((PERMITTED, "Statement: []"), "no inline policy of Role allows lambda:InvokeFunction on .*Tools:live"),
        (("Resource: !Ref Tools.Alias", "Resource: !GetAtt Tools.Arn"), "no inline policy of Role allows .*Tools:live"),
        (("Action: lambda:InvokeFunction,", "Action: lambda:GetFunction,"), "no inline policy of Role allows"),
        (("Effect: Allow, Action: lambda", "Effect: Deny, Action: lambda"), "no inline policy of Role allows"),
        (
            ("Service: bedrock-agentcore.amazonaws.com", "Service: bedrock.amazonaws.com"),
            "the role Role does not trust bedrock-agentcore.amazonaws.com",
        ),
        (('{"aws:SourceAccount": !Ref AWS::AccountId}', '{"aws:SourceAccount": "1"}'), "the role Role does not trust"),
        (("gateway/*", "gateway/other-*"), "the role Role does not trust"),
        (("Action: sts:AssumeRole", "Action: sts:TagSession"), "the role Role does not trust"),
    ],
)
async def test_without_the_permission_a_call_fails_and_the_log_says_what_is_missing(
    serve: Serve, issuer: Any, caplog: pytest.LogCaptureFixture, change: tuple[str, str], missing: str
) -> None:
    async with serve(changed(change)) as origin, connected(origin, issuer) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ALL_TOOLS
        with caplog.at_level(logging.WARNING, "local"):
            result = await client.call_tool("orders___look_up")
    assert (text(result), result.is_error) == ("An internal error occurred. Please retry later.", True)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "local.gateway.server"]
    assert line.startswith("orders___look_up cannot be called: ")
    assert re.search(missing, line)


async def test_debugging_tells_the_client_that_access_is_denied(serve: Serve, issuer: Any) -> None:
    debugging = changed(("      ProtocolType: MCP", "      ExceptionLevel: DEBUG"), (PERMITTED, "Statement: []"))
    async with serve(debugging) as origin, connected(origin, issuer) as client:
        result = await client.call_tool("orders___look_up")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:local-Tools:live"
    assert text(result) == (
        f"Access denied while invoking Lambda function {arn}. Check the permissions on the Lambda function and Gateway "
        "execution role, and retry the request."
    )


@pytest.mark.parametrize(
    "allowing",
    [
        "Action: [lambda:Invoke*], Resource: '*'",
        "Action: 'lambda:invokefunction', Resource: !Sub '${Tools.Arn}:*'",
        "Action: '*', Resource: [!GetAtt Tools.Arn, !Ref Tools.Alias]",
        "Action: lambda:*, Resource: '*', Condition: {StringEquals: {'aws:ResourceAccount': !Ref AWS::AccountId}}",
    ],
)
async def test_a_policy_may_allow_the_call_by_wildcards(written: Callable[..., Stack], allowing: str) -> None:
    stack = written(changed(("Action: lambda:InvokeFunction, Resource: !Ref Tools.Alias", allowing)))
    (gateway,) = stack.of_type("AWS::BedrockAgentCore::Gateway")
    assert {offered.missing for offered in tools(stack, gateway).values()} == {None}


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": ""}, {"authorization": "Bearer"}, {"authorization": "Basic x"}]
)
async def test_no_token_is_challenged_with_the_metadata(origin: str, headers: dict[str, str]) -> None:
    response = await refused(origin, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == challenge(origin, "invalid_token")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"aud": "https://other.example/mcp"}, 401),
        ({"aud": None}, 401),
        ({"aud": ["https://other.example", 5]}, 401),
        ({"iss": "https://other.example"}, 401),
        ({"iss": None}, 401),
        ({"exp": int(time.time()) - 5}, 401),
        ({"exp": None}, 401),
        ({"nbf": int(time.time()) + 600}, 401),
        ({"client_id": "other"}, 401),
        ({"client_id": None, "azp": "app"}, 401),
        ({"algorithm": "RS512"}, 401),
        ({"algorithm": "HS256", "key": "secret" * 8}, 401),
        ({"algorithm": "none", "key": ""}, 401),
        ({"header": {"kid": "other"}}, 401),
        ({"header": {"kid": None}}, 401),
        ({"key": rsa.generate_private_key(65537, 2048)}, 401),
        ({"scope": "openid"}, 403),
        ({"scope": None}, 403),
        ({"scope": "mcp/invoker mcp"}, 403),
    ],
)
async def test_a_bad_token_is_refused(origin: str, issuer: Any, fault: dict[str, Any], status: int) -> None:
    if fault.get("header") == {"kid": None}:
        claims = {"iss": issuer.url, "aud": "https://api.example/mcp", "client_id": "app", "exp": time.time() + 60}
        bad = jwt.encode(claims | {"scope": "mcp/invoke"}, issuer.key, "RS256")
    else:
        bad = token(issuer, **fault)
    response = await refused(origin, headers={"authorization": f"Bearer {bad}"})
    assert response.status_code == status
    error = "invalid_token" if status == 401 else "insufficient_scope"
    assert response.headers["www-authenticate"] == challenge(origin, error)


@pytest.mark.parametrize("bad", ["x", "a.b.c", "..", "e30.e30.e30", "W10.W10."])
async def test_what_is_no_token_is_refused(origin: str, bad: str) -> None:
    response = await refused(origin, headers={"authorization": f"Bearer {bad}"})
    assert response.status_code == 401


@pytest.mark.parametrize("scheme", ["", "Basic ", "DPoP "])
async def test_a_good_token_under_another_scheme_is_refused(origin: str, issuer: Any, scheme: str) -> None:
    response = await refused(origin, headers={"authorization": scheme + token(issuer)})
    assert response.status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": "openid mcp/admin"},
        {"scope": None, "scp": ["mcp/invoke"]},
        {"scope": None, "scp": "mcp/invoke"},
        {"aud": ["https://other.example", "https://api.example/mcp"]},
    ],
)
async def test_one_audience_and_one_scope_suffice(origin: str, issuer: Any, claims: dict[str, Any]) -> None:
    headers = {"authorization": f"bearer {token(issuer, **claims)}"}
    answer = await posted(origin, issuer, "initialize", HANDSHAKE, **headers)
    assert (answer.status_code, answer.json()["result"]["protocolVersion"]) == (200, "2025-11-25")


async def test_without_allowances_any_token_of_the_issuer_will_do(serve: Serve, issuer: Any) -> None:
    names = ("AllowedAudience: [", "AllowedClients: [", "AllowedScopes: [", "AdvertisedScopeMapping: {")
    lines = [line for line in TEMPLATE.splitlines() if not line.strip().startswith(names)]
    async with serve("\n".join(lines)) as origin:
        headers = {"authorization": f"Bearer {token(issuer, aud=None, client_id=None, scope=None)}"}
        assert (await posted(origin, issuer, "initialize", HANDSHAKE, **headers)).status_code == 200
        metadata = f"{origin}/.well-known/oauth-protected-resource"
        found = (await refused(origin)).headers["www-authenticate"]
        assert found == f'Bearer error="invalid_token", resource_metadata="{metadata}"'
        async with httpx2.AsyncClient() as http:
            assert "scopes_supported" not in (await http.get(metadata)).json()


async def test_the_metadata_leads_to_the_issuer_without_a_token(origin: str, issuer: Any) -> None:
    async with httpx2.AsyncClient() as http:
        response = await http.get(f"{origin}/.well-known/oauth-protected-resource")
    assert response.status_code == 200
    assert response.json() == {
        "authorization_servers": [issuer.url],
        "resource": f"{origin}/mcp",
        "scopes_supported": ["mcp/invoke", "api://orders/admin"],
    }


async def test_without_its_issuer_nobody_is_let_in_and_the_log_says_why(
    serve: Serve, issuer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    gone = changed(("https://issuer.example/.well-known", "http://127.0.0.1:9/.well-known"))
    async with serve(gone) as origin, httpx2.AsyncClient() as http:
        with caplog.at_level(logging.WARNING, "local"):
            assert (await http.get(f"{origin}/.well-known/oauth-protected-resource")).status_code == 500
            response = await refused(origin, headers={"authorization": f"Bearer {token(issuer)}"})
    assert response.status_code == 401
    assert "no issuer from http://127.0.0.1:9/.well-known/openid-configuration" in caplog.text
    assert "no keys from http://127.0.0.1:9/.well-known/openid-configuration" in caplog.text


@pytest.mark.parametrize(
    ("path", "status"), [("/", 404), ("/mcp/", 404), ("/.well-known/oauth-protected-resource/mcp", 404)]
)
async def test_there_is_nothing_else(origin: str, path: str, status: int) -> None:
    async with httpx2.AsyncClient() as http:
        assert (await http.get(origin + path)).status_code == status


async def test_other_methods_than_post_are_not_allowed(origin: str, issuer: Any) -> None:
    headers = {"authorization": f"Bearer {token(issuer)}", "accept": "text/event-stream"}
    async with httpx2.AsyncClient() as http:
        for method in ("GET", "DELETE"):
            response = await http.request(method, f"{origin}/mcp", headers=headers)
            assert (response.status_code, response.headers["allow"]) == (405, "POST")
            assert (await http.request(method, f"{origin}/mcp")).status_code == 401


async def test_another_name_than_the_gateways_is_forbidden(origin: str, issuer: Any) -> None:
    answer = await posted(origin, issuer, "initialize", HANDSHAKE, host="evil.example")
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("2025-06-18", "2025-06-18"), ("2025-03-26", "2025-11-25"), ("2024-11-05", "2025-11-25"), ("x", "2025-11-25")],
)
async def test_a_handshake_ends_in_a_supported_version(origin: str, issuer: Any, asked: str, spoken: str) -> None:
    answer = await posted(origin, issuer, "initialize", HANDSHAKE | {"protocolVersion": asked})
    assert answer.json()["result"]["protocolVersion"] == spoken
    assert "mcp-session-id" not in answer.headers


@pytest.mark.parametrize("version", ["2025-03-26", "2024-11-05", "2099-01-01"])
async def test_a_request_in_another_version_is_refused(origin: str, issuer: Any, version: str) -> None:
    answer = await posted(origin, issuer, "tools/list", {}, **{"mcp-protocol-version": version})
    assert answer.status_code == 400
    supported = ["2025-06-18", "2025-11-25", "2026-07-28"]
    assert answer.json() == {
        "jsonrpc": "2.0",
        "id": 7,
        "error": {
            "code": -32022,
            "message": "Unsupported protocol version",
            "data": {"supported": supported, "requested": version},
        },
    }


async def test_a_request_without_a_version_is_one_of_2025_03_26(origin: str, issuer: Any) -> None:
    answer = await posted(origin, issuer, "tools/list", {})
    assert answer.json()["error"]["data"]["requested"] == "2025-03-26"


async def test_a_gateway_for_old_versions_sends_new_clients_back_to_the_handshake(serve: Serve, issuer: Any) -> None:
    versions = 'SupportedVersions: ["2025-06-18", "2025-11-25", "2026-07-28"]'
    async with serve(changed((versions, 'SupportedVersions: ["2025-06-18"]'))) as origin:
        async with connected(origin, issuer, "auto") as client:
            assert client.protocol_version == "2025-06-18"
            assert len((await client.list_tools()).tools) == 5
        async with connected(origin, issuer, "2026-07-28") as client:
            with pytest.raises(MCPError, match="Unsupported protocol version"):
                await client.list_tools()


async def test_a_gateway_for_the_newest_version_refuses_the_handshake(serve: Serve, issuer: Any) -> None:
    versions = 'SupportedVersions: ["2025-06-18", "2025-11-25", "2026-07-28"]'
    async with serve(changed((versions, 'SupportedVersions: ["2026-07-28"]'))) as origin:
        async with connected(origin, issuer, "auto") as client:
            assert client.protocol_version == "2026-07-28"
        error = (await posted(origin, issuer, "initialize", HANDSHAKE)).json()["error"]
        assert (error["code"], error["data"]["supported"]) == (-32022, ["2026-07-28"])


INPUT = "{Name: fail, Description: Fail., InputSchema: {Type: object}}"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("ProtocolType: MCP", "ProtocolType: HTTP"), "ProtocolType of Gateway must be MCP"),
        (("AuthorizerType: CUSTOM_JWT", "AuthorizerType: NONE"), "AuthorizerType of Gateway must be CUSTOM_JWT"),
        (('"2025-06-18", ', '"2024-11-05", '), "SupportedVersions of Gateway has 2024-11-05"),
        (
            ("openid-configuration", "oauth-authorization-server"),
            "DiscoveryUrl of Gateway is .*must be a URL that ends",
        ),
        (("https://issuer.example", "issuer.example"), "DiscoveryUrl of Gateway is .*must be a URL that ends"),
        (("AllowedClients: [app]", "CustomClaims: [{}]"), "CustomJWTAuthorizer of Gateway has CustomClaims"),
        (("RoleArn: !GetAtt Role.Arn", "RoleArn: arn:aws:iam::1:role/other"), "RoleArn of Gateway is 'arn.*no role"),
        (("GatewayIdentifier: !Ref Gateway", "GatewayIdentifier: x"), "GatewayIdentifier of Target is not the gateway"),
        (("      Name: orders\n      Cred", "      Name: or_ders\n      Cred"), "Name of Target is 'or_ders'"),
        (("[{CredentialProviderType: GATEWAY_IAM_ROLE}]", "[]"), "CredentialProviderConfigurations of Target must be"),
        (("          Lambda:\n", "          McpServer:\n"), "Target has no TargetConfiguration.Mcp.Lambda"),
        (
            ("LambdaArn: !Ref Tools.Alias", "LambdaArn: !Sub '${Tools.Arn}:beta'"),
            "LambdaArn of Target is .*no function",
        ),
        (("LambdaArn: !Ref Tools.Alias", "LambdaArn: !Ref Tools"), "LambdaArn of Target is .*names no function"),
        (("LambdaArn: !Ref Tools.Alias", "LambdaArn: !Sub 'x/${Tools.Arn}/y'"), "LambdaArn of Target is no ARN"),
        (("ToolSchema:\n              InlinePayload:", "ToolSchema:\n              S3:"), "Target has no tools in"),
        ((INPUT, "{Name: fail, InputSchema: {Type: object}}"), "A tool of Target has no Description"),
        ((INPUT, "{Description: x, InputSchema: {Type: object}}"), "A tool of Target has no Name"),
        ((INPUT, "fail"), "A tool of Target is no object"),
        (
            ("Required: [id]", "Required: id"),
            "Properties of InputSchema of Tool look_up.*must be an object, and Required a",
        ),
        (
            (INPUT, INPUT.replace("}}", ", Properties: [a]}}")),
            "Properties of InputSchema of Tool fail.*must be an object",
        ),
        ((INPUT, INPUT.replace("fail", "say")), "Target has more than one tool orders___say"),
        ((INPUT, INPUT.replace("}}", "}, Title: x}")), "Tool fail of Target has a Title"),
        ((INPUT, INPUT.replace("object", "string")), "InputSchema of Tool fail of Target must be of Type object"),
        ((INPUT, INPUT.replace("object", "[object, 'null']")), "InputSchema of Tool fail of Target needs a Type"),
        ((INPUT, INPUT.replace("Type: object", "type: object")), "InputSchema of Tool fail of Target needs a Type"),
        (
            ("id: {Type: string,", "id: {Type: string, Enum: [a],"),
            "id in InputSchema of Tool look_up.*has Enum; a schema",
        ),
        (("Items: {Type: integer}", "Items: {Type: int}"), "an item in Items in InputSchema.*needs a Type"),
        (("Action: sts:AssumeRole", "NotAction: sts:AssumeRole"), "Role has a statement with NotAction"),
        (("StringEquals: {", "Bool: {"), "Role has a condition Bool, which is not evaluated here"),
    ],
)
def test_a_gateway_that_would_not_deploy_or_not_work_is_refused(
    written: Callable[..., Stack], change: tuple[str, str], complaint: str
) -> None:
    with pytest.raises(TemplateError, match=complaint):
        Gateway(written(changed(change)), {}, "localhost")


def test_a_template_needs_one_gateway_with_a_target(written: Callable[..., Stack]) -> None:
    head, _, target = TEMPLATE.partition("  Target:\n")
    with pytest.raises(TemplateError, match="The gateway Gateway has no target"):
        Gateway(written(head), {}, "localhost")
    gateway = head.partition("  Gateway:\n")[2]
    with pytest.raises(TemplateError, match="must have one AWS::BedrockAgentCore::Gateway"):
        Gateway(written(f"{head}  Other:\n{gateway}  Target:\n{target}"), {}, "localhost")


def test_the_gateway_has_the_names_of_one(written: Callable[..., Stack]) -> None:
    stack = written(TEMPLATE)
    (gateway,), (target,) = (stack.of_type(f"AWS::BedrockAgentCore::{kind}") for kind in ("Gateway", "GatewayTarget"))
    assert stack.outputs["McpUrl"] == f"https://{gateway.ref}.gateway.bedrock-agentcore.us-east-1.amazonaws.com/mcp"
    assert target.ref.startswith(f"{gateway.ref}|")
