"""Reads the caller from what Lambda has verified: the AWS principal that signed the request."""

from typing import Any

from caller import Caller

# Not the access key: it has no use here, and a log is no place for it.
_CLAIMS = ("accountId", "callerId", "principalOrgId", "userArn", "userId")


def of(request_context: Any) -> Caller:
    """Return the caller by `authorizer.iam` of an event's `requestContext`, which only Lambda can write.

    Source: "Invoking Lambda function URLs" in the Lambda developer guide, request payload format.
    """
    found = request_context
    for key in ("authorizer", "iam"):
        found = found.get(key) if isinstance(found, dict) else None
    known = found if isinstance(found, dict) else {}
    claims = {name: str(known[name]) for name in _CLAIMS if known.get(name) is not None}
    return Caller(subject=claims.get("userArn"), claims=claims)
