"""Dynamic client registration (RFC 7591), for a client that has no id yet."""

import json

from doctor.grants import answered
from doctor.hop import BrokenError
from doctor.web import exchange


def registered(endpoint: str, redirect_uri: str, scopes: list[str]) -> str:
    """Return the id of a new public client. Raises BrokenError if the provider makes none."""
    metadata = {
        "client_name": "MCP doctor",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
        "scope": " ".join(scopes),
    }
    headers = {"content-type": "application/json", "accept": "application/json"}
    response = exchange("POST", endpoint, headers, json.dumps(metadata).encode())
    answer = answered(response)
    client_id = answer.get("client_id")
    if response.status // 100 == 2 and isinstance(client_id, str):  # noqa: PLR2004
        return client_id
    stated = answer.get("error_description") or answer.get("error") or response.text
    raise BrokenError(
        f"Registration at {endpoint} is refused with {response.status}: {stated}",
        f"Give --client-id with a client that may return to {redirect_uri}, or let that be: the parameter CallbackUrls "
        "has the addresses, and --callback-port chooses the port.",
    )
