"""Requests to AWS that failed: words for a model to act on, and a line of the log for an operator."""

import logging
import re
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_logger = logging.getLogger(__name__)
_HERE = Path(__file__).parent
_ACCOUNT = re.compile(r"\b[0-9]{12}\b")

_DENIED = "The function's role lacks the permission. Do not retry; ask the operator to allow it in template.yaml."
_THROTTLED = "AWS is limiting the request rate. Wait a few seconds, then retry once."
_UNTRUSTED = "AWS takes neither the server's credentials nor its clock for good. Do not retry; tell the operator."
_IN_TROUBLE = "AWS has a fault of its own. Wait a minute, then retry once."
_ADVICE = {
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "KMSAccessDeniedException": _DENIED,
    "UnauthorizedOperation": _DENIED,
    "EC2ThrottledException": _THROTTLED,
    "ProvisionedThroughputExceededException": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "RequestThrottled": _THROTTLED,
    "RequestThrottledException": _THROTTLED,
    "SlowDown": _THROTTLED,
    "ThrottledException": _THROTTLED,
    "Throttling": _THROTTLED,
    "ThrottlingException": _THROTTLED,
    "TooManyRequestsException": _THROTTLED,
    "AuthFailure": _UNTRUSTED,
    "ExpiredToken": _UNTRUSTED,
    "ExpiredTokenException": _UNTRUSTED,
    "InvalidAccessKeyId": _UNTRUSTED,
    "InvalidClientTokenId": _UNTRUSTED,
    "InvalidSignatureException": _UNTRUSTED,
    "RequestExpired": _UNTRUSTED,
    "RequestTimeTooSkewed": _UNTRUSTED,
    "SignatureDoesNotMatch": _UNTRUSTED,
    "UnrecognizedClientException": _UNTRUSTED,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """What became of a request: AWS's error code, or the name of the exception; and the words for a model."""

    code: str
    text: str


def kinds() -> tuple[type[Exception], ...]:
    """Return what a request to AWS may raise, and the code that reads its answer; for an `except` clause."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    # The last four are how reading ends where an answer lacks a member, or has another type in its place.
    return (BotoCoreError, ClientError, ResponseParserError, AttributeError, LookupError, TypeError, ValueError)


def explain(error: Exception) -> Failure:
    """Return what `error`, one of `kinds()`, means for a model, and write the operator's line.

    AWS's own text is passed on only where it speaks of the caller's arguments: that of a denied call names the role and
    the account. The line has none of it, nor anything else that a caller or AWS has said.
    """
    from botocore.exceptions import (  # noqa: PLC0415
        BotoCoreError,
        ClientError,
        CredentialRetrievalError,
        NoCredentialsError,
        ParamValidationError,
    )

    name = type(error).__name__
    match error:
        case ClientError():
            return _refused(error)
        case NoCredentialsError() | CredentialRetrievalError():
            what = "There are no AWS credentials"
            # Not "retry": the next call has none either.
            text = f"There are no AWS credentials for this call. {error} Do not retry."
        case ParamValidationError():
            what, text = "AWS was not asked", f"AWS would not take these arguments. {error}"
        case BotoCoreError():
            what, text = "AWS could not be reached", f"AWS could not be reached ({name}). Retry once."
        case _:
            what = "AWS's answer could not be read, or the code that reads it is wrong"
            text = f"AWS's answer could not be read ({name}). Retry once; if it stays so, tell the operator."
    _logger.warning("%s: %s at %s", what, name, _place(error))
    return Failure(name, text)


def _refused(error: "ClientError") -> Failure:
    details, metadata = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    code, status = details.get("Code", "Unknown"), metadata.get("HTTPStatusCode", 0)
    request = metadata.get("RequestId")
    _logger.warning("AWS refused %s: %s (HTTP %s, request %s)", error.operation_name, code, status, request)
    advice = _ADVICE.get(code)
    if advice is None and status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        advice = _IN_TROUBLE
    elif advice is None and status == HTTPStatus.FORBIDDEN:
        advice = _DENIED
    elif advice is None:
        advice = _ACCOUNT.sub("(account)", details.get("Message", ""))
    return Failure(code, f"AWS refused {error.operation_name} ({code}). {advice}")


def _place(error: Exception) -> str:
    """Return the line of the server's own code that failed; what it ships with is in folders."""
    frames = extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent == _HERE] or frames
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}, {own[-1].line}" if own else "an unknown place"
