"""The key that seals `requestState`: one for all execution environments, read from Secrets Manager on first use.

A tool that asks back ends its call, and the client brings the answer, with the state, to any environment. The SDK seals
the state for its caller, tool, arguments and time; by itself it does so with a key that only one process has.
"""

import json
import logging
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mcp.server.context import ServerRequestContext
from mcp.server.request_state import (
    AESGCMRequestStateCodec,
    InvalidRequestState,
    RequestStateBoundary,
    RequestStateSecurity,
)

import aws
import caller
from sdk import MCPServer

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# How long a user may take to answer.
TTL_SECONDS = 600
# How old the keys may be for a state that they open, for one that they do not, and while Secrets Manager does not
# answer.
FRESH_SECONDS = 300
DOUBTED_SECONDS = 5
STALE_SECONDS = 3600
_LOG = logging.getLogger(__name__)


class UnavailableError(Exception):
    """Nothing can be sealed or opened: there is no copy of the keys, or only one that is too old."""


class SharedKeys:
    """The SDK's codec with the keys of the stack: the current one seals, and the one before it opens too.

    The SDK seals and opens on the event loop, and a read of the secret holds that up. Here it may: an environment
    serves one call at a time, and this one cannot go on without the key.

    A forged state never costs more calls than time does: Secrets Manager is asked once in DOUBTED_SECONDS at most,
    whether it answers or not. `clock` gives seconds, and never goes back.

    Source of the versions: "Rotation: staging labels" of PutSecretValue in the Secrets Manager API reference. A new
    version becomes AWSCURRENT, the one that was so becomes AWSPREVIOUS, and the one that was that loses its label.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Read nothing yet, so that a cold start does not wait for a secret that most calls never need."""
        self._clock = clock
        self._codec: AESGCMRequestStateCodec | None = None
        self._read = self._tried = float("-inf")

    def seal(self, payload: bytes) -> str:
        """Return `payload` sealed with the current key.

        Raises:
            UnavailableError: If Secrets Manager has not answered for STALE_SECONDS, or not at all yet.
        """
        return self._not_older_than(FRESH_SECONDS).seal(payload)

    def unseal(self, token: str) -> bytes:
        """Return what was sealed.

        Raises:
            InvalidRequestState: If it was not sealed by a key of this stack that is still valid.
            UnavailableError: If Secrets Manager has not answered for STALE_SECONDS, or not at all yet.
        """
        try:
            return self._not_older_than(FRESH_SECONDS).unseal(token)
        except InvalidRequestState:
            # Another environment may have heard of a new key first.
            return self._not_older_than(DOUBTED_SECONDS).unseal(token)

    def _not_older_than(self, seconds: float) -> AESGCMRequestStateCodec:
        now = self._clock()
        if now - self._read > seconds and now - self._tried > DOUBTED_SECONDS:
            self._tried = now
            self._try_to_read(now)
        if self._codec is None or now - self._read > STALE_SECONDS:
            raise UnavailableError("The key of requestState cannot be read; the lines before this one say why.")
        return self._codec

    def _try_to_read(self, now: float) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
        from botocore.parsers import ResponseParserError  # noqa: PLC0415

        arn = os.environ["REQUEST_STATE_SECRET"]
        try:
            # A value that was set anew as it was is the same key, which the codec wants once.
            keys = dict.fromkeys(filter(None, (_version(arn, stage) for stage in ("AWSCURRENT", "AWSPREVIOUS"))))
            self._codec = AESGCMRequestStateCodec(list(keys))
            self._read = now
        except (BotoCoreError, ClientError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            _LOG.error("Secrets Manager gives no value of %s (%s): is it there, may this role read it?", arn, code)
        except (AttributeError, KeyError, TypeError, ValueError, ResponseParserError):
            _LOG.error("The value of %s is no key: it must be text of 32 characters or more. Rotate it.", arn)


def _version(arn: str, stage: str) -> str | None:
    client: SecretsManagerClient = aws.client("secretsmanager")
    try:
        return str(client.get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"])
    except client.exceptions.ResourceNotFoundException:
        # Before the first rotation there is one version.
        if stage == "AWSPREVIOUS":
            return None
        raise


def share(server: MCPServer) -> None:
    """Have `server` seal with the key of the stack, and for the caller, where the SDK would with one of the process.

    Raises:
        RuntimeError: If the SDK no longer has the boundary that this replaces.
    """
    security = RequestStateSecurity(codec=SharedKeys(), bind_principal=_principal, ttl=TTL_SECONDS)
    for position, middleware in enumerate(server.middleware):
        if isinstance(middleware, RequestStateBoundary):
            server.middleware[position] = RequestStateBoundary(security, default_audience=server.name)
            return
    raise RuntimeError("The SDK has no RequestStateBoundary in the server's middleware: request_state.py must change.")


def _principal(_: ServerRequestContext[Any, Any]) -> str | None:
    """Return whom a state belongs to, so that nobody else can go on with it; None where the endpoint passes nobody."""
    who = caller.current()
    found = (who.subject, who.client_id, who.tenant)
    # As JSON, for no name may be made to look like two.
    return json.dumps(found) if any(found) else None
