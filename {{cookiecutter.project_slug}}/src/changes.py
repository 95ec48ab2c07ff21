"""What the tools that change something do to this AWS account; it knows nothing of MCP."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aws
import runtimes
from sdk import ResourceError

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import UpdateFunctionConfigurationRequestTypeDef

_UNTAGGED = (
    "AWS denied it: only functions that are tagged mcp-managed=true can be changed, by the policy in template.yaml. "
    "Do not retry; tell the user to tag {function}, or to have an operator do so."
)


@dataclass(frozen=True)
class RuntimeChange:
    """The change of a function's runtime, as the function was when it was planned."""

    function: str
    before: str
    after: str
    # AWS gives each state of a function's settings one; the stand-in for AWS on a developer's machine gives none.
    revision: str | None


@aws.explained()
def planned(function: str, runtime: str) -> RuntimeChange:
    """Return the change of `function` to `runtime`; nothing is changed yet.

    Raises:
        ResourceError: If it cannot be made, or would change nothing, or AWS refuses to describe the function.
    """
    if runtimes.is_deprecated(runtime, datetime.now(UTC).date()):
        raise ResourceError(f"AWS no longer updates {runtime}. Choose a runtime that it does.")
    found = aws.functions().get_function_configuration(FunctionName=function)
    before = found.get("Runtime")
    if before is None:
        raise ResourceError(f"{function} is a container image: its runtime is in its Dockerfile, not in its settings.")
    if before == runtime:
        raise ResourceError(f"{function} has the runtime {runtime} already. There is nothing to change.")
    return RuntimeChange(function, before, runtime, found.get("RevisionId"))


@aws.explained()
def change_runtime(change: RuntimeChange) -> None:
    """Make the change, of the function's $LATEST; versions that are published keep their runtime.

    Source: UpdateFunctionConfiguration in the Lambda API reference. RevisionId has AWS refuse it with
    PreconditionFailedException if somebody has changed the function since.

    Raises:
        ResourceError: If AWS refuses: the function is not tagged, is being updated, or was changed in between.
    """
    functions = aws.functions()
    request: UpdateFunctionConfigurationRequestTypeDef = {"FunctionName": change.function}
    request["Runtime"] = change.after  # type: ignore[typeddict-item]  # AWS knows which there are.
    if change.revision:
        request["RevisionId"] = change.revision
    try:
        functions.update_function_configuration(**request)
    except functions.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "AccessDeniedException":
            raise ResourceError(_UNTAGGED.format(function=change.function)) from error
        raise
