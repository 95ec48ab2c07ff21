"""One HTTP exchange as a client makes it, with what goes wrong before an answer told in words."""

import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import Any

from doctor.hop import BrokenError
from doctor.urls import is_loopback, split

# Longer than API Gateway lets a call take, and than a call may take elsewhere by the default CallTimeoutSeconds.
CALL_SECONDS = 65.0
DOCUMENT_SECONDS = 15.0
# More than Lambda carries in an answer.
_LARGEST = 8_000_000
_CHUNK = 65_536


@dataclass(frozen=True)
class Response:
    """An answer with any status; header names are in lower case, `seconds` is how long it took."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float

    def header(self, name: str) -> str:
        """Return a header by its lower-case name, several of them with commas between, or an empty text."""
        return ", ".join(value for known, value in self.headers if known == name)

    @property
    def is_html(self) -> bool:
        """Whether this is a page for people."""
        return "html" in self.header("content-type").lower() or self.body.lstrip()[:9].lower().startswith(b"<!doctype")

    def json(self) -> Any:
        """Return the body as JSON. Raises ValueError."""
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error

    @property
    def text(self) -> str:
        """The beginning of the body, for people."""
        return self.body[:300].decode(errors="replace").strip() or "an empty body"


class _AsItIs(urllib.request.HTTPErrorProcessor):
    """Hands on every answer: to follow a redirect, or raise for a status, would hide what the client sees."""

    def http_response(self, request: urllib.request.Request, response: HTTPResponse) -> HTTPResponse:  # noqa: ARG002
        return response

    def https_response(self, request: urllib.request.Request, response: HTTPResponse) -> HTTPResponse:
        return self.http_response(request, response)


def exchange(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    *,
    seconds: float = DOCUMENT_SECONDS,
) -> Response:
    """Send a request, by the proxies of the environment, and return the answer. No redirect is followed.

    Raises:
        BrokenError: If there is no answer within `seconds`, or it is none, or too large.
    """
    if split(url).scheme not in {"https", "http"}:
        raise BrokenError(f"{url} is not a web address.", "Correct it where it is named.")
    for name, value in (headers or {}).items():
        # Checked here, because Python's own error would quote the value.
        if not (value.isascii() and value.isprintable()):
            raise BrokenError(
                f"What is to be sent as {name} has characters that no header can carry, such as a line end.",
                "Put the value alone into the environment variable that it comes from.",
            )
    handlers: list[urllib.request.BaseHandler] = [_AsItIs()]
    if is_loopback(url):
        handlers.append(urllib.request.ProxyHandler({}))
    began = monotonic()
    try:
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            url, body, {"user-agent": "mcp-doctor", **(headers or {})}, method=method
        )
        with urllib.request.build_opener(*handlers).open(request, timeout=seconds) as response:
            read = _body(response, began + seconds)
            kept = tuple((name.lower(), value) for name, value in response.headers.items())
            return Response(url, response.status, kept, read, monotonic() - began)
    except (OSError, HTTPException, ValueError) as error:
        raise BrokenError(*_unreached(error, url, seconds)) from error


def _body(response: HTTPResponse, deadline: float) -> bytes:
    chunks = bytearray()
    while chunk := response.read1(_CHUNK):
        chunks += chunk
        if len(chunks) > _LARGEST:
            raise ValueError(f"the answer has more than {_LARGEST:,} bytes")
        if monotonic() > deadline:
            raise TimeoutError
    return bytes(chunks)


def _unreached(error: Exception, url: str, seconds: float) -> tuple[str, str]:
    host = split(url).netloc
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return _distrusted(reason, host)
    if isinstance(reason, ssl.SSLError):
        return f"{host} does not speak TLS as a client does ({reason.reason}).", "Check host, port and scheme."
    if isinstance(reason, socket.gaierror):
        return (
            f"The name {host} is not known to DNS.",
            "Check its spelling, and that the stack was not deleted; a custom domain needs its record (parameters "
            "DomainName, HostedZoneId), and minutes to be known.",
        )
    if isinstance(reason, TimeoutError):
        return f"{host} did not answer within {seconds:.0f} s.", "Try again; if it stays so, look at `make logs`."
    if isinstance(reason, ConnectionRefusedError):
        return f"Nothing listens at {host}.", "Check host and port; `make dev` serves the project on this machine."
    return f"There was no answer from {host}: {reason or type(reason).__name__}.", "Try again, and check the URL."


def _distrusted(error: ssl.SSLCertVerificationError, host: str) -> tuple[str, str]:
    if "local issuer" in error.verify_message:
        return (
            f"The certificate of {host} is signed by nobody whom this Python trusts.",
            "Behind a proxy that opens TLS, or with a Python from python.org on macOS, set SSL_CERT_FILE to the "
            "roots to trust; else the server needs a certificate that browsers trust (parameter CertificateArn).",
        )
    return (
        f"The certificate of {host} is not good for it: {error.verify_message.rstrip('.')}.",
        "Call the server by the name in the output McpUrl; a custom domain needs a certificate of exactly that name "
        "(parameters DomainName, CertificateArn).",
    )
