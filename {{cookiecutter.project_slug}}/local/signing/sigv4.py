"""Requests signed with AWS Signature Version 4, in the Authorization header.

Source: IAM user guide, "AWS Signature Version 4 for API requests". The messages are AWS's own, as clients report them;
which of its services uses which is unverified. A signature in the query string is not taken.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from local.identifiers import PSEUDO_PARAMETERS
from local.request import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"
CLOCK_SKEW = timedelta(minutes=5)
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_PART = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^\s,]+)\s*")
_SCOPE = ["access key", "date", "region", "service", "terminator"]
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_UNKNOWN = "The security token included in the request is invalid."


@dataclass(frozen=True)
class Key:
    """Credentials of a principal; `arn` is its own, such as arn:aws:sts::123456789012:assumed-role/name/session."""

    access_key: str
    secret: str
    arn: str
    session_token: str | None = None


class SignatureError(Exception):
    """A request is not signed as it must be; `kind` is AWS's name for it, the message is for people."""

    def __init__(self, kind: str, message: str) -> None:
        """Take the name without `Exception` at its end."""
        super().__init__(message)
        self.kind = f"{kind}Exception"


class _Verifier(SigV4Auth):
    """Botocore's signer, over exactly the headers it is given: it would leave out some that others sign."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        headers: HTTPHeaders = request.headers
        return headers


def verify(
    request: HttpRequest,
    keys: Iterable[Key],
    *,
    service: str,
    region: str = PSEUDO_PARAMETERS["AWS::Region"],
    now: datetime | None = None,
) -> Key:
    """Return the key that signed `request` for `service` in `region`. Raises SignatureError.

    `service` is the signing name, such as lambda; S3, whose paths and payloads have rules of their own, is not served.
    `now` has a time zone; the clocks may be five minutes apart. UNSIGNED-PAYLOAD is refused, as by Lambda (CloudFront
    developer guide, "Restrict access to an AWS Lambda function URL origin").
    """
    credential, names, signature = _authorization(request)
    timestamp = _timestamp(request)
    access_key = _in_scope(credential, timestamp, region, service)
    key = _known(access_key, request, keys)
    _check_coverage(request, names)
    _check_clock(timestamp, now or datetime.now(UTC))
    signed = AWSRequest(
        method=request.method,
        # The host is among the headers; here any will do, so that an odd one cannot change what the path is.
        url=f"https://host{request.raw_path}" + (f"?{request.query}" if request.query else ""),
        data=request.body,
        headers={name: _header(request, name) for name in names},
    )
    signed.context["timestamp"] = timestamp
    verifier = _Verifier(Credentials(key.access_key, key.secret), service, region)
    calculated = verifier.signature(verifier.string_to_sign(signed, verifier.canonical_request(signed)), signed)
    if not hmac.compare_digest(calculated.encode(), signature.encode("latin-1", "replace")):
        raise SignatureError("InvalidSignature", _MISMATCH)
    return key


def _header(request: HttpRequest, name: str) -> str:
    return "; ".join(request.cookies) if name == "cookie" else request.headers[name]


def _authorization(request: HttpRequest) -> tuple[list[str], list[str], str]:
    """Return the credential's parts, the names of the signed headers, and the signature."""
    header = request.headers.get("authorization", "")
    if not header:
        raise SignatureError("MissingAuthenticationToken", "Missing Authentication Token")
    algorithm, _, rest = header.partition(" ")
    found = [_PART.fullmatch(part) for part in rest.split(",")]
    parts = {match[1]: match[2] for match in found if match}
    credential = parts.get("Credential", "").split("/")
    names = parts.get("SignedHeaders", "").split(";")
    complete = len(found) == len(parts) == 3 and len(credential) == len(_SCOPE)  # noqa: PLR2004
    if algorithm != ALGORITHM or not complete or names != sorted(set(names)):
        form = f"{ALGORITHM} Credential=…/date/region/service/aws4_request, SignedHeaders=…, Signature=…"
        raise SignatureError("IncompleteSignature", f"The Authorization header is not of the form {form}")
    return credential, names, parts["Signature"]


def _sent(request: HttpRequest, name: str) -> bool:
    return bool(request.cookies) if name == "cookie" else name in request.headers


def _timestamp(request: HttpRequest) -> str:
    timestamp = request.headers.get("x-amz-date", "")
    try:
        datetime.strptime(timestamp, _TIMESTAMP)
    except ValueError:
        message = f"Date must be in ISO-8601 'basic format', in x-amz-date. Got '{timestamp}'."
        raise SignatureError("IncompleteSignature", message) from None
    return timestamp


def _in_scope(credential: list[str], timestamp: str, region: str, service: str) -> str:
    """Return the access key of a credential that is for here and today."""
    for what, given, expected in zip(
        _SCOPE[1:], credential[1:], [timestamp[:8], region, service, "aws4_request"], strict=True
    ):
        if given != expected:
            message = f"Credential should be scoped to the {what} '{expected}', not '{given}'."
            raise SignatureError("InvalidSignature", message)
    return credential[0]


def _known(access_key: str, request: HttpRequest, keys: Iterable[Key]) -> Key:
    token = request.headers.get("x-amz-security-token")
    for key in keys:
        if hmac.compare_digest(key.access_key.encode(), access_key.encode()):
            if token is None and key.session_token is None:
                return key
            if hmac.compare_digest((key.session_token or "").encode(), (token or "").encode()):
                return key
    raise SignatureError("UnrecognizedClient", _UNKNOWN)


def _check_coverage(request: HttpRequest, names: list[str]) -> None:
    """Check that the signature is over the host, AWS's own headers, and the body."""
    if "host" not in names:
        raise SignatureError("InvalidSignature", "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    unsigned = [name for name in request.headers if name.startswith("x-amz-") and name not in names]
    if unsigned:
        message = f"There were headers present in the request which were not signed: {', '.join(sorted(unsigned))}"
        raise SignatureError("InvalidSignature", message)
    # No request target has a fragment (RFC 9112); a URL with one would hide what is behind it.
    if "#" in request.raw_path + request.query or not all(_sent(request, name) for name in names):
        raise SignatureError("InvalidSignature", _MISMATCH)
    stated = request.headers.get("x-amz-content-sha256")
    if stated is not None and not hmac.compare_digest(stated.encode(), sha256(request.body).hexdigest().encode()):
        message = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise SignatureError("InvalidSignature", message)


def _check_clock(timestamp: str, now: datetime) -> None:
    signed = datetime.strptime(timestamp, _TIMESTAMP).replace(tzinfo=UTC)
    here = now.astimezone(UTC)
    if signed < here - CLOCK_SKEW:
        how = (
            f"expired: {timestamp} is now earlier than {here - CLOCK_SKEW:{_TIMESTAMP}} ({here:{_TIMESTAMP}} - 5 min.)"
        )
    elif signed > here + CLOCK_SKEW:
        late = f"{here + CLOCK_SKEW:{_TIMESTAMP}} ({here:{_TIMESTAMP}} + 5 min.)"
        how = f"not yet current: {timestamp} is still later than {late}"
    else:
        return
    raise SignatureError("InvalidSignature", f"Signature {how}")
