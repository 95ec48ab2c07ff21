"""Who may call a function by its URL, by the AWS::Lambda::Permission resources of the template.

Source: Lambda developer guide, "Control access to Lambda function URLs": a URL made since October 2025 needs
permission for two actions. A policy of the caller's own, the other way to be allowed within an account, is not read.
"""

import re
from collections.abc import Mapping
from typing import Any

from local.identifiers import function_arn
from local.template import Stack

ACTIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
_ASSUMED_ROLE = re.compile(r"arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]+)/.+")
# Each is a condition that a call by the URL meets.
_MET = {"FunctionUrlAuthType": "AWS_IAM", "InvokedViaFunctionUrl": "true"}
_STATED = {"Action", "FunctionName", "Principal"}


def missing(stack: Stack, function: str, principal: str) -> list[str]:
    """Return those of ACTIONS that no permission gives `principal`, an ARN, on exactly the ARN `function`.

    The principal of a permission may be the caller, its role, its account or anybody. An account stands for all in
    it: whether their own policies let them is not known here. A permission with a condition that a call by URL does
    not meet, or that cannot be judged here (an organization, a source), gives nothing.
    """
    given = [
        str(permission.properties.get("Action"))
        for permission in stack.of_type("AWS::Lambda::Permission")
        if _applies(permission.properties, function, principal)
    ]
    return [action for action in ACTIONS if not {action, "lambda:*", "*"} & set(given)]


def _applies(permission: Mapping[str, Any], function: str, principal: str) -> bool:
    conditions = permission.keys() - _STATED
    return (
        all(str(permission[name]).lower() == _MET.get(name, "").lower() for name in conditions)
        and function_arn(permission.get("FunctionName")) == function
        and _is(principal, str(permission.get("Principal")))
    )


def _is(principal: str, named: str) -> bool:
    account = principal.split(":")[4]
    if named in {"*", principal, account} or re.fullmatch(rf"arn:[\w-]+:iam::{account}:root", named):
        return True
    role = _ASSUMED_ROLE.fullmatch(principal)
    # The ARN of an assumed role has lost the path of its role's.
    return role is not None and re.fullmatch(rf"arn:{role[1]}:iam::{role[2]}:role/(?:.+/)?{role[3]}", named) is not None
