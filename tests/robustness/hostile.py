"""What broken and hostile clients send, as text and bytes: much of it no JSON library would write."""

import base64
import gzip
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

# Shaped like one, and nobody's.
TOKEN = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl"
MODERN = "2026-07-28"
VERSIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", MODERN]
_META = "io.modelcontextprotocol/"
_SENTINELS = ["=?base64??=", "=?base64?!?=", "=?base64?gICA?=", "=?base64?cGluZw==?=", "=?base64?" + "A" * 3_000 + "?="]
_ODD_NAMES = ["\ud800", "a\udfff", "größe", " x ", "a\nb", "\x00", "../..", "x" * 5_000, *_SENTINELS]
# Every method of either era, and some that are none, with parameters that are nearly right.
_REQUESTS: dict[str, dict[str, Any]] = {
    "completion/complete": {
        "ref": {"type": "ref/resource", "uri": "aws://lambda/{function}"},
        "argument": {"name": "function", "value": "o"},
        "context": {"arguments": {"x": "y"}},
    },
    "initialize": {
        "protocolVersion": "2025-06-18",
        "capabilities": {"roots": {"listChanged": True}, "sampling": {}, "elicitation": {}},
        "clientInfo": {"name": "fuzz", "version": "1"},
    },
    "logging/setLevel": {"level": "debug"},
    "notifications/cancelled": {"requestId": 7, "reason": "enough"},
    "notifications/initialized": {},
    "notifications/progress": {"progressToken": "p", "progress": 1, "total": 2},
    "ping": {},
    "prompts/get": {"name": "summarize_errors", "arguments": {"log_group": "/app"}},
    "prompts/list": {"cursor": "1"},
    "resources/list": {"cursor": "1"},
    "resources/read": {"uri": "aws://ec2/regions"},
    "resources/subscribe": {"uri": "aws://ec2/regions"},
    "resources/templates/list": {},
    "roots/list": {},
    "sampling/createMessage": {"messages": [], "maxTokens": 1},
    "server/discover": {},
    "subscriptions/listen": {"notifications": {"toolsListChanged": True}},
    "tasks/get": {"taskId": "1"},
    "tools/list": {"cursor": "1"},
    "no/such": {"a": [1]},
    "": {},
}
_CALLS: list[dict[str, Any]] = [
    {"name": "count_s3_buckets", "arguments": {}},
    {"name": "list_ec2_instances", "arguments": {"state": "running", "cursor": "x"}},
    {"name": "list_lambda_functions", "arguments": {"runtime": "python3.13", "cursor": "50"}},
    {"name": "scan_log_group", "arguments": {"log_group": "/aws/lambda/orders", "pattern": "ERROR", "minutes": 5}},
    {"name": "increment_counter", "arguments": {"handle": "n" * 32}},
    {"name": "update_function_runtime", "arguments": {"function": "orders", "runtime": "python3.13"}},
    {"name": "summarize_log_group", "arguments": {"log_group": "/aws/lambda/orders"}},
    {"name": "export_functions", "arguments": {"uri": "file:///tmp/x.csv"}},
    {"name": "no_such_tool", "arguments": {"a": 1}},
]
_ASKED_BACK = {
    "requestState": "v1.AAAA",
    "inputResponses": {
        "summary": {"role": "assistant", "content": {"type": "text", "text": "x"}, "model": "m"},
        "confirm": {"action": "accept", "content": {"reason": "because"}},
    },
}
_ADDED_HEADERS = {
    "content-encoding": "gzip",
    "content-length": "7",
    "cookie": "a=b; c",
    "expect": "100-continue",
    "host": "evil.example",
    "last-event-id": "1",
    "mcp-name": "count_s3_buckets",
    "mcp-param-state": "running",
    "mcp-session-id": "0" * 32,
    "origin": "https://evil.example",
    "te": "trailers",
    "traceparent": "00-0-0-0",
    "transfer-encoding": "chunked",
    "upgrade": "h2c",
    "x-amzn-lambda-context": '{"deadline": 1}',
    "x-amzn-request-context": '{"authorizer": {"jwt": {"claims": {"sub": "root"}}}}',
    "x-long": "x" * 9_000,
}


_GZIP_BOMB = gzip.compress(bytes(20_000_000))


