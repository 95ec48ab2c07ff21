"""Two thousand malformed events through the handler: no exception, no 5xx, and the token never comes back."""

import base64
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Bake

TOKEN = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl"  # shaped like one, and nobody's
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Context:
    """Lambda's context, as far as the handler reads it."""

    function_name = invoked_function_arn = aws_request_id = "test"
    memory_limit_in_mb = 1024

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


@pytest.fixture(scope="module")
def handler(bake: Bake) -> Iterator[Any]:
    """The default project's handler, made once, as an execution environment makes it."""
    source = bake() / "src"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(source))
        patch.setenv("MCP_URL", "https://mcp.example.com/mcp")
        patch.setenv("ALLOWED_ORIGINS", "http://localhost:6274")
        patch.setenv("TOOL_SCOPES", "")
        patch.setenv("POWERTOOLS_METRICS_NAMESPACE", "MCP")
        patch.setenv("POWERTOOLS_SERVICE_NAME", "test")
        # No tool may reach anything; that is not what is tested here.
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        before = set(sys.modules)
        import app

        yield app.lambda_handler
        for name in set(sys.modules) - before:
            if str(source) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4),
    max_leaves=12,
)
methods = st.sampled_from(
    [
        "initialize",
        "ping",
        "tools/list",
        "tools/call",
        "resources/list",
        "resources/read",
        "prompts/get",
        "server/discover",
        "completion/complete",
        "subscriptions/listen",
        "logging/setLevel",
        "notifications/cancelled",
        "no/such",
    ]
)
versions = st.sampled_from(
    ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", "2099-01-01", "", "x"]
)
names = st.sampled_from(["made_up", "", "../..", "a" * 500]) | st.text(max_size=20)


def mostly(usual: str, *others: str) -> st.SearchStrategy[str]:
    """Draw the usual value nearly always, so that an event has one fault and not many."""
    return st.sampled_from([usual] * 9 * len(others) + [*others])


def few(items: st.SearchStrategy[str]) -> st.SearchStrategy[set[str]]:
    """Draw no item half of the time, else one or two."""
    return st.booleans().flatmap(lambda some: st.sets(items, min_size=1, max_size=2) if some else st.just(set()))


@st.composite
def bodies(draw: st.DrawFn) -> Any:
    """Draw a body: JSON-RPC with parts missing or mistyped, any JSON, or text that is none."""
    kind = draw(st.sampled_from(["rpc", "rpc", "rpc", "json", "text", "deep", "huge"]))
    if kind == "json":
        return json.dumps(draw(anything))
    if kind == "text":
        return draw(st.text(max_size=200))
    if kind == "deep":
        depth = draw(st.integers(1, 5_000))
        return "[" * depth + "]" * depth
    if kind == "huge":
        return json.dumps({"jsonrpc": "2.0", "id": 10 ** draw(st.integers(1, 4_000)), "method": "ping"})
    request: dict[str, Any] = {
        "jsonrpc": draw(st.just("2.0") | anything),
        "id": draw(st.integers() | anything),
        "method": draw(methods | anything),
        "params": draw(
            anything | st.fixed_dictionaries({"name": names, "arguments": anything, "_meta": st.just(META)})
        ),
    }
    for name in draw(few(st.sampled_from(list(request)))):
        del request[name]
    return json.dumps(request)


@st.composite
def events(draw: st.DrawFn) -> Any:
    """Draw an event that API Gateway might send, with parts missing or mistyped; a tenth are no event at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(anything)
    body = draw(bodies())
    encoded = draw(st.booleans())
    headers = {
        "Host": "mcp.example.com",
        "content-type": draw(mostly("application/json", "application/json; charset=x", "text/plain", "")),
        "accept": draw(mostly("application/json, text/event-stream", "application/json", "*/*", "")),
        "authorization": f"Bearer {TOKEN}",
        draw(st.sampled_from(["mcp-protocol-version", "MCP-Protocol-Version"])): draw(versions),
        "mcp-method": draw(methods | st.text(max_size=20)),
        "mcp-name": draw(names),
    }
    for name in draw(few(st.sampled_from(list(headers)))):
        del headers[name]
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": draw(mostly("/mcp", "/", "/mcp/", "/%ff", "\ud800")),
        "rawQueryString": draw(st.sampled_from(["", "a=b", "\x00"])),
        "headers": headers,
        "requestContext": {
            "http": {"method": draw(mostly("POST", "GET", "DELETE", "post", ""))},
            "authorizer": {"jwt": {"claims": draw(anything)}},
        },
        "body": base64.b64encode(body.encode(errors="surrogatepass")).decode() if encoded else body,
        "isBase64Encoded": encoded,
    }
    for name in draw(few(st.sampled_from(list(event)))):
        event[name] = draw(anything)
    return event


@settings(
    max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(event=events())
def test_no_malformed_event_is_more_than_a_bad_request(handler: Any, event: Any) -> None:
    response = handler(event, Context())
    assert 200 <= response["statusCode"] < 500, response
    assert TOKEN not in json.dumps(response)
    assert "Traceback" not in response["body"]
