"""Every function that takes a caller's bytes: how it is made, what it is sent, and what it may answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from local.outcome import Outcome, Result
from robustness import hostile
from robustness.hostile import MODERN, TOKEN, Event
from variants import DEFAULT, Answers

_INTERNAL_ERROR = -32603
LEGACY = "2025-11-25"
HOST = "mcp.example.com"
# What the runtime client answers by itself to what its JSON parser refuses.
_NO_JSON = {"Runtime.UnmarshalError", "Runtime.LambdaContextUnmarshalError"}
_CLAIMS = {"jwt": {"claims": {"sub": "alice", "scope": "a b", "client_id": "c"}}}
_PRINCIPAL = {"iam": {"userArn": "arn:aws:iam::123456789012:user/alice", "accountId": "123456789012"}}


@dataclass(frozen=True)
class Front:
    """A function of a generated project, as callers reach it.

    `events` are what the fuzz sends it, and `good` is answered with a text that has `answer` in it. `quick` puts a
    server that starts in no time in the place of the stdio server.
    """

    name: str
    answers: Answers
    events: st.SearchStrategy[Event]
    judge: Callable[[Any], None]
    good: tuple[Event, ...]
    answer: str
    function: str = "McpFunction"
    streams: bool = False
    quick: bool = False
    variables: dict[str, str] = field(default_factory=dict)

    def hold(self, result: Result) -> None:
        """Hold the answer to a malformed event to what every front owes its callers."""
        if result.outcome is not Outcome.RESPONSE and result.payload.get("errorType") in _NO_JSON:
            return
        assert result.outcome is Outcome.RESPONSE, result
        text = json.dumps(result.payload)
        assert TOKEN not in text
        assert "Traceback" not in text
        self.judge(result.payload)

    def hold_good(self, result: Result) -> None:
        """Hold the answer to a good event to be one."""
        assert result.outcome is Outcome.RESPONSE, result
        assert self.answer in json.dumps(result.payload), result


def _judge_http(response: Any) -> None:
    assert 200 <= response["statusCode"] < 500, response
    assert all(isinstance(value, str) for value in response["headers"].values())
    body = response["body"]
    # A tool's failure is a result; an internal error is a defect that a 200 would hide.
    assert f'"code":{_INTERNAL_ERROR}' not in body.replace('"code": ', '"code":'), response


def _judge_message(answer: Any) -> None:
    if answer == {}:
        return
    assert answer["jsonrpc"] == "2.0"
    assert ("result" in answer) != ("error" in answer)
    assert answer["id"] is None or type(answer["id"]) in {int, str}
    assert answer.get("error", {}).get("code") != _INTERNAL_ERROR, answer


def _judge_tool(answer: Any) -> None:
    assert isinstance(answer, dict)
    assert f"({_INTERNAL_ERROR})" not in json.dumps(answer), answer


def _judge_authorization(answer: Any) -> None:
    assert answer == {"isAuthorized": False}


def _shape(**answers: str) -> Answers:
    return DEFAULT | answers


def message(version: str, method: str = "tools/list", **params: Any) -> dict[str, Any]:
    """Return a message that is right."""
    if version == MODERN:
        keys = ("io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities")
        params["_meta"] = dict(zip(keys, (MODERN, {}), strict=True))
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def request(version: str, path: str = "/mcp", body: Any = None) -> Event:
    """Return the event of an HTTP request that is right, for the list of tools unless a message is given."""
    body = body or message(version)
    headers = {
        "host": HOST,
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": version,
        "mcp-method": body.get("method", ""),
        **({"mcp-name": body["params"]["name"]} if "name" in body.get("params", {}) else {}),
    }
    event = {
        "version": "2.0",
        "routeKey": f"POST {path}",
        "rawPath": path,
        "headers": headers,
        "requestContext": {"domainName": HOST, "http": {"method": "POST", "path": path}},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
    return Event(json.dumps(event).encode())


def _http(
    name: str, answers: Answers, *versions: str, identity: Any = _CLAIMS, well_formed: bool = False, **more: Any
) -> Front:
    return Front(
        name,
        answers,
        hostile.http_events(host=HOST, identity=identity, well_formed=well_formed),
        _judge_http,
        tuple(request(version) for version in versions),
        "count_s3_buckets",
        # The API's own name is made up with the stack.
        variables={"MCP_URL": f"https://{HOST}/mcp"},
        **more,
    )


def _invoked(name: str, answers: Answers, *versions: str, **more: Any) -> Front:
    good = tuple(Event(json.dumps(message(version)).encode()) for version in versions)
    return Front(name, answers, hostile.messages(), _judge_message, good, "count_s3_buckets", **more)


def _gateway(name: str, answers: Answers, **more: Any) -> Front:
    context = json.dumps({"custom": {"bedrockAgentCoreToolName": "tools___count_s3_buckets"}})
    return Front(name, answers, hostile.gateway_calls(), _judge_tool, (Event(b"{}", context),), **more)


_FUNCTION_URL = _shape(endpoint="function-url")
_WEB = {"adapter": "web-adapter"}
_STDIO = {"adapter": "stdio"}
FRONTS = [
    _http("http-in-process", _shape(), LEGACY, MODERN),
    _http("function-url-in-process", _FUNCTION_URL | {"state": "dynamodb"}, LEGACY, MODERN, identity=_PRINCIPAL),
    _http("http-web-adapter", _shape(authorization="token", **_WEB), LEGACY, MODERN, well_formed=True),
    _http(
        "function-url-web-adapter",
        _FUNCTION_URL | _WEB,
        LEGACY,
        MODERN,
        identity=_PRINCIPAL,
        well_formed=True,
        streams=True,
    ),
    _http("http-api-stdio", _shape(**_STDIO), LEGACY, quick=True),
    _http("function-url-stdio", _FUNCTION_URL | _STDIO, LEGACY, identity=_PRINCIPAL, quick=True),
    _invoked("lambda-invoke-in-process", _shape(endpoint="lambda-invoke", state="dynamodb"), LEGACY, MODERN),
    _invoked("lambda-invoke-stdio", _shape(endpoint="lambda-invoke", **_STDIO), LEGACY, quick=True),
    _gateway("agentcore-gateway-in-process", _shape(endpoint="agentcore-gateway"), answer="buckets"),
    _gateway("agentcore-gateway-stdio", _shape(endpoint="agentcore-gateway", **_STDIO), answer="echo", quick=True),
    Front(
        "well-known",
        _shape(),
        hostile.registrations(),
        _judge_http,
        (request(MODERN, "/register", {"redirect_uris": ["http://localhost:3118/callback"]}),),
        "client_id",
        function="WellKnownFunction",
    ),
    Front(
        "token-authorizer",
        _shape(authorization="token", **_WEB),
        hostile.authorizations(),
        _judge_authorization,
        (Event(b'{"headers": {"authorization": "Bearer nobody"}}'),),
        "false",
        function="TokenAuthorizerFunction",
    ),
]