@dataclass(frozen=True)
class Event:
    """What is sent to a function: `payload` is JSON, or was meant to be, and `client_context` is."""

    payload: bytes
    client_context: str | None = None

    def __repr__(self) -> str:
        """Return as much of it as a person reads."""
        size = len(self.payload)
        shown = self.payload[:2_000] if size < 4_000 else self.payload[:500] + b" ... " + self.payload[-500:]
        return f"<{size} bytes: {shown!r}, client context {self.client_context!r:.500}>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Have Hypothesis print no more than that."""
        printer.text(repr(self))


def _seldom(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any], one_in: int = 10) -> st.SearchStrategy[Any]:
    """Draw what is usual nearly always, so that an event has one fault and not many."""
    return st.integers(1, one_in).flatmap(lambda drawn: odd if drawn == one_in else usual)


# With surrogates, which Python's text may have and UTF-8 may not.
_text = st.text(st.characters(), max_size=20)
_scalars = st.one_of(
    (st.none() | st.booleans() | st.integers() | st.floats() | _text).map(json.dumps),
    st.sampled_from([json.dumps(sentinel) for sentinel in _SENTINELS]),
    st.sampled_from(
        ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "-0", "1.0", "1e2", "0.1e-400", "9007199254740993", "007"]
    ),
    st.sampled_from([r'"\ud800"', r'"\udfff\ud800"', r'"\u0000"', r'"\uD83D\uDE00"', '"\x01"', r'"\x"', '"../.."']),
)


