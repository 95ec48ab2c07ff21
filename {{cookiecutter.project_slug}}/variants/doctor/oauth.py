"""The hops to a server whose callers sign in with OAuth."""

import argparse
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from doctor import bearer, entrance, streamable_http, tokens, urls
from doctor.authorization_server import AuthorizationServer
from doctor.entrance import Entrance
from doctor.hop import BrokenError, Hop, UncheckedError, needed
from doctor.messages import Message
from doctor.protected_resource import Documents, places
from doctor.protocol import Conversation
from doctor.report import Report
from doctor.token_source import TokenSource

# The stack's output that clients are given.
OUTPUT = "McpUrl"


class Plan:
    """Walks from the bare MCP URL over the documents and the sign-in to a tool, as a client does."""

    beyond = (
        "The other tools, resources and prompts: `make tour` shows what they do on this machine.",
        "Other addresses to return to than the one above: each client's own has to be in CallbackUrls, to the letter.",
        "Web pages, which AllowedOrigins lets in; and that a token is renewed when it expires.",
    )

    def __init__(self, target: str, outputs: Mapping[str, str], options: argparse.Namespace, report: Report) -> None:
        self._url = target
        self._outputs = outputs
        self._tool = options.tool
        self._source = TokenSource(target, outputs, options, report)
        self._documents = Documents(target)
        self._entrance: Entrance | None = None
        self._server: AuthorizationServer | None = None
        self._token: str | None = None
        self._good: str | None = None

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add what only this way of signing in needs."""
        TokenSource.add_options(parser)

    def hops(self) -> Iterator[Hop]:
        """Return the hops; which documents are fetched depends on what the first request is answered."""
        yield Hop("The URL", self._check_url)
        yield Hop("A request without a token", self._enter)
        yield Hop("The clock of this machine", self._check_clock)
        for place in self._places():
            yield Hop(f"Protected resource metadata at {place}", partial(self._fetch, place))
        yield Hop("The way from the refusal to that metadata", self._judge_challenge)
        yield Hop("Authorization server metadata", self._find_server)
        yield Hop("Getting a token", self._get_token)
        yield Hop("The token", self._read_token)
        yield from Conversation(self._ask, self._tool).hops()

    def _check_url(self) -> str:
        told = urls.checked(self._url)
        self._good = self._url
        return told

    def _enter(self) -> str:
        self._entrance = entrance.entrance(needed(self._good, "URL that can be right"))
        return entrance.checked(self._entrance)

    def _entered(self) -> Entrance:
        return needed(self._entrance, "answer from the server")

    def _check_clock(self) -> str:
        return needed(self._entered().clock, "Date header").checked()

    def _challenge(self) -> Mapping[str, str]:
        return (self._entrance and self._entrance.challenge) or {}

    def _places(self) -> tuple[str, ...]:
        named = self._challenge().get("resource_metadata")
        return (named,) if named else places(self._url)

    def _fetch(self, place: str) -> str:
        self._entered()
        return self._documents.fetch(place)

    def _judge_challenge(self) -> str:
        entered = self._entered()
        if entered.renamed:
            works = "that works here" if self._documents.found else "that does not work here either"
            raise BrokenError(
                f"The challenge arrived as {entrance.RENAMED}: AWS renames a www-authenticate that a function returns, "
                f"and no client reads that name. Newer clients look at the well-known path instead, and {works}.",
                "Let the API's own authorizer refuse, and not the function: the routes need AuthorizationType JWT.",
            )
        needed(self._documents.found, "metadata to find")
        if "resource_metadata" in self._challenge():
            return "named by the challenge"
        return "at the well-known path, where clients look if the challenge names no place"

    def _find_server(self) -> str:
        servers = needed(self._documents.found, "protected resource metadata").authorization_servers
        self._server = AuthorizationServer(servers[0])
        return self._server.fetch()

    def _scopes(self) -> list[str]:
        listed = self._documents.found.scopes if self._documents.found else []
        # MCP specification 2026-07-28, basic/authorization, "Scope selection strategy": the challenge's come first.
        return self._challenge().get("scope", "").split() or listed

    def _get_token(self) -> str:
        self._entered()
        self._token, origin = self._source.token(self._server, self._scopes())
        return origin

    def _read_token(self) -> str:
        token = needed(self._token, "token")
        claims = tokens.read(token)
        if claims is None:
            return "opaque: what it says cannot be read here"
        try:
            lasting = tokens.check_times(claims, self._entered().clock)
        except BrokenError:
            self._token = None
            raise
        return f"{tokens.described(claims, self._url)}; {lasting}"

    def _ask(self, message: Message) -> Mapping[str, Any]:
        token = needed(self._token, "token that is good")
        if not self._entered().is_open:
            raise UncheckedError("the request without a token failed already")
        issuer = self._outputs.get("Issuer")
        return streamable_http.ask(
            self._url,
            message,
            lambda _body, _headers: bearer.header(token),
            lambda response: bearer.refused(
                response, tokens.read(token), self._url, scopes=self._scopes(), issuer=issuer
            ),
        )
