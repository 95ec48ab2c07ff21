"""The Lambda entry point of the authorizer: lets pass who has the team's secret."""

import os
from typing import Any

import bearer
from team_secret import TeamSecret

_secret = TeamSecret(os.environ["SECRET_ARN"])


def lambda_handler(event: Any, _context: object) -> dict[str, Any]:
    """Answer one request event of payload format 2.0 with a simple response; what is no such event may not pass.

    The response has no more of the token than which version of the secret it is.

    Source: "Control access to HTTP APIs with AWS Lambda authorizers" in the API Gateway developer guide, which answers
    401 itself where there is no header, 403 where this says no, and 500 where this fails.

    Raises:
        UnavailableError: If the secret cannot be read: rather nobody than anybody.
    """
    token = bearer.token(event)
    version = _secret.version_of(token) if token else None
    return {"isAuthorized": True, "context": {"secret": version}} if version else {"isAuthorized": False}
