"""Every action that a role or policy of any template allows, and what it is for; nothing else is allowed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from test_template import SHAPES, of_type, statements, translated
from variants import Answers, name_of

Baked = Callable[[Answers], Path]

LOG = "writes its log"
TRACE = "writes its trace"
TELEMETRY = {
    "logs:CreateLogStream": LOG,
    "logs:PutLogEvents": LOG,
    "xray:PutTelemetryRecords": TRACE,
    "xray:PutTraceSegments": TRACE,
}
WHY: dict[str, dict[str, str]] = {
    "McpFunctionRole": {
        **TELEMETRY,
        "ec2:DescribeInstances": "list_ec2_instances",
        "ec2:DescribeRegions": "aws://ec2/regions",
        "lambda:GetFunctionConfiguration": "aws://lambda/{function}",
        "lambda:ListFunctions": "list_lambda_functions, and the completion of aws://lambda/{function}",
        "logs:FilterLogEvents": "scan_log_group",
        "s3:ListAllMyBuckets": "count_s3_buckets",
    },
    "WellKnownFunctionRole": TELEMETRY,
    "TokenAuthorizerFunctionRole": {**TELEMETRY, "secretsmanager:GetSecretValue": "reads the secret that it compares"},
    "GatewayRole": {"lambda:InvokeFunction": "the Gateway calls its target"},
    "CallerPolicy": {
        "lambda:InvokeFunction": "callers of the function and, with the second permission, of its URL",
        "lambda:InvokeFunctionUrl": "callers of the function's URL",
    },
}
TRUSTED = {"GatewayRole": "bedrock-agentcore.amazonaws.com"}


def allowed(template: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each role or managed policy with each action that it allows."""
    managed = [
        (name, statement)
        for name, policy in of_type(template, "AWS::IAM::ManagedPolicy").items()
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    for name, statement in (*statements(template), *managed):
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        yield from ((name, action) for action in (actions if isinstance(actions, list) else [actions]))


@pytest.mark.parametrize("answers", SHAPES, ids=name_of)
def test_nothing_is_allowed_without_a_reason(baked: Baked, answers: Answers) -> None:
    for name, action in allowed(translated(baked(answers))):
        assert WHY.get(name, {}).get(action), f"{name} allows {action}: say here what for, or take it away"


def test_every_reason_is_of_something_that_is_allowed_somewhere(baked: Baked) -> None:
    found = {pair for answers in SHAPES for pair in allowed(translated(baked(answers)))}
    assert {(name, action) for name, actions in WHY.items() for action in actions} == found


@pytest.mark.parametrize("answers", SHAPES, ids=name_of)
def test_each_role_is_for_one_service_and_can_be_bounded(baked: Baked, answers: Answers) -> None:
    for name, role in of_type(translated(baked(answers)), "AWS::IAM::Role").items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": TRUSTED.get(name, "lambda.amazonaws.com")}
        assert "HasPermissionsBoundary" in json.dumps(role["PermissionsBoundary"])
