"""Values that callers keep between calls, in DynamoDB, each under a handle that the server mints for it."""

import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aws
import handles
import limits
from handles import NotFoundError
from sdk import ResourceError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

# Each change reads and writes the whole value, and both are billed by its size. DynamoDB itself takes 400 KB; what is
# larger than this belongs in S3, with its key kept here.
MAX_VALUE_BYTES = 64_000
_DAY = 86_400
_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0)
# Not `random`: environments that SnapStart resumes from one snapshot would all draw the same pauses.
_random = secrets.SystemRandom()


class ConflictError(ResourceError):
    """Somebody else has changed the value since it was read."""

    def __init__(self) -> None:
        super().__init__(
            "Other calls changed this value at the same time, so that this one changed nothing. Retry it as it is."
        )


class ValueRefusedError(ResourceError):
    """The value is too large, or no JSON; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A value as it was when it was read or written.

    Attributes:
        handle: What its caller, and nobody else, gets at it by.
        version: Another number after each write; which is larger means nothing.
        value: What JSON can say: None, bool, int, float, str, and lists and dicts of these.
    """

    handle: str
    version: int
    value: Any


@aws.explained()
def create(value: Any) -> Kept:
    """Keep `value` for the current caller under a new handle, for STATE_DAYS days.

    Raises:
        ValueRefusedError: If it is larger than MAX_VALUE_BYTES as JSON, or no JSON.
    """
    handle, written = handles.mint(), _written(value)
    _dynamodb().put_item(
        TableName=os.environ["STATE_TABLE"],
        Item={**_key(handle), **written},
        # The version is there for a request that botocore repeats because its answer was lost.
        ConditionExpression="attribute_not_exists(#version) OR #version = :version",
        ExpressionAttributeNames={"#version": "version"},
        ExpressionAttributeValues={":version": written["version"]},
    )
    return _kept(handle, written)


@aws.explained()
def read(handle: str) -> Kept:
    """Return what the current caller keeps under `handle`.

    Raises:
        NotFoundError: If there is nothing, or `handle` is no text that this server would mint.
    """
    key = _key(handle)
    item = _dynamodb().get_item(TableName=os.environ["STATE_TABLE"], Key=key, ConsistentRead=True).get("Item")
    if item is None or not _lives(item):
        raise NotFoundError
    return _kept(handle, item)


@aws.explained()
def update(kept: Kept, value: Any) -> Kept:
    """Put `value` in the place of what was read as `kept`, for STATE_DAYS days from now.

    Raises:
        ConflictError: If somebody else has changed it since.
        NotFoundError: If it is no more.
        ValueRefusedError: As in `create`.
    """
    key, written, dynamodb = _key(kept.handle), _written(value), _dynamodb()
    try:
        dynamodb.update_item(
            TableName=os.environ["STATE_TABLE"],
            Key=key,
            # As in `create`, the new version is there for a request that is repeated.
            ConditionExpression="(#version = :known OR #version = :version) AND #expires > :now",
            UpdateExpression="SET #version = :version, #value = :value, #expires = :expires",
            ExpressionAttributeNames={f"#{name}": name for name in written},
            ExpressionAttributeValues={
                **{f":{name}": attribute for name, attribute in written.items()},
                ":known": {"N": str(kept.version)},
                ":now": {"N": str(int(time.time()))},
            },
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as refused:
        answer: Any = refused.response
        raise ConflictError if _lives(answer.get("Item")) else NotFoundError from None
    return _kept(kept.handle, written)


def change(handle: str, function: Callable[[Any], Any]) -> Kept:
    """Put what `function` makes of the value in its place; each try calls it again.

    Between tries are pauses with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"), 5 s in all at
    most, and none that would outlast the call.

    Raises:
        ConflictError: If others were faster each time.
        NotFoundError: If there is nothing under `handle`.
        ValueRefusedError: As in `create`.
    """
    for longest in _PAUSES:
        try:
            return _changed(handle, function)
        except ConflictError:
            pause = _random.uniform(0, longest)
            if pause > limits.remaining_seconds():
                raise
            time.sleep(pause)
    return _changed(handle, function)


@aws.explained()
def delete(handle: str) -> None:
    """Forget what the current caller keeps under `handle`.

    Raises:
        NotFoundError: If there is nothing.
    """
    key, dynamodb = _key(handle), _dynamodb()
    try:
        dynamodb.delete_item(
            TableName=os.environ["STATE_TABLE"],
            Key=key,
            ConditionExpression="#expires > :now",
            ExpressionAttributeNames={"#expires": "expires"},
            ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        raise NotFoundError from None


def _changed(handle: str, function: Callable[[Any], Any]) -> Kept:
    kept = read(handle)
    return update(kept, function(kept.value))


def _dynamodb() -> "DynamoDBClient":
    client: DynamoDBClient = aws.client("dynamodb")
    return client


def _key(handle: str) -> "dict[str, AttributeValueTypeDef]":
    owner, handle = handles.place(handle)
    return {"owner": {"S": owner}, "handle": {"S": handle}}


def _written(value: Any) -> "dict[str, AttributeValueTypeDef]":
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (RecursionError, TypeError, ValueError) as error:
        raise ValueRefusedError(f"This value cannot be kept, because it is no JSON: {error}.") from error
    if len(text) > MAX_VALUE_BYTES:
        found = f"as JSON it has {len(text):,} bytes, and {MAX_VALUE_BYTES:,} is the limit"
        raise ValueRefusedError(f"This value cannot be kept: {found}. Keep less.")
    expires = int(time.time() + _DAY * float(os.environ["STATE_DAYS"]))
    return {"version": {"N": str(secrets.randbits(63))}, "value": {"S": text}, "expires": {"N": str(expires)}}


def _lives(item: "Mapping[str, AttributeValueTypeDef] | None") -> bool:
    # DynamoDB deletes what has expired within days (developer guide, "Using time to live (TTL)"); it is gone at once.
    return item is not None and int(item["expires"]["N"]) > time.time()


def _kept(handle: str, item: "Mapping[str, AttributeValueTypeDef]") -> Kept:
    return Kept(handle, int(item["version"]["N"]), json.loads(item["value"]["S"]))
