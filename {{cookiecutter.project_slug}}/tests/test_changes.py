"""The change of a function's runtime, and what stands in its way."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

import aws
import changes
from example_account import make_functions
from sdk import ResourceError


def described(**changed: Any) -> dict[str, Any]:
    return {"FunctionName": "orders", "Runtime": "python3.9", "RevisionId": "r1"} | changed


@pytest.mark.usefixtures("account")
def test_a_plan_changes_nothing_until_it_is_carried_out() -> None:
    make_functions("python3.9")
    functions = boto3.client("lambda")
    change = changes.planned("function-00", "python3.13")
    assert (change.before, change.after) == ("python3.9", "python3.13")
    assert functions.get_function_configuration(FunctionName="function-00")["Runtime"] == "python3.9"
    changes.change_runtime(change)
    assert functions.get_function_configuration(FunctionName="function-00")["Runtime"] == "python3.13"


def test_a_runtime_that_aws_no_longer_updates_is_refused_without_asking_aws() -> None:
    with Stubber(aws.functions()), pytest.raises(ResourceError, match=r"no longer updates python3\.8"):
        changes.planned("orders", "python3.8")


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"FunctionName": "orders", "RevisionId": "r1"}, "orders is a container image"),
        (described(Runtime="python3.13"), "nothing to change"),
    ],
)
def test_a_function_that_cannot_be_changed_to_it_is_refused_in_words(found: dict[str, Any], told: str) -> None:
    with Stubber(aws.functions()) as stubbed:
        stubbed.add_response("get_function_configuration", found, {"FunctionName": "orders"})
        with pytest.raises(ResourceError, match=told):
            changes.planned("orders", "python3.13")


def test_a_function_is_changed_as_it_was_when_it_was_planned_and_not_otherwise() -> None:
    expected = {"FunctionName": "orders", "Runtime": "python3.13", "RevisionId": "r1"}
    with Stubber(aws.functions()) as stubbed:
        stubbed.add_response("get_function_configuration", described())
        stubbed.add_client_error(
            "update_function_configuration", "PreconditionFailedException", "Fetch it again.", expected_params=expected
        )
        change = changes.planned("orders", "python3.13")
        with pytest.raises(ResourceError, match=r"PreconditionFailedException.*Fetch it again"):
            changes.change_runtime(change)


def test_a_denial_says_which_functions_can_be_changed_and_nothing_of_the_role() -> None:
    with Stubber(aws.functions()) as stubbed:
        stubbed.add_client_error(
            "update_function_configuration", "AccessDeniedException", "arn:aws:iam::123456789012:role/mcp may not"
        )
        with pytest.raises(ResourceError, match="tagged mcp-managed=true") as refused:
            changes.change_runtime(changes.RuntimeChange("orders", "python3.9", "python3.13", "r1"))
    assert "orders" in str(refused.value)
    assert "123456789012" not in str(refused.value)
