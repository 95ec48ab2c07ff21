"""Whether API Gateway may call a function, by the template's AWS::Lambda::Permission resources."""

import re
from collections.abc import Mapping
from typing import Any

from local.identifiers import PSEUDO_PARAMETERS
from local.template import Resource, Stack


def execute_api_arn(api: Resource, path: str) -> str:
    """Return the ARN of what is at `path` of the API, such as `$default/POST/mcp` or `authorizers/abc`."""
    account = f"{PSEUDO_PARAMETERS['AWS::Region']}:{PSEUDO_PARAMETERS['AWS::AccountId']}"
    return f"arn:aws:execute-api:{account}:{api.ref}/{path}"


def permitted(stack: Stack, function_arn: str, source: str) -> bool:
    """Return whether a permission lets API Gateway call the function by exactly this ARN, for the ARN `source`."""
    called = {function_arn, *(fn.ref for fn in stack.of_type("AWS::Lambda::Function") if _is_own(fn, function_arn))}
    return any(
        _allows(permission.properties, called, source) for permission in stack.of_type("AWS::Lambda::Permission")
    )


def _is_own(function: Resource, arn: str) -> bool:
    return arn.endswith(f":function:{function.ref}")


def _allows(permission: Mapping[str, Any], called: set[str], source: str) -> bool:
    pattern = re.escape(permission.get("SourceArn", "*")).replace(r"\*", ".*").replace(r"\?", ".")
    return (
        permission.get("Principal") == "apigateway.amazonaws.com"
        and permission.get("Action") == "lambda:InvokeFunction"
        and permission.get("FunctionName") in called
        and re.fullmatch(pattern, source) is not None
    )
