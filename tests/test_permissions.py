"""Every action that a role or policy of any template allows, and what it is for; nothing else is allowed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from test_template import of_type, statements, translated
from variants import TEMPLATES, Answers, name_of

Baked = Callable[[Answers], Path]

LOG = "writes its log"
TRACE = "writes its trace"
TELEMETRY = {
    "logs:CreateLogStream": LOG,
    "logs:PutLogEvents": LOG,
    "xray:PutTelemetryRecords": TRACE,
    "xray:PutTraceSegments": TRACE,
}
SAMPLES = {
    "dynamodb:DeleteItem": "forget_counter",
    "dynamodb:GetItem": "increment_counter",
    "dynamodb:PutItem": "increment_counter without a handle",
    "dynamodb:UpdateItem": "increment_counter",
    "ec2:DescribeInstances": "list_ec2_instances",
    "ec2:DescribeRegions": "aws://ec2/regions",
    "lambda:GetFunctionConfiguration": "aws://lambda/{function}, update_function_runtime",
    "lambda:ListFunctions": "list_lambda_functions, export_functions, and the completion of aws://lambda/{function}",
    "lambda:UpdateFunctionConfiguration": "update_function_runtime",
    "logs:FilterLogEvents": "scan_log_group, summarize_log_group",
    "s3:ListAllMyBuckets": "count_s3_buckets",
    "secretsmanager:GetSecretValue": "the key of requestState, for tools that ask back",
}
TENANTS = "acts for the caller's tenant"
WHY: dict[str, dict[str, str]] = {
    "McpFunctionRole": {**TELEMETRY, **SAMPLES},
    # Where there are tenants, what the tools may do is theirs, and the function may become one of them.
    "TenantRole": SAMPLES,
    "ActForTenants": {"sts:AssumeRole": TENANTS, "sts:TagSession": TENANTS},
    "WellKnownFunctionRole": TELEMETRY,
    "TokenAuthorizerFunctionRole": {**TELEMETRY, "secretsmanager:GetSecretValue": "reads the secret that it compares"},
    "GatewayRole": {"lambda:InvokeFunction": "the Gateway calls its target"},
    "CallerPolicy": {
        "lambda:InvokeFunction": "callers of the function and, with the second permission, of its URL",
        "lambda:InvokeFunctionUrl": "callers of the function's URL",
    },
}
TRUSTED = {
    "GatewayRole": {"Service": "bedrock-agentcore.amazonaws.com"},
    "TenantRole": {"AWS": {"Fn::GetAtt": ["McpFunctionRole", "Arn"]}},
}


def grants(template: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each role or policy of its own with each action that it allows, and the statement that does."""
    policies = [
        (name, statement)
        for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
        for name, policy in of_type(template, kind).items()
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    for name, statement in (*statements(template), *policies):
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        yield from ((name, action, statement) for action in (actions if isinstance(actions, list) else [actions]))


def allowed(template: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each role or policy of its own with each action that it allows."""
    return ((name, action) for name, action, _ in grants(template))


@pytest.mark.parametrize("answers", TEMPLATES, ids=name_of)
def test_nothing_is_allowed_without_a_reason(baked: Baked, answers: Answers) -> None:
    for name, action in allowed(translated(baked(answers))):
        assert WHY.get(name, {}).get(action), f"{name} allows {action}: say here what for, or take it away"


def test_every_reason_is_of_something_that_is_allowed_somewhere(baked: Baked) -> None:
    found = {pair for answers in TEMPLATES for pair in allowed(translated(baked(answers)))}
    assert {(name, action) for name, actions in WHY.items() for action in actions} == found


@pytest.mark.parametrize("answers", TEMPLATES, ids=name_of)
def test_each_role_trusts_one_principal_and_can_be_bounded(baked: Baked, answers: Answers) -> None:
    for name, role in of_type(translated(baked(answers)), "AWS::IAM::Role").items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == TRUSTED.get(name, {"Service": "lambda.amazonaws.com"})
        assert "HasPermissionsBoundary" in json.dumps(role["PermissionsBoundary"])


@pytest.mark.parametrize("answers", [a for a in TEMPLATES if a["tenancy"] == "assume-role"], ids=name_of)
def test_where_there_are_tenants_the_function_itself_can_do_nothing_but_become_one(
    baked: Baked, answers: Answers
) -> None:
    template = translated(baked(answers))
    assert {action for name, action in allowed(template) if name == "McpFunctionRole"} == set(TELEMETRY)
    (policy,) = of_type(template, "AWS::IAM::RolePolicy").values()
    assert policy["RoleName"] == {"Ref": "McpFunctionRole"}
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Resource"] == {"Fn::GetAtt": ["TenantRole", "Arn"]}


def test_the_default_allows_what_it_allowed_before_there_was_state_or_a_tenant(baked: Baked) -> None:
    for answers in (a for a in TEMPLATES if (a["state"], a["tenancy"]) == ("none", "single")):
        found = {action for name, action in allowed(translated(baked(answers))) if name == "McpFunctionRole"}
        assert not {action for action in found if action.split(":")[0] in {"dynamodb", "secretsmanager", "sts"}}
        assert "lambda:UpdateFunctionConfiguration" not in found
