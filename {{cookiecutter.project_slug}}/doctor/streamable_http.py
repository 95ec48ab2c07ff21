"""Messages to an MCP server over Streamable HTTP, and what an answer means that is none."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from doctor import web
from doctor.hop import BrokenError
from doctor.messages import Message

HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
# API Gateway developer guide, "Quotas for configuring and running an HTTP API": it waits for 30 s.
_GATEWAY_SECONDS = 29

_FAULTS = {
    404: (
        "There is no such route: the answer is 404.",
        "Compare the URL with the output McpUrl, and look whether template.yaml still has the route POST /mcp "
        "(McpPostRoute). One that was just deployed takes a minute.",
    ),
    421: (
        "The server does not take requests for this host (421): the function's MCP_URL names another one.",
        "Call the URL in the output McpUrl. If that is what you did, MCP_URL in template.yaml must be made of "
        "PublicOrigin, and a custom domain be named by the parameter DomainName.",
    ),
    429: (
        "There are too many requests (429).",
        "Raise ThrottlingRate and ThrottlingBurst, or ReservedConcurrency and the account's limit for Lambda.",
    ),
}

# Returns the headers by which a request with this body proves who sends it. Raises BrokenError, UncheckedError.
Prove = Callable[[bytes, Mapping[str, str]], Mapping[str, str]]
# Returns what a 401 or 403 means.
Explain = Callable[[web.Response], BrokenError]


def post(url: str, message: Message, prove: Prove | None = None) -> web.Response:
    """Send one message, with proof of who sends it if there is any. Raises BrokenError if nothing answers."""
    body = json.dumps(message.payload).encode()
    headers = {**HEADERS, **message.headers}
    proof = prove(body, headers) if prove else {}
    return web.exchange("POST", url, {**headers, **proof}, body, seconds=web.CALL_SECONDS)


def ask(url: str, message: Message, prove: Prove, explain: Explain) -> Mapping[str, Any]:
    """Send one message and return the JSON-RPC response to it.

    Raises:
        BrokenError: If there is none: `explain` says what a 401 or 403 means.
    """
    response = post(url, message, prove)
    if response.status in {401, 403}:
        raise explain(response)
    answer = read(response)
    if answer is None:
        raise fault(response)
    return answer


def read(response: web.Response) -> Mapping[str, Any] | None:
    """Return the JSON-RPC response in an answer of either content type, whatever its status says, or None."""
    streamed = "text/event-stream" in response.header("content-type").lower()
    for text in (
        _events(response.body.decode(errors="replace")) if streamed else [response.body.decode(errors="replace")]
    ):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            continue
        # An error may come before the server has read the id; notifications of progress have none at all.
        if isinstance(found, dict) and found.get("jsonrpc") == "2.0" and ("result" in found or "error" in found):
            return found
    return None


def _events(stream: str) -> list[str]:
    """Return the data of each server-sent event (HTML Standard, section "Server-sent events")."""
    events = stream.replace("\r\n", "\n").split("\n\n")
    return [
        "\n".join(line.removeprefix("data:").strip() for line in event.split("\n") if line.startswith("data:"))
        for event in events
    ]


def fault(response: web.Response) -> BrokenError:
    """Return what it means that a request was answered so, and not by the MCP server."""
    status, said = response.status, f"{response.status}: {response.text}"
    if response.is_html:
        cause = f"The answer is an HTML page with status {status}: another program answers at {response.url}."
        return BrokenError(cause, "Use the URL in the output McpUrl.")
    if status // 100 == 3:  # noqa: PLR2004
        where = response.header("location") or "nowhere"
        return BrokenError(
            f"The answer is a redirect to {where}. Clients lose the token on the way, or do not follow.",
            "Use the URL that the output McpUrl spells.",
        )
    if status in {503, 504} and response.seconds >= _GATEWAY_SECONDS:
        return BrokenError(
            f"The call took too long: {status} after {response.seconds:.0f} s. API Gateway waits for 30 s.",
            "Have the tool do less at a time; an endpoint with CallTimeoutSeconds may take longer.",
        )
    if status // 100 == 5:  # noqa: PLR2004
        return BrokenError(
            f"The function fails: {said}",
            "Its log has the reason (`make logs`): an error while it starts, a timeout, or too little MemorySize. "
            "Without a line there, API Gateway has no permission to call it (McpPermission), or a token authorizer "
            "fails, whose log is its own.",
        )
    return BrokenError(*_FAULTS.get(status, (f"The answer is {said}", "Use the URL in the output McpUrl.")))
