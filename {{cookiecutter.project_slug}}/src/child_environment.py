"""What a child process learns from the function's environment: what AWS's SDKs need, and who is calling."""

import json
import os
import sys

from caller import Caller

# An allowlist, because a child has no business with the rest: with AWS_LAMBDA_RUNTIME_API alone it could take the
# function's next event. To give your server a variable of its own (its API key, say), add the name here.
_PASSED_ON = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_CA_BUNDLE",
        "AWS_CONFIG_FILE",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SHARED_CREDENTIALS_FILE",
        # SnapStart hands out credentials here instead of in the variables above.
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "HOME",
        "LANG",
        # The shared libraries of Lambda's Python.
        "LD_LIBRARY_PATH",
        "PATH",
        "POWERTOOLS_SERVICE_NAME",
        "SERVER_TITLE",
        "STDIO_PACKAGE",
        "TZ",
    }
)
_ENDPOINT_URL = "AWS_ENDPOINT_URL"


def environment(who: Caller, seconds: float) -> dict[str, str]:
    """Return the environment of a child that serves one call for `who` and has `seconds` to live."""
    passed_on = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name == _ENDPOINT_URL or name.startswith(f"{_ENDPOINT_URL}_")
    }
    identity = {
        "subject": who.subject,
        "client_id": who.client_id,
        "scopes": sorted(who.scopes),
        "claims": dict(who.claims),
    }
    return passed_on | {
        "MCP_CALLER": json.dumps(identity),
        "MCP_SECONDS": str(seconds),
        # Lambda's boto3 is on the parent's path only: the runtime client puts it there.
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
