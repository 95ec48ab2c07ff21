"""boto3 clients, made on first use, and AWS failures in words that a model can act on."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, cast

import aws_failures
import caller
from sdk import ResourceError, ResourceNotFoundError

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

# A client takes some hundred kB; callers that act with sessions of their own have theirs.
_MOST_CLIENTS = 64

# What one request may take: a try of at most 8 s, and the pauses of at most 3 s before two more where AWS limits the
# rate. Three tries that AWS leaves unanswered would take longer; there is no result then in any case.
REQUEST_SECONDS = 11.0


@cache
def _own_session() -> "Session":
    # boto3 costs more to import than the SDK's own start, and most cold starts never touch AWS.
    from boto3.session import Session  # noqa: PLC0415

    return Session()


@cache
def _config() -> "Config":
    from botocore.config import Config  # noqa: PLC0415

    # Three tries of at most 8 s end before the function's own timeout does.
    return Config(connect_timeout=2, read_timeout=6, retries={"mode": "standard", "total_max_attempts": 3})


@lru_cache(maxsize=_MOST_CLIENTS)
def _client(session: "Session", service: str) -> Any:
    # By session, so that no caller meets a client that acts for another.
    return session.client(service, config=_config())  # type: ignore[call-overload]


def client(service: str) -> Any:
    """Return the caller's client of a service, such as "dynamodb", which this environment makes once."""
    return _client((caller.current().session or _own_session)(), service)


def ec2() -> "EC2Client":
    """Return the caller's EC2 client."""
    return cast("EC2Client", client("ec2"))


def functions() -> "LambdaClient":
    """Return the caller's Lambda client."""
    return cast("LambdaClient", client("lambda"))


def logs() -> "CloudWatchLogsClient":
    """Return the caller's CloudWatch Logs client."""
    return cast("CloudWatchLogsClient", client("logs"))


def s3() -> "S3Client":
    """Return the caller's S3 client."""
    return cast("S3Client", client("s3"))


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a request to AWS raises into an error that the model can read; use it as a decorator.

    The SDK answers a `ResourceError` with its text from a tool (an `isError` result) and from a resource alike.

    Raises:
        ResourceNotFoundError: If AWS says that the thing asked for does not exist.
        ResourceError: With the operation, AWS's error code, and what to do next; the log names them too.
    """
    try:
        yield
    except aws_failures.kinds() as error:
        failure = aws_failures.explain(error)
        kind = ResourceNotFoundError if failure.code == "ResourceNotFoundException" else ResourceError
        raise kind(failure.text) from error
