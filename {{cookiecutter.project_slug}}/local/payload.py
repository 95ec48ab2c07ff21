"""Payload format 2.0: the event that a request becomes, and the response that a function's result becomes.

Source: API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs".
"""

import base64
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from local.identifiers import PSEUDO_PARAMETERS

# From knowledge of the service, unverified: other bodies, form data among them, arrive in base64.
_TEXT = re.compile(r"text/.*|application/(?:.+\+)?(?:json|xml)|application/(?:x-)?javascript")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_LAST_STATUS = 599
_HOP_BY_HOP = frozenset(
    ["connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"]
)


class MalformedResponseError(ValueError):
    """A function returned what payload format 2.0 does not allow; API Gateway answers 500."""


@dataclass(frozen=True)
class HttpRequest:
    """A request as API Gateway sees it: header names in lower case, the path decoded, the query raw."""

    method: str
    path: str
    query: str
    protocol: str
    scheme: str
    source_ip: str
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes


@dataclass(frozen=True)
class HttpResponse:
    """A response; a header may occur more than once."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


def headers_and_cookies(raw: list[tuple[bytes, bytes]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return headers without white space around them, equal names joined by commas, and cookies on their own."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip(" \t")
        if name == "cookie":
            cookies += [cookie.strip() for cookie in value.split(";") if cookie.strip()]
        else:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers, tuple(cookies)


def event(request: HttpRequest, context: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the event of `request`.

    `context` has what of `requestContext` is the API's: apiId, routeKey, requestId, and authorizer if any;
    `parameters` are the path's. That `rawPath` is decoded is from captures of the service that others have published
    (hotsock/voker#8); X-Forwarded-Proto and -Port tell the truth, where AWS's would be https and 443.
    """
    now = datetime.now(UTC)
    host = request.headers.get("host", "")
    port = host.rpartition(":")[2] if ":" in host else "80"
    forwarded = [request.headers.get("x-forwarded-for", ""), request.source_ip]
    headers = {name: value for name, value in request.headers.items() if name not in _HOP_BY_HOP - {"content-length"}}
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


def response(result: Any) -> HttpResponse:
    """Return the response of a function that returned `result`. Raises MalformedResponseError.

    A result without `statusCode` becomes the JSON body of a 200. What exactly counts as malformed, and that a body
    without a content type is `text/plain;charset=UTF-8`, is from knowledge of the service.
    """
    if not isinstance(result, dict) or "statusCode" not in result:
        text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
        return HttpResponse(200, [("content-type", "application/json")], text.encode())
    status = str(result["statusCode"])
    given, cookies, body = result.get("headers") or {}, result.get("cookies") or [], result.get("body") or ""
    if not (status.isdecimal() and 200 <= int(status) <= _LAST_STATUS and isinstance(body, str)):  # noqa: PLR2004
        raise MalformedResponseError("statusCode must be an HTTP status, and body a string.")
    if not isinstance(given, dict) or not isinstance(cookies, list):
        raise MalformedResponseError("headers must be an object, and cookies a list.")
    headers = [(name.lower(), _header(name, value)) for name, value in given.items()]
    headers = [header for header in headers if header[0] not in _HOP_BY_HOP]
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    headers += [("set-cookie", _header("set-cookie", cookie)) for cookie in cookies]
    try:
        content = base64.b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode()
    except ValueError as error:
        raise MalformedResponseError("body is not base64.") from error
    return HttpResponse(int(status), headers, content)


def _header(name: str, value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else str(value)
    if isinstance(value, list | dict) or not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(text):
        raise MalformedResponseError(f"header {name!r} cannot be sent.")
    return text
