"""Messages by lambda:InvokeFunction, with the AWS credentials of the shell."""

import json
import re
from collections.abc import Mapping
from typing import Any

from doctor.hop import BrokenError
from doctor.messages import Message

# As long as a call may take by the default CallTimeoutSeconds, and a little more.
_CALL_SECONDS = 65
_ARN = re.compile(r"arn:[\w-]+:lambda:([\w-]+):[0-9]{12}:function:([\w-]+)(?::([\w$-]+))?")
_SIGN_IN = "Sign in again (aws sso login, or what your organisation uses), and check by `aws sts get-caller-identity`."
_LOG = "The function's log has the reason: `make logs`."
_CURES = {
    "AccessDeniedException": "Attach the policy in the output CallerPolicy to the caller, or name it by the parameter "
    "CallerPrincipal; a caller of another account needs both. They allow the alias alone: call the output FunctionArn.",
    "InvalidParameterValueException": "Where the function isolates tenants, name one by ARGS=--tenant=NAME; elsewhere "
    "name none.",
    "ResourceNotFoundException": "Use the ARN in the output FunctionArn, and check account, region and that the stack "
    "was not deleted.",
    "TooManyRequestsException": "Raise ReservedConcurrency, or the account's limit for Lambda.",
    "InvalidSignatureException": f"Set this machine's clock by a time server, and check the secret key. {_SIGN_IN}",
    "UnrecognizedClientException": _SIGN_IN,
    "ExpiredTokenException": _SIGN_IN,
}


def checked(arn: str) -> str:
    """Return in words what an ARN names. Raises BrokenError if that is not an alias of a function."""
    named = _ARN.fullmatch(arn)
    if not named:
        raise BrokenError(f"{arn} is no ARN of a function.", "Use the output FunctionArn.")
    if not named[3]:
        raise BrokenError(
            f"{arn} is the function and not its alias, on which callers have no permission.",
            f"Use the output FunctionArn: {arn}:live.",
        )
    return f"function {named[2]} in {named[1]}, alias {named[3]}"


class Invoker:
    """Invokes the function `arn`, with a client of the AWS SDK; for `tenant`, if it isolates tenants."""

    def __init__(self, arn: str, tenant: str | None = None) -> None:
        """Look for credentials. Raises BrokenError if there are none."""
        try:
            import boto3  # noqa: PLC0415
            from botocore.config import Config  # noqa: PLC0415
            from botocore.exceptions import BotoCoreError  # noqa: PLC0415
        except ImportError as error:
            raise BrokenError("This Python has no boto3.", "Run it by `make doctor`, which has.") from error
        self._arn = arn
        self._options = {"TenantId": tenant} if tenant else {}
        settings = Config(read_timeout=_CALL_SECONDS, retries={"total_max_attempts": 1})
        try:
            session: Any = boto3.Session(region_name=arn.split(":")[3])
            self._client: Any = session.client("lambda", config=settings)
            credentials = session.get_credentials()
            self._credentials: Any = credentials.get_frozen_credentials() if credentials else None
        except BotoCoreError as error:
            raise BrokenError(f"The AWS credentials of this shell cannot be used: {error}", _SIGN_IN) from error
        if self._credentials is None:
            raise BrokenError("There are no AWS credentials in this shell.", _SIGN_IN)

    @property
    def secrets(self) -> list[str]:
        """What may never be printed."""
        return [secret for secret in (self._credentials.secret_key, self._credentials.token) if secret]

    def described(self) -> str:
        """Return in words whose credentials are used."""
        return f"access key {self._credentials.access_key}"

    def ask(self, message: Message) -> Mapping[str, Any]:
        """Send one message and return the JSON-RPC response to it. Raises BrokenError if there is none."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        payload = json.dumps(message.payload).encode()
        try:
            response = self._client.invoke(FunctionName=self._arn, Payload=payload, **self._options)
            answer = response["Payload"].read()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            raise BrokenError(f"AWS refuses: {error}", _CURES.get(code, _LOG)) from error
        except BotoCoreError as error:
            raise BrokenError(
                f"Lambda cannot be reached: {error}", "Check the network and AWS_ENDPOINT_URL."
            ) from error
        try:
            found = json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise BrokenError(f"The function returned no JSON: {answer[:200]!r}", _LOG) from error
        if "FunctionError" in response:
            raise BrokenError(f"The function fails: {_error(found)}", f"{_LOG} It may be an error while it starts.")
        if not isinstance(found, dict) or not ("result" in found or "error" in found):
            raise BrokenError("The function returned no JSON-RPC response.", "Use the ARN in the output FunctionArn.")
        return found


def _error(found: Any) -> str:
    if not isinstance(found, dict):
        return str(found)[:200]
    return f"{found.get('errorType', 'an error')}: {found.get('errorMessage', 'no message')}"
