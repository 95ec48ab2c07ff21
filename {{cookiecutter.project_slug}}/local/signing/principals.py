"""Which callers a principal that a policy names stands for."""

import re

_ASSUMED_ROLE = re.compile(r"arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]+)/.+")
_ROLE = re.compile(r"arn:([\w-]+):iam::(\d{12}):role/(?:.+/)?([^/]+)")


def account_of(principal: str) -> str:
    """Return the account of a principal's ARN."""
    return principal.split(":")[4]


def stands_for(named: str, principal: str) -> bool:
    """Return whether `named` is everybody, or the caller with the ARN `principal`, or the role that it has assumed."""
    session, role = _ASSUMED_ROLE.fullmatch(principal), _ROLE.fullmatch(named)
    # The ARN of an assumed role has lost the path of its role's.
    assumed = session is not None and role is not None and session.groups() == role.groups()
    return named in {"*", principal} or assumed
