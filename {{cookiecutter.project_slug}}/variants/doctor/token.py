"""The hops to a server whose callers share one secret."""

import argparse
import os
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from doctor import entrance, streamable_http, urls, web
from doctor.hop import BrokenError, Hop, UncheckedError, needed
from doctor.messages import Message
from doctor.protocol import Conversation
from doctor.report import Report

# The stack's output that clients are given.
OUTPUT = "McpUrl"
# Where clients look for a way to sign in; here there is none, and they must be told so cleanly.
_SIGN_IN = ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource")


class Plan:
    """Walks from the bare MCP URL to a tool, with the secret in the environment."""

    beyond = (
        "The other tools, resources and prompts: `make tour` shows what they do on this machine.",
        "Web pages, which AllowedOrigins lets in.",
    )

    def __init__(self, target: str, _outputs: Mapping[str, str], options: argparse.Namespace, report: Report) -> None:
        self._url = target
        self._tool = options.tool
        self._token = os.environ.get("MCP_TOKEN")
        if self._token:
            report.conceal(self._token)
        self._entrance: entrance.Entrance | None = None
        self._good: str | None = None

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add nothing but a word on the secret."""
        parser.epilog = "The secret is taken from the environment: MCP_TOKEN."

    def hops(self) -> Iterator[Hop]:
        """Return the hops, in the order of a client."""
        yield Hop("The URL", self._check_url)
        yield Hop("A request without the secret", self._enter)
        for path in _SIGN_IN:
            yield Hop(f"No sign-in at {path}", partial(self._check_no_sign_in, path))
        yield from Conversation(self._ask, self._tool).hops()

    def _check_url(self) -> str:
        told = urls.checked(self._url)
        self._good = self._url
        return told

    def _enter(self) -> str:
        self._entrance = entrance.entrance(needed(self._good, "URL that can be right"))
        return entrance.checked(self._entrance)

    def _check_no_sign_in(self, path: str) -> str:
        needed(self._entrance, "answer from the server")
        response = web.exchange("GET", urls.origin(self._url) + path)
        if response.status == 404:  # noqa: PLR2004
            return "404, as it must be: there is nobody to sign in with"
        raise BrokenError(
            f"The answer is {response.status}: a client may take it for a way to sign in, and here is none.",
            "Let nothing answer there but 404; whoever calls has the secret.",
        )

    def _ask(self, message: Message) -> Mapping[str, Any]:
        if not needed(self._entrance, "answer from the server").is_open:
            raise UncheckedError("the request without the secret failed already")
        token = self._token
        if not token:
            raise UncheckedError("the secret is not in the environment, as MCP_TOKEN")
        return streamable_http.ask(
            self._url, message, lambda _body, _headers: {"authorization": f"Bearer {token}"}, _refused
        )


def _refused(response: web.Response) -> BrokenError:
    return BrokenError(
        f"The server refuses the secret in MCP_TOKEN: {response.status}.",
        "It is another one, or was rotated out: get the current value of TeamSecret from whoever runs the stack, "
        "without spaces or line ends around it. The authorizer keeps an answer for AuthorizerResultTtlInSeconds.",
    )
