"""The shapes of the matrix, an endpoint with an adapter each, and what is known of one before anybody calls it."""

import re
from dataclasses import dataclass
from pathlib import Path

from e2e.conftest import Built, Stack
from variants import CHOICES, DEFAULT, Answers, facts, one_of_each

HANDSHAKE, STATELESS = "2025-11-25", "2026-07-28"


def _by_endpoint(answers: Answers) -> int:
    return CHOICES["endpoint"].index(answers["endpoint"])


_OF_EACH_ADAPTER = one_of_each("endpoint", "adapter", "__server")
PACKAGES = [answers for answers in _OF_EACH_ADAPTER if answers["stdio_package"]]
_SAMPLES = [answers for answers in _OF_EACH_ADAPTER if not answers["stdio_package"]]
SHAPES = sorted([*_SAMPLES, DEFAULT | {"authorization": "token"}], key=_by_endpoint)
# With the HTTP API it is what the tests of signing in have.
OTHER_PROVIDER = DEFAULT | {"endpoint": "agentcore-gateway", "authorization": "oidc"}


def title(answers: Answers) -> str:
    """Return what a shape is called: its endpoint and adapter, and what is not the default beside them."""
    asked = [answers["authorization"]] if answers["authorization"] != DEFAULT["authorization"] else []
    served = [answers["stdio_package"]] if answers["stdio_package"] else []
    return " ".join([answers["endpoint"], *asked, answers["adapter"], *served])


def versioned(packages: Path, name: str) -> str:
    """Return the name and version of a Python package in a folder of packages."""
    (found,) = packages.glob(f"{name.replace('-', '_')}-*.dist-info")
    return f"{name} {found.stem.rpartition('-')[2]}"


@dataclass(frozen=True)
class Place:
    """A shape that is being served."""

    answers: Answers
    built: Built
    stack: Stack

    @property
    def title(self) -> str:
        return title(self.answers)

    @property
    def credential(self) -> str:
        """How callers prove who they are: by `oauth`, `token`, `signature` or `invocation`."""
        return facts(self.answers)["__credential"]

    @property
    def gateway(self) -> bool:
        """Whether an AgentCore Gateway speaks for the server: it passes on tools alone, and their answers as text."""
        return self.answers["endpoint"] == "agentcore-gateway"

    @property
    def revisions(self) -> frozenset[str]:
        """The newest revision of each era that is spoken here."""
        first_line = facts(self.answers)["__sdk"] == "v1" and not self.gateway
        return frozenset([HANDSHAKE] if first_line else [HANDSHAKE, STATELESS])

    @property
    def prefix(self) -> str:
        """What stands in front of the name of each tool."""
        return "tools___" if self.gateway else ""

    @property
    def url(self) -> str:
        """Where a client that wants a URL is sent; without one for MCP, to that of the Invoke API."""
        invocations = f"{self.stack.endpoint_url}/2015-03-31/functions/{self.stack.function_arn}/invocations"
        return self.stack.mcp_url or invocations

    @property
    def region(self) -> str:
        return self.stack.region or "us-east-1"

    @property
    def sdk(self) -> str:
        """The SDK that the built artifact serves with, and its version."""
        return versioned(self.built.template.parent / "McpFunction", "mcp")

    def signing(self) -> dict[str, str]:
        """Return the environment of a program that signs: for who may call, or with keys that nobody has."""
        return {
            "AWS_ACCESS_KEY_ID": self.stack.access_key_id or "AKIAUNKNOWN000000000",
            "AWS_SECRET_ACCESS_KEY": self.stack.secret_access_key or "guessed",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_LAMBDA": self.stack.endpoint_url or "http://127.0.0.1:1",
        }

    def logged(self) -> int:
        """Return how long the log of the stack is by now."""
        return self._log.stat().st_size

    def answered(self, since: int) -> set[tuple[str, int]]:
        """Return the method and status of each request at the endpoint since the log was that long."""
        lines = self._log.read_bytes()[since:].decode()
        found = re.findall(r"^(\w+) (?:/mcp|/2015-03-31/\S+) (\d+) \d+ ms$", lines, re.MULTILINE)
        return {(method, int(status)) for method, status in found}

    @property
    def _log(self) -> Path:
        return self.built.project / "local.log"
