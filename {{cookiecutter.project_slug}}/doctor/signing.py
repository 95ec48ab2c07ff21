"""Requests signed with the AWS credentials of the shell (SigV4), and what a function URL that refuses one says."""

import re
from collections.abc import Mapping
from typing import Any

from doctor.clock import Clock
from doctor.hop import BrokenError
from doctor.urls import split
from doctor.web import Response

SERVICE = "lambda"
_HOST = re.compile(r"[a-z0-9]+\.lambda-url\.([a-z0-9-]+)\.on\.aws")
_SIGN_IN = "Sign in again (aws sso login, or what your organisation uses), and check by `aws sts get-caller-identity`."
_PERMISSIONS = (
    "Both lambda:InvokeFunctionUrl and lambda:InvokeFunction (condition lambda:InvokedViaFunctionUrl) are needed on "
    "the alias `live`; URLs made since October 2025 refuse whoever has but one. Attach the policy in the output "
    "CallerPolicy, or name the caller by the parameter CallerPrincipal; a caller of another account needs both. To see "
    "what there is: `aws lambda get-policy --function-name FUNCTION --qualifier live`, and the caller's own policies."
)


class Signer:
    """Signs requests to a function URL as whoever the AWS SDK finds credentials for."""

    def __init__(self, url: str, region: str | None) -> None:
        """Look for credentials; a `region` is needed where the URL does not name it. Raises BrokenError."""
        try:
            from botocore.exceptions import BotoCoreError  # noqa: PLC0415
            from botocore.session import Session  # noqa: PLC0415
        except ImportError as error:
            raise BrokenError(
                "This Python has no botocore, which signs requests.", "Run it by `make doctor`, which has."
            ) from error
        self._url = url
        named = _HOST.fullmatch(split(url).hostname or "")
        try:
            session: Any = Session()
            self.region = named[1] if named else region or session.get_config_variable("region")
            credentials = session.get_credentials()
            self._credentials: Any = credentials.get_frozen_credentials() if credentials else None
        except BotoCoreError as error:
            raise BrokenError(f"The AWS credentials of this shell cannot be used: {error}", _SIGN_IN) from error
        if self._credentials is None:
            raise BrokenError("There are no AWS credentials in this shell.", _SIGN_IN)
        if not self.region:
            raise BrokenError("The URL does not name its region.", "Give it by --region.")

    @property
    def secrets(self) -> list[str]:
        """What may never be printed."""
        return [secret for secret in (self._credentials.secret_key, self._credentials.token) if secret]

    def described(self) -> str:
        """Return in words with what requests are signed."""
        return f"access key {self._credentials.access_key}, for {SERVICE} in {self.region}"

    def prove(self, body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return the headers of a signature over a POST with this body and these headers."""
        from botocore.auth import SigV4Auth  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415

        request = AWSRequest("POST", self._url, dict(headers), body)
        SigV4Auth(self._credentials, SERVICE, self.region).add_auth(request)
        return dict(request.headers)


def refused(response: Response, clock: Clock | None) -> BrokenError:
    """Return what a 401 or 403 to a signed request means.

    Lambda has one answer for whoever lacks a permission, whichever it is (Lambda developer guide, "Control access to
    Lambda function URLs"), and others for signatures, as AWS's services share them.
    """
    try:
        said = response.json()
    except ValueError:
        said = {}
    message = str(said.get("message", said.get("Message", ""))) if isinstance(said, dict) else ""
    kind = response.header("x-amzn-errortype").partition(":")[0]
    if any(word in message for word in ("expired: ", "not yet current")):
        skew = f": {clock.told}" if clock and not clock.agrees else ""
        return BrokenError(
            f"The signature's time is more than five minutes off{skew}. It says: {message}",
            "Set this machine's clock by a time server.",
        )
    if "expired" in message or kind == "ExpiredTokenException":
        return BrokenError(f"The credentials have expired. It says: {message}", _SIGN_IN)
    if kind == "UnrecognizedClientException" or "security token" in message:
        return BrokenError(f"AWS does not know these credentials. It says: {message}", _SIGN_IN)
    if "signature" in message.lower() or "scoped to" in message:
        return BrokenError(
            f"The signature does not match. It says: {message}",
            "The secret is not that of the access key, or the region or a proxy on the way is not the right one: check "
            f"AWS_SECRET_ACCESS_KEY and --region. {_SIGN_IN}",
        )
    return BrokenError("The signature is good, and the caller lacks a permission: 403 Forbidden.", _PERMISSIONS)
