"""The outputs of the deployed stack, or in words why there are none."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NO_REGION = "No region is set. Give the stack's own by REGION=us-east-1, or export AWS_DEFAULT_REGION."
_NO_CREDENTIALS = "There are no AWS credentials here. Sign in as for `make deploy`, or export AWS_PROFILE."
_DENIED = "These AWS credentials lack the permission cloudformation:DescribeStacks on the stack {stack}."
_STALE = "AWS does not accept these credentials ({code}): they have expired, or are not right. Sign in again."
_MISSING = (
    "There is no stack {stack} in {region}. Deploy it by `make deploy`, or give its name by STACK=… and its region by "
    "REGION=…."
)
_UNFINISHED = {
    "REVIEW_IN_PROGRESS": "has a change set that was never executed. Deploy it by `make deploy`.",
    "CREATE_IN_PROGRESS": "is still being created. Try again in a few minutes.",
    "CREATE_FAILED": "could not be created. Its events in the CloudFormation console say why.",
    "ROLLBACK_IN_PROGRESS": "could not be created and is being rolled back. Its events say why.",
    "ROLLBACK_FAILED": "could not be created, nor rolled back. Its events in the CloudFormation console say why.",
    "ROLLBACK_COMPLETE": "could not be created and was rolled back. Its events say why; `make delete` clears the way.",
    "DELETE_IN_PROGRESS": "is being deleted.",
    "DELETE_FAILED": "was deleted in part. Its events in the CloudFormation console say what is left.",
    "DELETE_COMPLETE": "is deleted. Deploy it by `make deploy`.",
}
# What AWS says of keys that it does not know, whose secret is another, or whose time is over:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html
_BAD_KEYS = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "SignatureDoesNotMatch"}


class OutputsError(Exception):
    """There are no outputs to be had; the text says why, and what to do."""


def region_name(region: str | None) -> str:
    """Return `region`, or else the one that `make deploy` remembers, or that the AWS SDK is set to.

    Raises:
        OutputsError: If there is none.
    """
    from boto3.session import Session  # noqa: PLC0415

    with _explained():
        name = region or _remembered() or Session().region_name
    if not name:
        raise OutputsError(_NO_REGION)
    return name


def _remembered() -> str | None:
    """Return where `sam deploy --guided` deployed to, which it writes into samconfig.toml."""
    try:
        written = tomllib.loads(Path("samconfig.toml").read_text(encoding="utf-8"))
        return str(written["default"]["deploy"]["parameters"]["region"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def read(stack: str, region: str | None) -> Mapping[str, str]:
    """Return the outputs of a deployed stack by name, with the credentials that the AWS SDK finds.

    A stack whose update is under way, or was rolled back, has the outputs of what was last deployed. The states are
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html

    Args:
        stack: Its name or ARN.
        region: Where it is; None for where `region_name` says.

    Raises:
        OutputsError: With no region or credentials, no permission, no such stack, or one that never came to be.
    """
    from boto3.session import Session  # noqa: PLC0415
    from botocore.exceptions import ClientError  # noqa: PLC0415

    region = region_name(region)
    with _explained():
        cloudformation: Any = Session(region_name=region).client("cloudformation")
        try:
            described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            raise OutputsError(_refused(error.response.get("Error", {}), stack, region)) from error
    if described["StackStatus"] in _UNFINISHED:
        raise OutputsError(f"The stack {stack} in {region} {_UNFINISHED[described['StackStatus']]}")
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def _refused(error: Mapping[str, Any], stack: str, region: str) -> str:
    code, message = error.get("Code", "Unknown"), error.get("Message", "")
    if code in {"AccessDenied", "AccessDeniedException"}:
        return _DENIED.format(stack=stack)
    if code in _BAD_KEYS:
        return _STALE.format(code=code)
    # The same code for every argument that does not fit.
    if code == "ValidationError" and "does not exist" in message:
        return _MISSING.format(stack=stack, region=region)
    return f"AWS refused to describe the stack {stack} in {region} ({code}): {message}"


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what botocore raises before AWS answers into an OutputsError."""
    from botocore.exceptions import BotoCoreError, NoCredentialsError  # noqa: PLC0415

    try:
        yield
    except NoCredentialsError as error:
        raise OutputsError(_NO_CREDENTIALS) from error
    except BotoCoreError as error:
        raise OutputsError(f"AWS could not be asked: {error}") from error
