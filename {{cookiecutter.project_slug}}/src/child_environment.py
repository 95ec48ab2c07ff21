"""What a child process learns from the function's environment: what AWS's SDKs need, and who is calling."""

import json
import os
import sys
from typing import TYPE_CHECKING

import aws_failures
from caller import Caller
from child_process import ChildError

if TYPE_CHECKING:
    from collections.abc import Callable

    from boto3.session import Session

# An allowlist, because a child has no business with the rest: with AWS_LAMBDA_RUNTIME_API alone it could take the
# function's next event. To give your server a variable of its own (its API key, say), add the name here.
_PASSED_ON = frozenset(
    {
        "AWS_CA_BUNDLE",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "HOME",
        "LANG",
        # The shared libraries of Lambda's Python.
        "LD_LIBRARY_PATH",
        "PATH",
        "POWERTOOLS_SERVICE_NAME",
        "SERVER_TITLE",
        "STATE_DAYS",
        "STATE_TABLE",
        "STDIO_PACKAGE",
        "TZ",
    }
)
_ENDPOINT_URL = "AWS_ENDPOINT_URL"
# What has a server act for somebody. The rest, such as a list, is the same for all and needs nobody's credentials.
_ACTING = frozenset({"completion/complete", "prompts/get", "resources/read", "tools/call"})
# Where a caller acts with credentials of its own, none of the machine may come in their place.
_NO_OTHERS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
# The function's own credentials, for callers that act with no others.
_CREDENTIALS = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_CONFIG_FILE",
        "AWS_PROFILE",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SHARED_CREDENTIALS_FILE",
        # SnapStart hands out credentials here instead of in the variables above.
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    }
)


class RefusedSessionError(ChildError):
    """The caller's own AWS credentials cannot be had; the text is for a model to read."""

    outcome = "no_credentials"


def environment(who: Caller, method: str, seconds: float) -> dict[str, str]:
    """Return the environment of a child that serves one request for `who` and has `seconds` to live.

    Raises:
        RefusedSessionError: If `who` acts with credentials of its own, and there are none.
    """
    if who.session is None:
        credentials = _of_function()
    else:
        credentials = _NO_OTHERS | (_of_session(who.session) if method in _ACTING else {})
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
        "tenant": who.tenant,
    }
    return (
        passed_on
        | credentials
        | {
            "MCP_CALLER": json.dumps(identity),
            "MCP_SECONDS": str(seconds),
            # Lambda's boto3 is on the parent's path only: the runtime client puts it there.
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
    )


def _of_function() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in _CREDENTIALS}


def _of_session(session: "Callable[[], Session]") -> dict[str, str]:
    try:
        credentials = session().get_credentials()
        if credentials is None:
            from botocore.exceptions import NoCredentialsError  # noqa: PLC0415

            raise NoCredentialsError
        found = credentials.get_frozen_credentials()
    except aws_failures.kinds() as error:
        raise RefusedSessionError(aws_failures.explain(error).text) from error
    return {
        "AWS_ACCESS_KEY_ID": found.access_key or "",
        "AWS_SECRET_ACCESS_KEY": found.secret_key or "",
        "AWS_SESSION_TOKEN": found.token or "",
    }