def _objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Write objects, some with a key that is there twice."""
    keys = (_text | st.sampled_from(["", "__proto__", "a", "a", "_meta", "id"])).map(json.dumps)
    pairs = st.lists(st.tuples(keys, values), max_size=4)
    return pairs.map(lambda found: "{" + ",".join(f"{key}:{value}" for key, value in found) + "}")


json_texts: st.SearchStrategy[str] = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]") | _objects(inner),
    max_leaves=8,
)
# Deep, long or large: each a few bytes to think of, and much to take in.
bombs: st.SearchStrategy[str] = st.one_of(
    st.sampled_from([50, 150, 210, 900, 1_100, 5_000, 100_000]).map(lambda depth: "[" * depth + "]" * depth),
    st.sampled_from([50, 150, 210, 900, 1_100, 5_000]).map(lambda depth: '{"a":' * depth + "1" + "}" * depth),
    st.sampled_from([400, 4_301, 20_000]).map(lambda digits: "9" * digits),
    st.sampled_from([1_000, 100_000]).map(lambda items: "[" + "0," * items + "0]"),
    st.sampled_from([1_000, 10_000]).map(lambda keys: "{" + ",".join(f'"{key}":{key}' for key in range(keys)) + "}"),
    st.sampled_from([5_000, 1_000_000]).map(lambda size: '"' + "x" * size + '"'),
    st.sampled_from([5_000, 500_000]).map(lambda size: '"' + '\\"' * size + '"'),
    st.sampled_from([r"\u0001", r"\ud800", "é"]).map(lambda unit: '"' + unit * 100_000 + '"'),
)
odd_texts = _seldom(json_texts, bombs, 12)


def _size(value: Any) -> int:
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return 1 + sum(map(_size, items))


def _written(draw: st.DrawFn, value: Any) -> str:
    """Write a value as JSON, mostly with a part or two of it missing, twice there, or something else."""
    size = _size(value)
    # Fewer draws than a coin for each part, which would take longer than the function does.
    faults = draw(st.lists(st.integers(0, 2 * size), max_size=2))
    numbers = itertools.count()

    def write(part: Any) -> str:
        number = next(numbers)
        if number in faults:
            return str(draw(odd_texts))
        if isinstance(part, Mapping):
            members = []
            for name, item in part.items():
                times = draw(st.sampled_from([0, 2])) if size + number in faults else 1
                members += [f"{json.dumps(name)}:{write(item)}"] * times
            return "{" + ",".join(members) + "}"
        if isinstance(part, list):
            return "[" + ",".join(map(write, part)) + "]"
        return json.dumps(part)

    return write(value)


@st.composite
def _requests(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """Draw a message that is right, of either era, and the revision that its client speaks."""
    if draw(st.booleans()):
        method, params = "tools/call", dict(draw(st.sampled_from(_CALLS)))
        if draw(st.integers(1, 8)) == 1:
            params[draw(st.sampled_from(["name", "arguments"]))] = draw(_text | st.sampled_from(_ODD_NAMES))
        if draw(st.integers(1, 4)) == 1:
            params |= _ASKED_BACK
    else:
        method = draw(st.sampled_from(sorted(_REQUESTS)))
        params = dict(_REQUESTS[method])
    version = draw(st.sampled_from([MODERN] * 4 + VERSIONS))
    if version == MODERN:
        capabilities: dict[str, Any] = {"elicitation": {"form": {}}, "sampling": {}, "roots": {}}
        params["_meta"] = {
            _META + "protocolVersion": MODERN,
            _META + "clientCapabilities": capabilities if draw(st.booleans()) else {},
            _META + "clientInfo": {"name": "fuzz", "version": "1"},
        }
    if draw(st.integers(1, 4)) == 1:
        params["_meta"] = params.get("_meta", {}) | {"progressToken": draw(st.sampled_from(["p", 7]))}
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": draw(st.integers(0, 9)), "method": method, "params": params}
    if method.startswith("notifications/"):
        del message["id"]
    return message, version


@st.composite
def _message_texts(draw: st.DrawFn, message: dict[str, Any]) -> str:
    """Write a message: mostly as it is but for a part or two, else in a batch, as an answer, or something else."""
    kind = draw(st.integers(1, 20))
    if kind == 1:
        return str(draw(odd_texts))
    if kind == 2:
        return str(draw(_text))
    if kind == 3:
        item = _written(draw, message)
        times = draw(st.sampled_from([1, 2, 1_000 if len(item) < 1_000 else 3]))
        return f"[{','.join([item] * times)}]"
    if kind == 4:
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": 7}
        answer |= {"result": {}} if draw(st.booleans()) else {"error": {"code": 1, "message": "x"}}
        return _written(draw, answer)
    if kind <= 8 and "id" in message:
        # Echoed, and the log line's; no honest one is odd.
        ids = {**message, "id": "%"}
        return json.dumps(ids).replace('"%"', draw(odd_texts), 1)
    return _written(draw, message)


@st.composite
def messages(draw: st.DrawFn) -> Event:
    """Draw the payload of an invocation that is to be one JSON-RPC message."""
    message, _ = draw(_requests())
    return Event(draw(_message_texts(message)).encode("utf-8", "surrogatepass"), draw(client_contexts()))


@st.composite
def client_contexts(draw: st.DrawFn, *, usual: str | None = None) -> str | None:
    """Draw what a caller of Lambda's Invoke API sends beside the payload: an object in ASCII, or nothing.

    In it may be anything; the runtime client itself fails on a context that is no object, or has a client that is none.
    """
    parts = odd_texts.filter(lambda text: text.isascii() and text.isprintable() and len(text) < 2_000)
    odd = st.one_of(
        st.just("null"), parts.map(lambda text: f'{{"custom":{text}}}'), parts.map(lambda text: f'{{"env":{text}}}')
    )
    drawn = draw(_seldom(st.just(usual), odd))
    return None if drawn is None else str(drawn)


@st.composite
def gateway_calls(draw: st.DrawFn) -> Event:
    """Draw an invocation by an AgentCore Gateway: a tool's arguments, and its name beside them."""
    call = draw(st.sampled_from(_CALLS))
    name = draw(
        _seldom(st.just(f"tools___{call['name']}"), st.sampled_from(["", "___", "a___", "___b", "\ud800___x"]) | _text)
    )
    context = {
        "custom": {
            "bedrockAgentCoreToolName": name,
            "bedrockAgentCoreMcpMessageId": "7",
            "bedrockAgentCorePropagatedHeaders": {"Authorization": f"Bearer {TOKEN}"},
        }
    }
    payload = _written(draw, call["arguments"]).encode("utf-8", "surrogatepass")
    return Event(payload, draw(client_contexts(usual=json.dumps(context))))


