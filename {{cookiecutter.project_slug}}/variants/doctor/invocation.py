"""The hops to a function that callers invoke."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from doctor import invocation
from doctor.hop import Hop, needed
from doctor.invocation import Invoker
from doctor.messages import Message
from doctor.protocol import Conversation
from doctor.report import Report

# The stack's output that callers are given.
OUTPUT = "FunctionArn"


class Plan:
    """Walks from the function's ARN to a tool, with the AWS credentials of the shell."""

    beyond = (
        "The other tools, resources and prompts: `make tour` shows what they do on this machine.",
        "Other callers than the one whose credentials were used.",
    )

    def __init__(self, target: str, _outputs: Mapping[str, str], options: argparse.Namespace, report: Report) -> None:
        self._arn = target
        self._tool = options.tool
        self._tenant = options.tenant
        self._report = report
        self._good: str | None = None
        self._invoker: Invoker | None = None

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add the tenant, and a word on the credentials."""
        parser.add_argument("--tenant", metavar="NAME", help="call for this tenant, if the function isolates tenants")
        parser.epilog = "The function is invoked with the AWS credentials of the shell, in the region of its ARN."

    def hops(self) -> Iterator[Hop]:
        """Return the hops, in the order of a caller."""
        yield Hop("The function's ARN", self._check_arn)
        yield Hop("AWS credentials", self._find_credentials)
        yield from Conversation(self._ask, self._tool).hops()

    def _check_arn(self) -> str:
        told = invocation.checked(self._arn)
        self._good = self._arn
        return told

    def _find_credentials(self) -> str:
        self._invoker = Invoker(needed(self._good, "ARN that can be right"), self._tenant)
        for secret in self._invoker.secrets:
            self._report.conceal(secret)
        return self._invoker.described()

    def _ask(self, message: Message) -> Mapping[str, Any]:
        return needed(self._invoker, "client for the AWS API").ask(message)
