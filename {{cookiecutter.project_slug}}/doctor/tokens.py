"""Access tokens, read without being verified: whom they are from, for whom, for what, and until when."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from time import time
from typing import Any, NoReturn

from doctor.clock import Clock
from doctor.hop import BrokenError

# How far the clocks of who issues tokens and who checks them may be apart.
_EARLY_SECONDS = 60
# What is more is no time, but a mistake (milliseconds are the usual one).
_LATEST = 1e11


@dataclass(frozen=True)
class Claims:
    """The payload of a JSON Web Token (RFC 7519); times are in Unix seconds."""

    payload: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Return a claim that is a text, or an empty one."""
        found = self.payload.get(name)
        return found if isinstance(found, str) else ""

    @property
    def audience(self) -> list[str]:
        """Whom the token is for; empty where it does not say, as in Cognito's for machines."""
        return _texts(self.payload.get("aud"))

    @property
    def scopes(self) -> frozenset[str]:
        """What the token allows; some providers call the claim `scp`."""
        found = self.payload.get("scope", self.payload.get("scp"))
        return frozenset(scope for text in _texts(found) for scope in text.split())

    def time(self, name: str) -> float | None:
        """Return a claim that is a time."""
        found = self.payload.get(name)
        if isinstance(found, bool) or not isinstance(found, int | float):
            return None
        return float(found) if abs(found) < _LATEST else None


def read(token: str) -> Claims | None:
    """Return the claims of a token, or None if it is no JSON Web Token, but opaque to all but who issued it."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004
        return None
    try:
        header, payload = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except (ValueError, RecursionError):
        return None
    return Claims(payload) if isinstance(header, dict) and isinstance(payload, dict) else None


def described(claims: Claims, url: str) -> str:
    """Return in words what a token says, for the server at `url`."""
    told = [f"from {claims.text('iss') or 'nobody named'}"]
    if url in claims.audience:
        told.append("for this URL")
    elif claims.audience:
        told.append(f"for {', '.join(claims.audience)}, which is not this URL")
    else:
        told.append(f"without aud, so that its client {claims.text('client_id') or '(not named)'} counts")
    told.append(f"scope {' '.join(sorted(claims.scopes)) or 'none'}")
    return ", ".join(told)


def check_times(claims: Claims, clock: Clock | None) -> str:
    """Return in words how long a token is good, by the server's clock as far as that is known.

    Raises:
        BrokenError: If it is not good now, because of a clock or of itself.
    """
    here = time()
    now = clock.now() if clock else here
    expires, begins = claims.time("exp"), claims.time("nbf") or claims.time("iat")
    if expires is not None and expires <= now:
        _blame(f"The token expired {now - expires:.0f} s ago", clock, good_here=expires > here)
    if begins is not None and begins > now + _EARLY_SECONDS:
        _blame(f"The token is not good for {begins - now:.0f} s yet", clock, good_here=begins <= here + _EARLY_SECONDS)
    if expires is None:
        return "it does not say until when"
    if expires <= here:
        return f"good for {(expires - now) / 60:.0f} min by the server's clock, though expired by this machine's"
    return f"good for {(expires - now) / 60:.0f} min"


def _blame(cause: str, clock: Clock | None, *, good_here: bool) -> NoReturn:
    if clock and good_here:
        raise BrokenError(f"{cause} by the server's clock, not by this machine's: {clock.told}.", "Correct the clock.")
    raise BrokenError(f"{cause}.", "Get a new one; should a new one be refused too, the provider's clock is wrong.")


def refusal(claims: Claims | None, said: Mapping[str, str], url: str, issuer: str | None) -> BrokenError:
    """Return why the server at `url` answers 401 to a token, by its challenge and by what the token says.

    API Gateway describes what is wrong in `error_description` (its developer guide, "Troubleshooting issues with HTTP
    API JWT authorizers"); an AgentCore Gateway does not, so that the token has to tell. `issuer` is the one that the
    server accepts, where that is known.
    """
    description = said.get("error_description", "")
    stated = f" It says: {description}." if description else ""
    if claims is None:
        return BrokenError(
            f"The server refuses the token, which is no JSON Web Token.{stated}",
            "The authorizer reads JSON Web Tokens alone: have the provider issue such for this API.",
        )
    theirs, lowered = claims.text("iss"), description.lower()
    if "issuer" in lowered or (issuer and theirs != issuer):
        return BrokenError(
            f"The token is from {theirs or 'nobody named'}; the server accepts another issuer"
            f"{f', {issuer}' if issuer else ''}.{stated}",
            "Set the parameter Issuer to exactly what is in the token's iss, or get a token from the right provider.",
        )
    if "audience" in lowered or (not description and url not in claims.audience):
        if url in claims.audience:
            return BrokenError(
                f"The token is for exactly this URL, and the server wants another audience.{stated}",
                "The authorizer's Audience in template.yaml must have the MCP URL, made of PublicOrigin; deploy again "
                "after a change of DomainName.",
            )
        named = ", ".join(claims.audience) or f"its client {claims.text('client_id') or '(not named)'} alone"
        return BrokenError(
            f"The token's audience is wrong: it is for {named}, and the server is {url}.{stated}",
            "Send `resource` with the MCP URL when asking for the token, and have the provider put it into aud; a "
            "provider that cannot needs the parameter Audience set to what it puts there. A Cognito client has to be "
            "one of this stack's.",
        )
    if re.search(r"\b(expired?|nbf|iat|not yet)\b", lowered):
        return BrokenError(f"The server takes the token for expired, or not yet good.{stated}", "Compare the clocks.")
    return BrokenError(
        f"The server refuses the token.{stated}",
        "Compare its claims above with the authorizer in template.yaml; the access log has the reason in "
        "authorizerError. A token signed by a key that the provider no longer publishes is refused too.",
    )


def _texts(claim: object) -> list[str]:
    return [item for item in (claim if isinstance(claim, list) else [claim]) if isinstance(item, str)]
