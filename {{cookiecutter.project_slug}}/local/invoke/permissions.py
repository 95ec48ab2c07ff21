"""Who may invoke a function of the template directly, by the template's policies."""

import re
from collections.abc import Mapping
from typing import Any

from local.identifiers import PSEUDO_PARAMETERS
from local.policies import ACCOUNT, ACTION, decided, statements
from local.signing.principals import account_of, stands_for
from local.template import Stack

_REGION = PSEUDO_PARAMETERS["AWS::Region"]
_NAME = re.compile(
    r"(?:(?:arn:aws:lambda:(?P<region>[a-z0-9-]+):)?(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[\w-]{1,140})(?::(?P<qualifier>[\w$.-]+))?"
)
_ACCOUNT_PRINCIPAL = re.compile(r"(?:arn:aws:iam::)?(\d{12})(?::root)?")
# What else a permission may have sets a condition that a direct call by a principal does not meet.
_UNCONDITIONAL = frozenset(["Action", "FunctionName", "Principal"])


def addressed(name: str, qualifier: str | None = None) -> str | None:
    """Return the ARN that `name` addresses, with its version or alias, or None if it is no name of a function.

    `name` is a name, a partial or a full ARN, each with a qualifier or without. Source: Lambda API reference,
    "Invoke". Raises ValueError if it has another qualifier than `qualifier`.
    """
    found = _NAME.fullmatch(name)
    if not found:
        return None
    own = found["qualifier"]
    if own and qualifier and own != qualifier:
        raise ValueError(name)
    base = f"arn:aws:lambda:{found['region'] or _REGION}:{found['account'] or ACCOUNT}:function:{found['name']}"
    return ":".join(filter(None, [base, own or qualifier]))


class InvokePermissions:
    """Decides by the AWS::Lambda::Permission and AWS::IAM::ManagedPolicy resources of `stack`.

    A permission lets in the role that it names or, for another account, everybody there: what that account's own
    policies say is not known here. It counts for exactly the ARN that it is for, and not if it is for a source or
    for function URLs. A managed policy counts for every principal of the template's own account: whoever calls here
    is taken for somebody it is attached to. Source: Lambda developer guide, "Viewing resource-based IAM policies in
    Lambda", and IAM user guide, "Cross-account policy evaluation logic".
    """

    def __init__(self, stack: Stack) -> None:
        """Raise TemplateError for a managed policy that cannot be evaluated here."""
        self._permissions = [permission.properties for permission in stack.of_type("AWS::Lambda::Permission")]
        self._statements = [
            statement
            for policy in stack.of_type("AWS::IAM::ManagedPolicy")
            for statement in statements(policy.properties["PolicyDocument"], policy.logical_id)
        ]

    def allow(self, principal: str, arn: str) -> bool:
        """Return whether the principal with this ARN may invoke the function that `arn` addresses."""
        account = account_of(principal)
        context = {"aws:principalaccount": account, "aws:resourceaccount": ACCOUNT, "aws:principalarn": principal}
        decision = decided(self._statements, ACTION, arn, context) if account == ACCOUNT else None
        if decision is not None:
            return decision
        return any(_admits(permission, principal, arn) for permission in self._permissions)


def _admits(permission: Mapping[str, Any], principal: str, arn: str) -> bool:
    if permission.keys() - _UNCONDITIONAL or permission.get("Action") not in {ACTION, "lambda:*"}:
        return False
    named = str(permission.get("Principal"))
    return addressed(str(permission.get("FunctionName"))) == arn and _is(principal, named)


def _is(principal: str, named: str) -> bool:
    if whole := _ACCOUNT_PRINCIPAL.fullmatch(named):
        # Its own account is only told to look at its policies.
        return account_of(principal) == whole[1] != ACCOUNT
    return stands_for(named, principal)
