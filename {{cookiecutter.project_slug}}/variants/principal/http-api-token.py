"""Reads the caller from what the token authorizer has found: that somebody has the team's secret."""

from typing import Any

from caller import Caller


def of(request_context: Any) -> Caller:
    """Return the caller by `authorizer.lambda` of an event's `requestContext`, which only API Gateway can write.

    Everybody who has the secret is the same subject, `team`; the claim `secret` is "current" or "previous".

    Source: "Control access to HTTP APIs with AWS Lambda authorizers" in the API Gateway developer guide; that the
    context is below `lambda` is from events that others have published.
    """
    found = request_context
    for key in ("authorizer", "lambda", "secret"):
        found = found.get(key) if isinstance(found, dict) else None
    return Caller(subject="team", claims={"secret": found}) if isinstance(found, str) else Caller()