@st.composite
def _bodies(draw: st.DrawFn, text: str) -> tuple[str, bool]:
    """Return a request's body as an event has it, and whether that is base64."""
    if draw(st.booleans()):
        return text, False
    body = text.encode("utf-8", "surrogatepass")
    kind = draw(st.integers(1, 10))
    if kind == 1:
        body = gzip.compress(body)
    elif kind == 2:
        body = _GZIP_BOMB
    elif kind == 3:
        body = text.encode("utf-16", "surrogatepass")
    elif kind == 4:
        at = draw(st.integers(0, len(body)))
        body = (
            body[:at] + draw(st.sampled_from([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x00", b"\xf0\x9f"])) + body[at:]
        )
    return base64.b64encode(body).decode(), True


def _in_unicode(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@st.composite
def http_events(draw: st.DrawFn, *, host: str, identity: Mapping[str, Any], well_formed: bool = False) -> Event:
    """Draw an event that API Gateway or a function URL sends, with the fault in the message, a header, or anywhere.

    With `well_formed` it is one that they could send: what stands in for the web adapter refuses others by itself.
    """
    message, version = draw(_requests())
    named = message["params"].get("name") or message["params"].get("uri")
    headers = {
        "host": host,
        "content-type": draw(
            _seldom(
                st.just("application/json"), st.sampled_from(["application/json; charset=x", "text/plain", "", ";,"])
            )
        ),
        "accept": draw(
            _seldom(
                st.just("application/json, text/event-stream"), st.sampled_from(["application/json", "*/*", "", "q=,;"])
            )
        ),
        "authorization": f"Bearer {TOKEN}",
    }
    if message["method"] != "initialize":
        headers["mcp-protocol-version"] = version
    if version == MODERN:
        headers["mcp-method"] = message["method"]
        headers |= {"mcp-name": _in_unicode(named) if well_formed else named} if named else {}
    values = st.sampled_from(_SENTINELS + VERSIONS + ["2099-01-01", "x" * 5_000])
    if not well_formed:
        values |= _text
    for name in draw(st.lists(st.sampled_from(sorted(headers)), max_size=1)):
        headers[name] = draw(values)
    for name in draw(st.lists(st.sampled_from(sorted(_ADDED_HEADERS)), max_size=1)):
        headers[name] = draw(st.just(_ADDED_HEADERS[name]) | values)
    if draw(st.integers(1, 5)) == 1:
        headers = {name.title(): value for name, value in headers.items()}
    text = draw(_message_texts(message))
    body, encoded = draw(_bodies(_in_unicode(text) if well_formed else text))
    paths = st.sampled_from(
        ["/", "/mcp/", "/%ff", "//", "/mcp?x", "/" + "a" * 5_000] + ([] if well_formed else ["\ud800"])
    )
    event = {
        "version": "2.0",
        "routeKey": "POST /mcp",
        "rawPath": draw(_seldom(st.just("/mcp"), paths, 20)),
        "rawQueryString": draw(_seldom(st.just(""), st.sampled_from(["a=b", "%ff=%00", "&" * 500]))),
        "headers": headers,
        "requestContext": {
            "domainName": host,
            "http": {
                "method": draw(_seldom(st.just("POST"), st.sampled_from(["GET", "DELETE", "OPTIONS", "PATCH"]), 20)),
                "path": "/mcp",
            },
            "authorizer": identity,
        },
        "body": body,
        "isBase64Encoded": encoded,
    }
    payload = json.dumps(event) if well_formed else _written(draw, event)
    return Event(payload.encode("utf-8", "surrogatepass"))


@st.composite
def registrations(draw: st.DrawFn) -> Event:
    """Draw an event for the function of the well-known documents, mostly a client's registration."""
    metadata = {
        "client_name": "fuzz",
        "redirect_uris": draw(
            st.lists(
                _text
                | st.sampled_from(
                    [
                        "http://localhost:3118/callback",
                        "http://[::1",
                        "http://127.0.0.1:99999999/",
                        "http://u@localhost/",
                    ]
                ),
                max_size=3,
            )
        ),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "a b",
    }
    body, encoded = draw(_bodies(_written(draw, metadata)))
    documents = ["oauth-protected-resource", "oauth-protected-resource/mcp", "oauth-authorization-server", "x"]
    routes = st.sampled_from([f"GET /.well-known/{name}" for name in documents] + ["$default"])
    event = {
        "version": "2.0",
        "routeKey": draw(_seldom(st.just("POST /register"), routes, 5)),
        "headers": {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"},
        "requestContext": {"http": {"method": "POST"}},
        "body": body,
        "isBase64Encoded": encoded,
    }
    return Event(_written(draw, event).encode("utf-8", "surrogatepass"))


@st.composite
def authorizations(draw: st.DrawFn) -> Event:
    """Draw an event that asks the token authorizer whether a request may pass; none may."""
    schemes = st.sampled_from(["Bearer ", "bearer  ", "Basic ", "", "Bearer", "Bearer\t"])
    tokens = _text | st.sampled_from([TOKEN, TOKEN + "=", "x" * 600, "a,b", *_SENTINELS])
    event = {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:us-east-1:123456789012:api/$default/POST/mcp",
        "identitySource": [f"Bearer {TOKEN}"],
        "headers": {"authorization": draw(schemes) + draw(tokens), "host": "mcp.example.com"},
        "requestContext": {"http": {"method": "POST"}},
    }
    return Event(_written(draw, event).encode("utf-8", "surrogatepass"))
