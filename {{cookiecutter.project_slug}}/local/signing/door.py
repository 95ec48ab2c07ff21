"""The part of a front door that takes signed requests: principals with keys, one of whom the template lets in."""

import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack

from local.identifiers import PSEUDO_PARAMETERS
from local.signing.sigv4 import Key
from local.template import Stack

# An example of what callers send.
MESSAGE = '{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'
REGION = PSEUDO_PARAMETERS["AWS::Region"]
# Of other accounts than the stack's, so that nothing but the template's permissions lets one in.
_CALLER = "arn:aws:iam::210987654321:role/local-caller"
_STRANGER = "arn:aws:iam::321098765432:role/local-stranger"


def _key(access_key: str, role: str) -> Key:
    session = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/local"
    return Key(access_key, secrets.token_urlsafe(30), session)


class SignedDoor:
    """Lets in a caller whom the parameter CallerPrincipal names, and knows a stranger whom it does not.

    Their secrets are made at the start and last until the end.
    """

    def __init__(self, authority: str, _identity_port: int) -> None:
        """Take the address that the door is reached by; it has no identity provider."""
        self.authority = authority
        self.caller = _key("AKIALOCALCALLER00000", _CALLER)
        self.stranger = _key("AKIALOCALSTRANGER000", _STRANGER)

    @property
    def keys(self) -> tuple[Key, Key]:
        """Everybody whose signature is known."""
        return self.caller, self.stranger

    @property
    def parameters(self) -> Mapping[str, str]:
        """The template's parameters that name what exists on AWS alone, and what stands in for it."""
        return {"CallerPrincipal": _CALLER}

    def origins(self, _stack: Stack) -> Mapping[str, str]:
        """Return which URLs of AWS are taken over beside the stack's own names: none."""
        return {}

    async def open(self, _stack: Stack, _entered: AsyncExitStack) -> None:
        """Serve nothing beside the door itself."""

    def close(self) -> None:
        """Hold nothing that would have to be given back."""

    def credentials(self) -> dict[str, object]:
        """Return what a program needs to sign as the caller, or as the stranger."""
        return {
            "region": REGION,
            "access_key_id": self.caller.access_key,
            "secret_access_key": self.caller.secret,
            "stranger_access_key_id": self.stranger.access_key,
            "stranger_secret_access_key": self.stranger.secret,
        }

    def exports(self) -> str:
        """Return what a shell needs to sign as the caller."""
        return (
            f"export AWS_ACCESS_KEY_ID={self.caller.access_key} AWS_SECRET_ACCESS_KEY={self.caller.secret}\n"
            f"  export AWS_REGION={REGION}; unset AWS_SESSION_TOKEN AWS_PROFILE"
        )
