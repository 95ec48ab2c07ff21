"""The first request of every client, which does not say who calls: the answer must ask for it."""

from dataclasses import dataclass

from doctor import clock, streamable_http
from doctor.challenge import bearer
from doctor.clock import Clock
from doctor.hop import BrokenError
from doctor.messages import handshake
from doctor.web import Response

# What API Gateway (REST) and function URLs make of a `www-authenticate` that a function returns: API Gateway developer
# guide, "Amazon API Gateway important notes"; for function URLs and HTTP APIs, reports such as claude-ai-mcp#748.
RENAMED = "x-amzn-remapped-www-authenticate"


@dataclass(frozen=True)
class Entrance:
    """How the server answers who has shown nothing."""

    response: Response

    @property
    def clock(self) -> Clock | None:
        """The clock of this machine by the server's."""
        return clock.read(self.response)

    @property
    def challenge(self) -> dict[str, str] | None:
        """The parameters of the challenge, or None without one that clients can read."""
        return bearer(self.response.header("www-authenticate"))

    @property
    def is_open(self) -> bool:
        """Whether whoever shows a token may come further: what fails before would fail with one too."""
        return self.response.status in {200, 401} and not self.response.is_html

    @property
    def renamed(self) -> bool:
        """Whether there is a challenge under a name that no client reads."""
        return self.challenge is None and bool(self.response.header(RENAMED))


def entrance(url: str) -> Entrance:
    """Make the request. Raises BrokenError if nothing answers."""
    return Entrance(streamable_http.post(url, handshake()))


def checked(found: Entrance) -> str:
    """Return in words that the answer is 401. Raises BrokenError."""
    response = found.response
    if response.is_html:
        raise streamable_http.fault(response)
    if response.status == 401:  # noqa: PLR2004
        return "401, as it must be"
    if response.status == 200:  # noqa: PLR2004
        raise BrokenError(
            "The server answers without a token: whoever knows the URL may call it.",
            "Give its routes the authorizer (AuthorizationType in template.yaml), and deploy.",
        )
    if response.status == 403:  # noqa: PLR2004
        raise BrokenError(
            f"The answer is 403, so that no client offers to sign in: {response.text}",
            "API Gateway says so of a host that is not its own (with DomainName, only that host is served), a web ACL "
            "of what it blocks, and a function URL of what is not signed. Use the URL in the output McpUrl.",
        )
    raise streamable_http.fault(response)
