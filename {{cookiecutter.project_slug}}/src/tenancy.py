"""Whom a caller acts for, and the AWS session with which it does: one role for all tenants, tagged with the tenant.

Nothing is asked of STS before a client signs its first request. From 15 minutes before credentials expire botocore
renews them, and from 10 minutes before no request goes out without new ones.

Source: "Pass session tags in AWS STS" in the IAM user guide.
"""

import os
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, cast

from session_policy import session_policy

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.credentials import Credentials
    from botocore.session import Session as BotocoreSession
    from mypy_boto3_sts import STSClient

# Legal as the value of a session tag, in a RoleSessionName behind a prefix, and before the "#" of a table's key; IAM
# finds no wildcard and no variable in it.
_LEGAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_RULE = "A tenant has 1 to 60 letters, digits, dots, hyphens and underscores, the first of them a letter or digit."
_NOBODY = (
    "This call is for no tenant that the server knows. Tell the user to ask the operator of the server, whose README "
    "says how a caller comes to have a tenant."
)
# "IAM roles", role chaining: a role that assumes another has it for an hour at most.
_SECONDS = 3600
# A tenant that was dropped costs a call of STS and new clients, some 0.1 s, when it comes back.
_MOST_SESSIONS = 64


def read(text: str) -> dict[str, str]:
    """Return the tenant that each value of the claim stands for, from `acme,org_8123=beta`; of blank text, nothing.

    Raises:
        ValueError: If a tenant is not legal, or a value has two; the function does not start then.
    """
    tenants: dict[str, str] = {}
    for item in text.split(",") if text else []:
        value, separator, tenant = item.rpartition("=")
        value = value if separator else tenant
        if not value or not _LEGAL.fullmatch(tenant):
            raise ValueError(f"The parameter Tenants has {item!r}, which is neither TENANT nor VALUE=TENANT. {_RULE}")
        if tenants.setdefault(value, tenant) != tenant:
            raise ValueError(f"The parameter Tenants has {value!r} for both {tenants[value]!r} and {tenant!r}.")
    return tenants


# Where no token or principal has claims, the invocation itself names the tenant (verified.py).
CLAIM = os.environ.get("TENANT_CLAIM", "tenant")
TENANTS = read(os.environ["TENANTS"])


def tenant_of(claims: Mapping[str, str]) -> str | None:
    """Return the tenant that a caller's claims name, or None if they name none, several, or one that is not known.

    API Gateway writes a list, such as Cognito's groups, as the text "[acme]", with spaces between several members.
    """
    value = claims.get(CLAIM, "")
    if value.startswith("[") and value.endswith("]"):
        value = "" if " " in value else value[1:-1]
    tenant = TENANTS.get(value) if TENANTS else value
    return tenant if tenant and _LEGAL.fullmatch(tenant) else None


@lru_cache(maxsize=_MOST_SESSIONS)
def session(tenant: str | None) -> "Session":
    """Return the session that acts for a tenant that `tenant_of` returned; for None, one that can make no client.

    Raises:
        CredentialRetrievalError: Not here, but from the session's own methods, if there is no tenant.
    """
    from boto3.session import Session  # noqa: PLC0415
    from botocore.session import Session as BotocoreSession  # noqa: PLC0415

    inner = BotocoreSession()
    inner.register_component("credential_provider", _Source(tenant))
    outer = Session(botocore_session=inner)
    # What botocore knows of AWS's services is the same for every tenant, and takes 30 MB.
    inner.register_component("data_loader", _own_session().get_component("data_loader"))
    return outer


class _Source:
    """All the places where botocore looks for a session's credentials."""

    def __init__(self, tenant: str | None) -> None:
        self._tenant = tenant

    def load_credentials(self) -> "Credentials":
        """Return credentials that STS is asked for on first use."""
        from botocore import credentials, exceptions  # noqa: PLC0415

        if self._tenant is None:
            # The function's own credentials are no substitute: they may assume the role for every tenant.
            raise exceptions.CredentialRetrievalError(provider="tenancy", error_msg=_NOBODY)
        asked = {
            "RoleArn": os.environ["TENANT_ROLE"],
            "RoleSessionName": f"mcp-{self._tenant}",
            "Tags": [{"Key": "tenant", "Value": self._tenant}],
            "Policy": session_policy(self._tenant),
            "DurationSeconds": _SECONDS,
        }
        assume = credentials.create_assume_role_refresher(_sts(), asked)
        return credentials.DeferredRefreshableCredentials(assume, "tenancy")


@cache
def _own_session() -> "BotocoreSession":
    from botocore.session import Session as BotocoreSession  # noqa: PLC0415

    own = BotocoreSession()
    own.set_config_variable("sts_regional_endpoints", "regional")
    return own


@cache
def _sts() -> "STSClient":
    from botocore.config import Config  # noqa: PLC0415

    config = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
    return cast("STSClient", _own_session().create_client("sts", config=config))
