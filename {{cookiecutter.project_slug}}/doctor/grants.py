"""Token requests (RFC 6749 section 3.2), and what a refused one means."""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

from doctor.hop import BrokenError
from doctor.web import Response, exchange

_FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
_CURES = {
    "invalid_client": "Check the client id, and the secret if it has one (MCP_CLIENT_SECRET): Cognito shows it.",
    "invalid_grant": "With Cognito, a resource server whose identifier is exactly the MCP URL must exist, and the "
    "request must have a scope; else the code was used twice or too late.",
    "invalid_scope": "Allow the client these scopes at the provider; RequiredScope and AllowedOAuthScopes name them.",
    "invalid_target": "Register the MCP URL as an API (resource) with the provider.",
    "invalid_request": "Compare the request with what the provider asks of this client.",
    "unauthorized_client": "Allow the client this grant at the provider; a client for machines is not one for people.",
}


def client_credentials(endpoint: str, client_id: str, secret: str, resource: str, scopes: list[str]) -> str:
    """Return a token for a program that acts for itself (RFC 6749 section 4.4). Raises BrokenError."""
    # Section 2.3.1: both are encoded as in a form before they are joined.
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
    form = {"grant_type": "client_credentials", "resource": resource, "scope": " ".join(scopes)}
    return _token(endpoint, form, {"authorization": f"Basic {base64.b64encode(pair).decode()}"})


def authorization_code(endpoint: str, form: Mapping[str, str]) -> str:
    """Return a token for a person who signed in (section 4.1.3), whose code is in `form`. Raises BrokenError."""
    return _token(endpoint, {"grant_type": "authorization_code", **form}, {})


def _token(endpoint: str, form: Mapping[str, str], headers: Mapping[str, str]) -> str:
    body = urlencode({name: value for name, value in form.items() if value}).encode()
    response = exchange("POST", endpoint, {**_FORM, **headers}, body)
    answer = answered(response)
    token = answer.get("access_token")
    if response.status != 200 or not isinstance(token, str):  # noqa: PLR2004
        raise refused("The token endpoint", response)
    return token


def answered(response: Response) -> dict[str, Any]:
    """Return the JSON object of an answer, or an empty one."""
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def refused(who: str, response: Response) -> BrokenError:
    """Return what it means that `who`, a part of the provider, did not do what was asked."""
    answer = answered(response)
    code = answer.get("error")
    if not isinstance(code, str):
        # What was answered as a success may have a token in it, under whatever name.
        said = "without an access token" if response.status == 200 else response.text  # noqa: PLR2004
        return BrokenError(f"{who} answers {response.status}: {said}", "Check the provider's settings and its log.")
    return explained(who, code, answer.get("error_description"))


def explained(who: str, code: str, description: object) -> BrokenError:
    """Return what an error code of OAuth means (RFC 6749 sections 4.1.2.1 and 5.2, RFC 8707 section 2)."""
    words = f" ({description})" if isinstance(description, str) and description else ""
    return BrokenError(f"{who} refuses: {code}{words}.", _CURES.get(code, "The provider's log may say more."))
