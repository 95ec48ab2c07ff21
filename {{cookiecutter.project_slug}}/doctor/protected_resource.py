"""Protected resource metadata (RFC 9728): the document by which a server says where its callers sign in."""

from dataclasses import dataclass, field

from doctor.documents import fetched, read, texts
from doctor.hop import BrokenError
from doctor.urls import difference, origin

WELL_KNOWN = "/.well-known/oauth-protected-resource"
WHAT = "protected resource metadata"
_CURE = (
    "The routes below /.well-known/ lead to WellKnownFunction: look at its log, and whether template.yaml still has "
    "ProtectedResourceRoute and ProtectedResourceRootRoute. A Gateway serves the document by itself."
)


@dataclass(frozen=True)
class ProtectedResource:
    """What the document says, as far as a client can use it."""

    authorization_servers: list[str] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)


def places(url: str) -> tuple[str, str]:
    """Return where clients look that were told of no place: with the path of the MCP URL, then without.

    Source: MCP specification 2026-07-28, basic/authorization/authorization-server-discovery.
    """
    base = origin(url)
    return f"{base}{WELL_KNOWN}{url.removeprefix(base)}", f"{base}{WELL_KNOWN}"


class Documents:
    """Fetches the metadata of the server at `url`; `found` is what the first usable one says."""

    found: ProtectedResource | None = None

    def __init__(self, url: str) -> None:
        self._url = url

    def fetch(self, place: str) -> str:
        """Return in words what the document at `place` says. Raises BrokenError where a client would stop."""
        document = read(fetched(place), WHAT, _CURE)
        said = ProtectedResource(texts(document, "authorization_servers"), texts(document, "scopes_supported"))
        # Even one that names another resource tells where sign-in is, so that the way can be followed further.
        if self.found is None and said.authorization_servers:
            self.found = said
        resource = document.get("resource")
        if not isinstance(resource, str):
            raise BrokenError(f"The document at {place} has no `resource`.", "It must be the MCP URL, to the letter.")
        if resource != self._url:
            raise BrokenError(
                f"`resource` is {resource}, and the URL is {self._url}: {difference(resource, self._url)}. Clients "
                "compare them to the letter and stop.",
                "Use the URL in the output McpUrl. If that is what you used, then PublicOrigin in template.yaml is not "
                "the host that clients call (parameter DomainName).",
            )
        if not said.authorization_servers:
            raise BrokenError(
                f"The document at {place} names no server in `authorization_servers`.",
                "With a provider of your own that is the parameter Issuer.",
            )
        if not said.scopes:
            raise BrokenError(
                f"The document at {place} has no `scopes_supported`: a client then asks for no scope, and gets a token "
                "without the one that it needs.",
                "List the scope there (parameter RequiredScope, where there is one).",
            )
        return f"sign-in at {', '.join(said.authorization_servers)}, scope {' '.join(said.scopes)}"
