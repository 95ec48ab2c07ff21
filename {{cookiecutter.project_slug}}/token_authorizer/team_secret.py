"""The team's secret: the version of now and the one before it, read from Secrets Manager and kept for a minute."""

import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from functools import cache
from typing import Any

# How old the copy may be for a token that is in it, for one that is not, and while Secrets Manager does not answer.
FRESH_SECONDS = 60
DOUBTED_SECONDS = 5
STALE_SECONDS = 300
# What callers are told apart by, and the staging label of the version that they have.
_LABELS = {"current": "AWSCURRENT", "previous": "AWSPREVIOUS"}
_LOG = logging.getLogger(__name__)

# At DEBUG botocore writes whole responses, and one of them is the secret.
logging.getLogger("botocore").setLevel(logging.WARNING)


class UnavailableError(Exception):
    """Nobody can be told from anybody: there is no copy of the secret, or only one that is too old."""


class TeamSecret:
    """Knows a token that is a version of the secret named `arn`.

    A wrong token never costs more calls than time does: Secrets Manager is asked once in DOUBTED_SECONDS at most,
    whether it answers or not. `clock` gives seconds, and never goes back.

    Source of the versions: "Rotation: staging labels" of PutSecretValue in the Secrets Manager API reference. A new
    version becomes AWSCURRENT, the one that was so becomes AWSPREVIOUS, and the one that was that loses its label.
    """

    def __init__(self, arn: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Read nothing yet, so that a cold start does not wait for a secret that no request needs."""
        self._arn = arn
        self._clock = clock
        self._digests: dict[str, bytes] = {}
        self._read = self._tried = float("-inf")

    def version_of(self, token: str) -> str | None:
        """Return which version `token` is, "current" or "previous", or None.

        Raises:
            UnavailableError: If Secrets Manager has not answered for STALE_SECONDS, or not at all yet.
        """
        presented = _digest(token)
        # A token that is not in the copy may be newer than the copy is.
        return self._match(presented, FRESH_SECONDS) or self._match(presented, DOUBTED_SECONDS)

    def _match(self, presented: bytes, oldest: int) -> str | None:
        found = None
        for label, digest in self._digests_not_older_than(oldest).items():
            # No early exit: every version is compared, whichever one it is.
            if _same(presented, digest):
                found = found or label
        return found

    def _digests_not_older_than(self, seconds: int) -> dict[str, bytes]:
        now = self._clock()
        if now - self._read > seconds and now - self._tried > DOUBTED_SECONDS:
            self._tried = now
            self._try_to_read(now)
        if now - self._read > STALE_SECONDS:
            raise UnavailableError("The team's secret cannot be read; the lines before this one say why.")
        return self._digests

    def _try_to_read(self, now: float) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
        from botocore.parsers import ResponseParserError  # noqa: PLC0415

        try:
            self._digests = {label: _digest(text) for label, stage in _LABELS.items() if (text := self._version(stage))}
            self._read = now
        except (BotoCoreError, ClientError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            _LOG.error(
                "Secrets Manager gives no value of %s (%s): is it there, may this role read it?", self._arn, code
            )
        except (AttributeError, KeyError, TypeError, ValueError, ResponseParserError):
            _LOG.error("The value of %s is no text, or blank, so that no token is it: set another one.", self._arn)

    def _version(self, stage: str) -> str | None:
        client = _client()
        try:
            # Whoever sets a secret from a file sets a new line at its end too.
            text = str(client.get_secret_value(SecretId=self._arn, VersionStage=stage)["SecretString"]).strip()
        except client.exceptions.ResourceNotFoundException:
            # Before the first rotation, and after a previous version was dropped, there is one version.
            if stage == _LABELS["previous"]:
                return None
            raise
        if not text and stage == _LABELS["current"]:
            # It would let nobody in, and nothing would say why.
            raise ValueError
        return text


@cache
def _client() -> Any:
    """Return this environment's client, made on first use as importing boto3 is most of a cold start."""
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    # Two calls with a second try each fit into the function's timeout.
    limits = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 2})
    return boto3.client("secretsmanager", config=limits)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _same(presented: bytes, digest: bytes) -> bool:
    """Compare two SHA-256 digests in a time that tells nothing of where they differ.

    Source: hmac.compare_digest in Python's documentation, which may let a difference in length show. Digests are all of
    one length, so that the secret's does not; and as no caller can choose a digest by its beginning, even a comparison
    that stopped early would not lead from one right character to the next.
    """
    return hmac.compare_digest(presented, digest)
