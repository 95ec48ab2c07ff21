"""Reads the bearer token of a request, as API Gateway hands the request to a Lambda authorizer."""

import re
from typing import Any

# RFC 6750 section 2.1, with the scheme of any case as in RFC 9110 section 11.1. Repeated headers are joined by commas,
# which no token has: "Create AWS Lambda proxy integrations for HTTP APIs" in the API Gateway developer guide.
_CREDENTIALS = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE | re.ASCII)
# Eight times as long as what the template generates; API Gateway lets 10,240 bytes of headers pass.
LONGEST_HEADER = 512


def token(event: Any) -> str | None:
    """Return the token in the header `authorization` of an event of payload format 2.0, or None for anything else.

    No other place is looked at: a query ends up in logs and histories.
    """
    headers = event.get("headers") if isinstance(event, dict) else None
    # API Gateway writes the names of headers in lower case.
    header = headers.get("authorization") if isinstance(headers, dict) else None
    if not isinstance(header, str) or len(header) > LONGEST_HEADER:
        return None
    found = _CREDENTIALS.fullmatch(header)
    return found[1] if found else None
