"""A person's sign-in in the browser, as MCP clients do it: authorization code, PKCE, state and issuer."""

import base64
import hashlib
import hmac
import secrets
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from doctor import grants
from doctor.authorization_server import AuthorizationServer
from doctor.callback import Callback
from doctor.hop import BrokenError, UncheckedError, needed
from doctor.registration import registered
from doctor.report import Report
from doctor.urls import split
from doctor.web import Response, exchange

_WHO = "The sign-in page"


@dataclass(frozen=True)
class Login:
    """Signs a person in at `server` for the MCP server at `resource`; without `client_id` it registers a client."""

    server: AuthorizationServer
    resource: str
    scopes: list[str]
    client_id: str | None
    callback_port: int
    seconds: int

    def token(self, report: Report) -> str:
        """Open the browser, and return the token that comes of it. Raises BrokenError, UncheckedError."""
        authorize = needed(self.server.endpoint("authorization_endpoint"), "authorization endpoint in the metadata")
        endpoint = needed(self.server.endpoint("token_endpoint"), "token endpoint in the metadata")
        with Callback(self.callback_port) as callback:
            client_id = self._client(callback.uri)
            # RFC 7636 section 4.1: 32 octets or more; section 4.2: the challenge of S256.
            verifier = report.conceal(secrets.token_urlsafe(48))
            digest = hashlib.sha256(verifier.encode()).digest()
            state = secrets.token_urlsafe(24)
            asked = {
                "response_type": "code",
                "client_id": client_id,
                "redirect_uri": callback.uri,
                "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
                "code_challenge_method": "S256",
                "state": state,
                "resource": self.resource,
                "scope": " ".join(self.scopes),
            }
            page = f"{authorize}{'&' if '?' in authorize else '?'}{urlencode(asked)}"
            _check_page(exchange("GET", page, {"accept": "text/html"}), callback.uri)
            _show(page, report.say, self.seconds)
            answer = callback.wait(self.seconds)
        code = report.conceal(self._code(answer, state))
        form = {"code": code, "redirect_uri": callback.uri, "client_id": client_id, "code_verifier": verifier}
        return grants.authorization_code(endpoint, {**form, "resource": self.resource})

    def _client(self, redirect_uri: str) -> str:
        if self.client_id:
            return self.client_id
        endpoint = self.server.endpoint("registration_endpoint")
        if endpoint is None:
            raise UncheckedError("the server registers no clients: give one by --client-id, or a token as MCP_TOKEN")
        return registered(endpoint, redirect_uri, self.scopes)

    def _code(self, answer: dict[str, str], state: str) -> str:
        if not hmac.compare_digest(answer.get("state", "").encode(), state.encode()):
            raise BrokenError(
                "Sign-in came back with another `state` than it was sent.", "Try again, and use no older sign-in page."
            )
        named = answer.get("iss")
        promised = (self.server.metadata or {}).get("authorization_response_iss_parameter_supported") is True
        # RFC 9207 section 2.4: one that is there must be right, one that was promised must be there.
        if named != self.server.issuer and (named is not None or promised):
            raise BrokenError(
                f"Sign-in came back from the issuer {named or 'of no name'}, and was sent to {self.server.issuer}.",
                "Correct at the provider what it puts into `iss`, or its metadata.",
            )
        if "code" not in answer:
            raise grants.explained(_WHO, answer.get("error", "no code"), answer.get("error_description"))
        return answer["code"]


def _show(page: str, say: Callable[[str], None], seconds: int) -> None:
    say(f"  Sign in in the browser, within {seconds} s. If none opens, open this address on this machine:")
    # Whole, so that it can be copied; it has no secret in it.
    print(f"  {page}", flush=True)
    # In the background: a browser without a window keeps its caller until it is closed, and the answer would wait.
    threading.Thread(target=webbrowser.open, args=(page,), daemon=True).start()


def _check_page(response: Response, redirect_uri: str) -> None:
    """Look at the sign-in page before a person does: what is wrong with the client shows there.

    Cognito sends a browser to a page of its own, with `error` in the query, for a client or redirect URI that it does
    not know; others answer 400.
    """
    query = dict(parse_qsl(split(response.header("location")).query))
    if response.status < 400 and "error" not in query:  # noqa: PLR2004
        return
    if response.header("location").startswith(redirect_uri):
        raise grants.explained(_WHO, query["error"], query.get("error_description"))
    stated = query.get("error") or f"{response.status}"
    raise BrokenError(
        f"The sign-in page refuses the client or the address to return to, {redirect_uri}: {stated}.",
        "Check the client id (output ClientId), and that the address is among the client's, to the letter: the "
        "parameter CallbackUrls; --callback-port chooses the port.",
    )
