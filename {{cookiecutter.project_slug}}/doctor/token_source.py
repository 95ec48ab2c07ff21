"""Where the token comes from: the environment, a machine's client, or a person who signs in."""

import argparse
import os
from collections.abc import Mapping

from doctor import grants
from doctor.authorization_server import AuthorizationServer
from doctor.hop import UncheckedError, needed
from doctor.login import Login
from doctor.report import Report


class TokenSource:
    """Gets a token for the MCP server at `url`, by what the command line, environment and stack's outputs have."""

    def __init__(self, url: str, outputs: Mapping[str, str], options: argparse.Namespace, report: Report) -> None:
        self._url = url
        self._outputs = outputs
        self._options = options
        self._report = report

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """Add what signing in needs; secrets are in the environment alone, where other programs do not see them."""
        parser.epilog = (
            "A token is taken from the environment (MCP_TOKEN), else got for a machine's client whose secret is there "
            "(MCP_CLIENT_SECRET, with --client-id), else by signing in in the browser."
        )
        parser.add_argument("--client-id", help="OAuth client (default: the stack's, or one that is registered)")
        parser.add_argument(
            "--callback-port", type=int, default=3118, metavar="PORT", help="for sign-in (default: 3118)"
        )
        parser.add_argument("--wait", type=int, default=180, metavar="SECONDS", help="for sign-in (default: 180)")

    def token(self, server: AuthorizationServer | None, scopes: list[str]) -> tuple[str, str]:
        """Return a token, and in words where it is from. Raises BrokenError, UncheckedError."""
        given, secret = os.environ.get("MCP_TOKEN"), os.environ.get("MCP_CLIENT_SECRET")
        if given:
            return self._report.conceal(given), "from MCP_TOKEN"
        if secret:
            self._report.conceal(secret)
            return self._report.conceal(self._machine(server, secret, scopes)), "by the client credentials grant"
        known = needed(server, "authorization server to sign in at, nor a token in the environment as MCP_TOKEN")
        client_id = self._options.client_id or self._outputs.get("ClientId")
        login = Login(known, self._url, scopes, client_id, self._options.callback_port, self._options.wait)
        return self._report.conceal(login.token(self._report)), "by signing in in the browser, with PKCE"

    def _machine(self, server: AuthorizationServer | None, secret: str, scopes: list[str]) -> str:
        client_id = self._options.client_id or self._outputs.get("MachineClientId")
        if not client_id:
            raise UncheckedError("MCP_CLIENT_SECRET is set, and --client-id is not")
        published = server.endpoint("token_endpoint") if server else None
        endpoint = needed(published or self._outputs.get("TokenUrl"), "token endpoint in the metadata")
        return grants.client_credentials(endpoint, client_id, secret, self._url, scopes)
