"""What a request to the Lambda Invoke API asks for, and the errors that it may get instead.

Source: Lambda API reference, "Invoke". The messages, and RequestEntityTooLargeException where the reference has
RequestTooLargeException, are from captures of the service that others have published.
"""

import base64
import json
import re
from typing import Any, NoReturn
from urllib.parse import parse_qs

from local.invoke.permissions import addressed

# "… byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)".
LARGEST_REQUEST = 6_291_456
LARGEST_CLIENT_CONTEXT = 3_583
_TENANT = re.compile(r"[a-zA-Z0-9._:/=+\-@ ]{1,256}")


class InvokeError(Exception):
    """No function runs: the API answers `status` with an error of this `kind`."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        """Take the kind with `Exception` at its end."""
        super().__init__(message)
        self.status = status
        self.kind = kind


def addressed_arn(name: str, query: str) -> str:
    """Return the ARN of the function, version or alias that a path and a raw query name. Raises InvokeError."""
    qualifier = parse_qs(query).get("Qualifier", [None])[0]
    try:
        arn = addressed(name, qualifier)
    except ValueError:
        message = "The derived qualifier from the function name does not match the specified qualifier."
        raise InvokeError(400, "InvalidParameterValueException", message) from None
    if arn is None:
        raise InvokeError(400, "ValidationException", f"{name} is no function's name or ARN.")
    return arn


def event(body: bytes) -> Any:
    """Return the event that `body` holds; an empty one stands for an empty object. Raises InvokeError."""
    try:
        return json.loads(body or b"{}", parse_constant=_refused_constant)
    except (ValueError, RecursionError) as error:
        message = f"Could not parse request body into json: {error}"
        raise InvokeError(400, "InvalidRequestContentException", message) from error


def client_context(header: str | None) -> dict[str, Any] | None:
    """Return the client context that `x-amz-client-context` holds. Raises InvokeError."""
    if header is None:
        return None
    try:
        context = json.loads(base64.b64decode(header, validate=True))
    except (ValueError, RecursionError):
        context = None
    if not isinstance(context, dict) or len(header) > LARGEST_CLIENT_CONTEXT:
        message = "Client context must be a valid Base64-encoded JSON object."
        raise InvokeError(
            400, "InvalidRequestContentException", f"{message} It may have {LARGEST_CLIENT_CONTEXT} bytes."
        )
    return context


def tenant(header: str | None, *, isolated: bool) -> str | None:
    """Return the tenant that `x-amz-tenant-id` names, for a function that has tenants `isolated` or not.

    Raises InvokeError. What is said of an isolated function is as on AWS, what is said of others as in SAM CLI.
    """
    if isolated and not header:
        message = "is enabled with tenancy configuration. Add a valid tenant ID in"
    elif header is not None and not isolated:
        message = "is not enabled with tenancy configuration. Remove the tenant ID from"
    elif header is not None and not _TENANT.fullmatch(header):
        raise InvokeError(400, "ValidationException", f"tenantId must satisfy the pattern {_TENANT.pattern}")
    else:
        return header
    text = f"The invoked function {message} your request and try again."
    raise InvokeError(400, "InvalidParameterValueException", text)


def too_large(size: int) -> InvokeError:
    """Return the error for an event of `size` bytes."""
    kind, limit = "RequestResponse invocation type", f"(limit {LARGEST_REQUEST} bytes)"
    message = f"{size} byte payload is too large for the {kind} {limit}"
    return InvokeError(413, "RequestEntityTooLargeException", message)


def _refused_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
