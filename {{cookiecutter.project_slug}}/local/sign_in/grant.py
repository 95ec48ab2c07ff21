"""What a person allowed a client to do, and the code by which the client gets it."""

from dataclasses import dataclass

from local.sign_in.client import Client


@dataclass(frozen=True)
class Grant:
    """What a client may do, and for whom; `username` is None where the client acts for itself."""

    client: Client
    scopes: frozenset[str]
    username: str | None = None
    resource: str | None = None


@dataclass(frozen=True)
class Code:
    """A grant and what its code is bound to (RFC 6749 section 4.1.3, RFC 7636 section 4.4); `expires` is Unix time."""

    grant: Grant
    redirect_uri: str
    challenge: str | None
    expires: float
    exchangeable: bool
