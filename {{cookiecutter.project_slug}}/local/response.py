"""The response of an HTTP API or a function URL, and how a function's result becomes one: payload format 2.0.

Source: API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs"; Lambda developer guide,
"Invoking Lambda function URLs".
"""

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Send

from local.request import HOP_BY_HOP

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_LAST_STATUS = 599
_NO_BODY = frozenset([204, 304])


class MalformedResponseError(ValueError):
    """A function returned what payload format 2.0 does not allow; API Gateway answers 500, a function URL 502."""


@dataclass(frozen=True)
class HttpResponse:
    """A response; a header may occur more than once."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def may_have_body(self) -> bool:
        """Whether a body may follow at all (RFC 9110)."""
        return self.status not in _NO_BODY

    async def send(self, send: Send, added: list[tuple[str, str]]) -> None:
        """Send the response by ASGI, with more headers."""
        body = self.body if self.may_have_body else b""
        sized = [("content-length", str(len(body)))] if self.may_have_body else []
        await self.send_head(send, [*added, *sized])
        await send({"type": "http.response.body", "body": body})

    async def send_head(self, send: Send, added: list[tuple[str, str]]) -> None:
        """Send status and headers by ASGI, with more headers; the body follows in messages of its own."""
        headers = [*self.headers, *added]
        encoded = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
        await send({"type": "http.response.start", "status": self.status, "headers": encoded})


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
    headers = [header for header in headers if header[0] not in HOP_BY_HOP]
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
