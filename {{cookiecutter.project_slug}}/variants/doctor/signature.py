"""The hops to a function URL, whose callers sign their requests."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from doctor import clock, signing, streamable_http, urls
from doctor.hop import BrokenError, Hop, needed
from doctor.messages import Message, handshake
from doctor.protocol import Conversation
from doctor.report import Report
from doctor.signing import Signer

# The stack's output that clients are given.
OUTPUT = "McpUrl"


class Plan:
    """Walks from the bare URL to a tool, with the AWS credentials of the shell."""

    beyond = (
        "The other tools, resources and prompts: `make tour` shows what they do on this machine.",
        "Other callers than the one whose credentials were used.",
        "`mcp-proxy-for-aws`, through which clients sign that cannot do so themselves.",
    )

    def __init__(self, target: str, _outputs: Mapping[str, str], options: argparse.Namespace, report: Report) -> None:
        self._url = target
        self._options = options
        self._report = report
        self._good: str | None = None
        self._clock: clock.Clock | None = None
        self._answered: bool | None = None
        self._signer: Signer | None = None

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add nothing but a word on the credentials."""
        parser.epilog = "Requests are signed with the AWS credentials of the shell; the region is that of the URL."

    def hops(self) -> Iterator[Hop]:
        """Return the hops, in the order of a client."""
        yield Hop("The URL", self._check_url)
        yield Hop("A request without a signature", self._enter)
        yield Hop("The clock of this machine", self._check_clock)
        yield Hop("AWS credentials", self._find_credentials)
        yield from Conversation(self._ask, self._options.tool).hops()

    def _check_url(self) -> str:
        told = urls.checked(self._url)
        self._good = self._url
        return told

    def _enter(self) -> str:
        response = streamable_http.post(needed(self._good, "URL that can be right"), handshake())
        self._answered = True
        self._clock = clock.read(response)
        if response.status == 403:  # noqa: PLR2004
            return "403, as it must be"
        if response.status == 200 and not response.is_html:  # noqa: PLR2004
            raise BrokenError(
                "The server answers without a signature: whoever knows the URL may call it.",
                "AuthType of the function's URL must be AWS_IAM.",
            )
        raise streamable_http.fault(response)

    def _check_clock(self) -> str:
        needed(self._answered, "answer from the server")
        return needed(self._clock, "Date header").checked()

    def _find_credentials(self) -> str:
        self._signer = Signer(self._url, self._options.region)
        for secret in self._signer.secrets:
            self._report.conceal(secret)
        return self._signer.described()

    def _ask(self, message: Message) -> Mapping[str, Any]:
        needed(self._answered, "answer from the server")
        signer = needed(self._signer, "credentials to sign with")
        return streamable_http.ask(
            self._url, message, signer.prove, lambda response: signing.refused(response, self._clock)
        )
