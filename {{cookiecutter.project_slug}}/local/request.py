"""A request to an HTTP API or a function URL, and the event that it becomes: payload format 2.0.

Source: API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs"; Lambda developer guide,
"Invoking Lambda function URLs", of which the format is the same.
"""

import base64
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from local.identifiers import PSEUDO_PARAMETERS

# From knowledge of the service, unverified: other bodies, form data among them, arrive in base64.
_TEXT = re.compile(r"text/.*|application/(?:.+\+)?(?:json|xml)|application/(?:x-)?javascript")
HOP_BY_HOP = frozenset(
    ["connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"]
)


@dataclass(frozen=True)
class HttpRequest:
    """A request as API Gateway sees it: header names in lower case, the path decoded, the query raw.

    `raw_path` is the path as it was sent, which is what a signature covers; `head` is the size of request line and
    headers as they came, in bytes.
    """

    method: str
    path: str
    raw_path: str
    query: str
    protocol: str
    scheme: str
    source_ip: str
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    head: int
    body: bytes


async def received(scope: Scope, receive: Receive, largest_body: int) -> HttpRequest:
    """Return an HTTP request that arrives by ASGI; of a body that is larger, a little more than `largest_body`."""
    headers, cookies = _headers_and_cookies(scope["headers"])
    return HttpRequest(
        method=scope["method"],
        path=scope["path"],
        raw_path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        protocol=f"HTTP/{scope['http_version']}",
        scheme=scope["scheme"],
        source_ip=scope["client"][0],
        headers=headers,
        cookies=cookies,
        head=_head(scope),
        body=await _received_body(receive, largest_body),
    )


def event(request: HttpRequest, context: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the event of `request`.

    `context` has what of `requestContext` is the API's or the URL's: apiId, routeKey, requestId, and authorizer if any;
    `parameters` are the path's. That `rawPath` is decoded is from captures of the service that others have published
    (hotsock/voker#8); X-Forwarded-Proto and -Port tell the truth, where AWS's would be https and 443.
    """
    now = datetime.now(UTC)
    host = request.headers.get("host", "")
    port = host.rpartition(":")[2] if ":" in host else "80"
    forwarded = [request.headers.get("x-forwarded-for", ""), request.source_ip]
    headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP - {"content-length"}}
    headers |= {
        "x-amzn-trace-id": f"Root=1-{int(now.timestamp()):08x}-{uuid.uuid4().hex[:24]}",
        "x-forwarded-for": ", ".join(filter(None, forwarded)),
        "x-forwarded-port": port,
        "x-forwarded-proto": request.scheme,
    }
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": context["routeKey"],
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": PSEUDO_PARAMETERS["AWS::AccountId"],
            **context,
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
    }
    optional = {
        "cookies": list(request.cookies),
        "queryStringParameters": _joined(request.query),
        "pathParameters": dict(parameters),
    }
    return made | {name: value for name, value in optional.items() if value} | _body(request)


def _headers_and_cookies(raw: list[tuple[bytes, bytes]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return headers by lower-case name, equal ones joined by commas, and cookies on their own.

    The server has taken the white space around values away (RFC 9112 section 5).
    """
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name == "cookie":
            cookies += [cookie.strip() for cookie in value.split(";") if cookie.strip()]
        else:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers, tuple(cookies)


def _head(scope: Scope) -> int:
    query = len(b"?" + scope["query_string"]) if scope["query_string"] else 0
    line = len(scope["method"]) + len(scope["raw_path"]) + query + len("  HTTP/1.1\r\n")
    return line + sum(len(name) + len(value) + len(": \r\n") for name, value in scope["headers"])


async def _received_body(receive: Receive, largest: int) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        # What is past the limit is read all the same: a client that is cut off would not see the answer.
        if len(body) <= largest:
            body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    return bytes(body)


def _joined(query: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(request: HttpRequest) -> dict[str, Any]:
    if not request.body:
        return {"isBase64Encoded": False}
    kind = request.headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    if _TEXT.fullmatch(kind):
        try:
            return {"body": request.body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(request.body).decode(), "isBase64Encoded": True}
