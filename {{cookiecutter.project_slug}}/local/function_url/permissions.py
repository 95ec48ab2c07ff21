"""Who may call a function by its URL, by the AWS::Lambda::Permission resources of the template.

Source: Lambda developer guide, "Control access to Lambda function URLs": a URL made since October 2025 needs
permission for two actions. A policy of the caller's own, the other way to be allowed within an account, is not read.
"""

import re
from collections.abc import Mapping
from typing import Any

from local.identifiers import function_arn
from local.signing.principals import account_of, stands_for
from local.template import Stack

ACTIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
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
    account = account_of(principal)
    whole = named == account or re.fullmatch(rf"arn:[\w-]+:iam::{account}:root", named) is not None
    return whole or stands_for(named, principal)
