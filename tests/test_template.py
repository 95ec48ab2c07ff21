"""template.yaml of every combination: valid, lint-clean before and after translation, and as safe as it says."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint.api
import pytest
from click.testing import CliRunner, Result
from samcli.cli.main import cli
from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.yaml_helper import yaml_parse

from variants import BY_TURNS, COMBINATIONS, DEFAULT, PACKAGE, TEMPLATES, TEMPLATES_BY_TURNS, Answers, facts, name_of

every_template = pytest.mark.parametrize("answers", TEMPLATES_BY_TURNS, ids=name_of)
every_shape = pytest.mark.parametrize("answers", TEMPLATES, ids=name_of)
every_http_api = pytest.mark.parametrize(
    "answers", [answers for answers in TEMPLATES if answers["endpoint"] == "http-api"], ids=name_of
)
by_oauth, by_token = (
    pytest.mark.parametrize(
        "answers",
        [
            answers
            for answers in TEMPLATES
            if (answers["endpoint"], answers["authorization"] == "token") == ("http-api", token)
        ],
        ids=name_of,
    )
    for token in (False, True)
)
by_iam = pytest.mark.parametrize(
    "answers",
    [answers for answers in TEMPLATES if answers["endpoint"] in {"function-url", "lambda-invoke"}],
    ids=name_of,
)
every_gateway = pytest.mark.parametrize(
    "answers", [answers for answers in TEMPLATES if answers["endpoint"] == "agentcore-gateway"], ids=name_of
)
by_cognito = pytest.mark.parametrize(
    "answers",
    [answers for answers in TEMPLATES if facts(answers)["__authorization"] == "cognito"],
    ids=name_of,
)
with_state = pytest.mark.parametrize(
    "answers", [answers for answers in TEMPLATES if facts(answers)["__state"] == "dynamodb"], ids=name_of
)
with_tenants = pytest.mark.parametrize(
    "answers", [answers for answers in TEMPLATES if answers["tenancy"] == "assume-role"], ids=name_of
)
ROUTE = "AWS::ApiGatewayV2::Route"
Baked = Callable[[Answers], Path]


class NoManagedPolicies(ManagedPolicyLoader):  # type: ignore[misc]
    """Fails instead of asking AWS what a policy's name means."""

    def __init__(self) -> None:
        super().__init__(None)

    def load(self) -> dict[str, str]:
        raise AssertionError("a managed policy is not in the translator's own list: use its ARN")


def translated(project: Path) -> dict[str, Any]:
    """Return the CloudFormation template that SAM makes of the project's template.yaml, without AWS."""
    result: dict[str, Any] = json.loads(_translation((project / "template.yaml").read_text()))
    return result


@cache
def _translation(template: str) -> str:
    # Kept, because many tests ask for that of each template.
    validator = SamTemplateValidator(
        yaml_parse(template), NoManagedPolicies(), region="us-east-1", parameter_overrides={}
    )
    return json.dumps(yaml_parse(validator.get_translated_template_if_valid()))


def sam(project: Path, *arguments: str) -> Result:
    """Run SAM's command line in this process: a program of its own takes longer to start than to validate."""
    with contextlib.chdir(project):
        return CliRunner().invoke(cli, arguments)


@every_template
def test_sam_finds_it_valid(baked: Baked, answers: Answers) -> None:
    done = sam(baked(answers), "validate")
    assert done.exit_code == 0, done.output


@every_template
def test_sam_finds_no_lint(baked: Baked, answers: Answers) -> None:
    done = sam(baked(answers), "validate", "--lint")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("option", [[], ["--lint"]], ids=str)
def test_what_sam_refuses_would_be_found(baked: Baked, tmp_path: Path, option: list[str]) -> None:
    template = (baked(DEFAULT) / "template.yaml").read_text()
    (tmp_path / "template.yaml").write_text(template.replace("    Tracing: Active", "    Traceing: Active"))
    assert sam(tmp_path, "validate", *option).exit_code == 1


def test_these_are_all_the_templates_there_are(baked: Baked) -> None:
    plain = [
        answers
        for answers in COMBINATIONS
        if all(answers[question] == DEFAULT[question] for question in ("python_version", "architecture", "ci"))
    ]
    rendered = {(baked(answers) / "template.yaml").read_bytes() for answers in plain}
    assert len(rendered) == len(TEMPLATES)


@every_template
def test_a_python_and_a_processor_change_their_own_words_alone(baked: Baked, answers: Answers) -> None:
    usual = answers | {question: DEFAULT[question] for question in ("python_version", "architecture")}
    text, expected = ((baked(each) / "template.yaml").read_text() for each in (answers, usual))
    for word, usual_word in (
        (f"python{answers['python_version']}", f"python{usual['python_version']}"),
        (f'- "{answers["architecture"]}"', f'- "{usual["architecture"]}"'),
        ("LambdaAdapterLayerX86", "LambdaAdapterLayerArm64"),
    ):
        text = text.replace(word, usual_word)
    assert text == expected


def lint(template: dict[str, Any]) -> list[str]:
    # With what it only suggests, too.
    config = cfnlint.api.ManualArgs(
        regions=["us-east-1"], include_checks=["I"], configure_rules={"E3012": {"strict": True}}
    )
    return [f"{match.rule.id} {match.message}" for match in cfnlint.api.lint(json.dumps(template), config=config)]


@every_template
def test_what_sam_makes_of_it_has_no_lint_either(baked: Baked, answers: Answers) -> None:
    """SAM's own checks miss circles that the translation closes, and typos in what it passes through."""
    assert lint(translated(baked(answers))) == []


def test_a_circle_a_typo_and_what_is_only_suggested_would_be_found(baked: Baked) -> None:
    template = translated(baked(DEFAULT))
    template["Resources"]["HttpApi"]["Properties"]["Description"] = {"Ref": "McpIntegration"}
    template["Resources"]["Stage"]["Properties"]["DefaultRouteSettings"]["ThrottlingRateLimt"] = 1
    del template["Resources"]["McpLogGroup"]["DeletionPolicy"]
    assert {finding.split()[0] for finding in lint(template)} >= {"E3002", "E3004", "I3011"}


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: item["Properties"] for name, item in template["Resources"].items() if item["Type"] == kind}


@by_oauth
def test_the_mcp_routes_need_a_token_with_a_scope_and_what_comes_before_a_token_needs_none(
    baked: Baked, answers: Answers
) -> None:
    routes = {route["RouteKey"]: route for route in of_type(translated(baked(answers)), ROUTE).values()}
    for key in ("POST /mcp", "GET /mcp"):
        route = routes.pop(key)
        assert (route["AuthorizationType"], route["AuthorizerId"]) == ("JWT", {"Ref": "JwtAuthorizer"})
        assert len(route["AuthorizationScopes"]) == 1
    documents = {"GET /.well-known/oauth-protected-resource/mcp", "GET /.well-known/oauth-protected-resource"}
    facade = {"GET /.well-known/oauth-authorization-server", "POST /register"}
    assert set(routes) == documents | (facade if answers["authorization"] == "cognito" else set())
    assert not [route for route in routes.values() if "AuthorizationType" in route]


def test_registration_can_be_turned_off(baked: Baked) -> None:
    resources = translated(baked(DEFAULT))["Resources"]
    for name in ("RegistrationRoute", "RegistrationPermission"):
        assert resources[name]["Condition"] == "HasClientRegistration"
    variables = resources["WellKnownFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["CLIENT_ID"] == {"Fn::If": ["HasClientRegistration", {"Ref": "SignInClient"}, ""]}


def test_every_scope_that_is_published_may_be_asked_for_by_people_and_machines(baked: Baked) -> None:
    """A client asks for all of them, and Cognito gives it nothing if it may not have one."""
    resources = translated(baked(DEFAULT))["Resources"]
    published = resources["WellKnownFunction"]["Properties"]["Environment"]["Variables"]["SCOPES"]["Fn::Sub"].split()
    for client in ("SignInClient", "MachineClient"):
        allowed = json.dumps(resources[client]["Properties"]["AllowedOAuthScopes"])
        assert all(f'"{scope}"' in allowed for scope in published), client


@by_cognito
def test_people_sign_in_at_a_public_client_whose_refresh_tokens_rotate(baked: Baked, answers: Answers) -> None:
    template = translated(baked(answers))
    people = of_type(template, "AWS::Cognito::UserPoolClient")["SignInClient"]
    assert not people["GenerateSecret"]
    assert people["AllowedOAuthFlows"] == ["code"]
    assert people["CallbackURLs"] == {"Ref": "CallbackUrls"}
    assert people["RefreshTokenRotation"]["Feature"] == "ENABLED"
    # Cognito refuses the two together: "Refresh tokens" in its developer guide.
    assert "ALLOW_REFRESH_TOKEN_AUTH" not in people["ExplicitAuthFlows"]
    assert of_type(template, "AWS::Cognito::UserPool")["UserPool"]["DeletionProtection"] == {
        "Ref": "DeletionProtection"
    }
    (branding,) = of_type(template, "AWS::Cognito::ManagedLoginBranding").values()
    assert branding["ClientId"] == {"Ref": "SignInClient"}


def test_the_default_callbacks_are_addresses_that_cognito_takes(baked: Baked) -> None:
    """ "CallbackURLs" of CreateUserPoolClient in its API reference: https, http on loopback, or an app's own scheme."""
    default = translated(baked(DEFAULT))["Parameters"]["CallbackUrls"]["Default"]
    addresses = default.split(",")
    assert len(addresses) == len(set(addresses)) <= 100
    for address in addresses:
        assert re.fullmatch(r"https://[\w./-]+|http://(localhost|127\.0\.0\.1):\d+/[\w/]*|cursor://[\w./-]+", address)


@by_token
def test_the_mcp_routes_need_the_teams_secret_and_there_are_no_others(baked: Baked, answers: Answers) -> None:
    template = translated(baked(answers))
    routes = of_type(template, ROUTE).values()
    assert {route["RouteKey"] for route in routes} == {"POST /mcp", "GET /mcp"}
    for route in routes:
        assert (route["AuthorizationType"], route["AuthorizerId"]) == ("CUSTOM", {"Ref": "TokenAuthorizer"})
    authorizer = of_type(template, "AWS::ApiGatewayV2::Authorizer")["TokenAuthorizer"]
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    # A revoked secret works for as long.
    assert authorizer["AuthorizerResultTtlInSeconds"] <= 60
    permission = of_type(template, "AWS::Lambda::Permission")["TokenAuthorizerPermission"]
    assert permission["SourceArn"]["Fn::Sub"].endswith(":${HttpApi}/authorizers/${TokenAuthorizer}")


@by_token
def test_the_teams_secret_is_made_by_aws_and_one_function_may_read_it(baked: Baked, answers: Answers) -> None:
    template = translated(baked(answers))
    secret = of_type(template, "AWS::SecretsManager::Secret")["TeamSecret"]
    assert secret["GenerateSecretString"] == {"PasswordLength": 64, "ExcludePunctuation": True}
    readers = {
        (role, statement["Action"], json.dumps(statement["Resource"]))
        for role, statement in statements(template)
        if "TeamSecret" in json.dumps(statement)
    }
    assert readers == {("TokenAuthorizerFunctionRole", "secretsmanager:GetSecretValue", '{"Ref": "TeamSecret"}')}
    # A dynamic reference would put the secret itself into whatever has it.
    assert "resolve:" not in json.dumps(template)


def test_the_audience_takes_bound_tokens_and_plain_ones(baked: Baked) -> None:
    authorizer = of_type(translated(baked(DEFAULT)), "AWS::ApiGatewayV2::Authorizer")["JwtAuthorizer"]
    assert authorizer["JwtConfiguration"]["Audience"] == [
        {"Fn::Sub": "${PublicOrigin.Value}/mcp"},
        {"Ref": "SignInClient"},
        {"Ref": "MachineClient"},
    ]


@every_http_api
def test_no_call_outlives_the_api(baked: Baked, answers: Answers) -> None:
    for function in of_type(translated(baked(answers)), "AWS::Lambda::Function").values():
        assert function["Timeout"] <= 29


def statements(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, role in of_type(template, "AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role, name
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


# Actions without resource-level permissions: "Actions, resources, and condition keys" in the service authorization
# reference, for EC2, Lambda, S3 and X-Ray.
NEEDS_STAR = {
    "ec2:DescribeInstances",
    "ec2:DescribeRegions",
    "lambda:ListFunctions",
    "s3:ListAllMyBuckets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


@every_shape
def test_roles_allow_the_least(baked: Baked, answers: Answers) -> None:
    for name, statement in statements(translated(baked(answers))):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not [action for action in actions if "*" in action], name
        assert (statement["Resource"] == "*") == bool(NEEDS_STAR & {*actions}), (name, actions)
        assert statement["Resource"] != "*" or {*actions} <= NEEDS_STAR, (name, actions)


@every_shape
def test_every_wide_permission_says_why_and_every_sample_permission_says_for_what(
    baked: Baked, answers: Answers
) -> None:
    text = (baked(answers) / "template.yaml").read_text()
    assert not re.search(r'Resource: "\*"$', text, re.MULTILINE)
    samples = text.split("PolicyName: samples")[1:]
    assert bool(samples) != bool(answers["stdio_package"])
    for policy in samples:
        assert not re.search(r"- Effect: Allow$", policy.split("\n\n")[0], re.MULTILINE)


@with_state
def test_state_is_billed_by_use_can_be_restored_and_expires(baked: Baked, answers: Answers) -> None:
    (table,) = of_type(translated(baked(answers)), "AWS::DynamoDB::Table").values()
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


@with_state
def test_where_there_are_tenants_each_reaches_its_own_state_alone(baked: Baked, answers: Answers) -> None:
    found = [
        (role, statement.get("Condition"))
        for role, statement in statements(translated(baked(answers)))
        if "dynamodb" in json.dumps(statement["Action"])
    ]
    own = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["${aws:PrincipalTag/tenant}#*"]}}
    assert found == [("TenantRole", own) if answers["tenancy"] == "assume-role" else ("McpFunctionRole", None)]


@every_shape
def test_only_a_server_that_asks_back_has_a_key_to_pay_for(baked: Baked, answers: Answers) -> None:
    secrets = of_type(translated(baked(answers)), "AWS::SecretsManager::Secret")
    assert ("RequestStateSecret" in secrets) == (facts(answers)["__tools"] == "interactive")


@with_tenants
def test_only_the_function_becomes_a_tenant_and_never_without_saying_which(baked: Baked, answers: Answers) -> None:
    template = translated(baked(answers))
    (trust,) = of_type(template, "AWS::IAM::Role")["TenantRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": {"Fn::GetAtt": ["McpFunctionRole", "Arn"]}}
    assert trust["Condition"] == {
        "StringLike": {"aws:RequestTag/tenant": "?*"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["tenant"]},
    }
    isolated = template["Resources"]["McpFunction"]["Properties"].get("TenancyConfig")
    assert bool(isolated) == (answers["endpoint"] == "lambda-invoke")


@every_shape
def test_two_stacks_fit_into_one_account_and_region(baked: Baked, answers: Answers) -> None:
    template = translated(baked(answers))
    names = {"AlarmName", "DashboardName", "Domain", "FunctionName", "LogGroupName", "Name", "RoleName", "TableName"}
    local = {
        "AWS::ApiGatewayV2::Authorizer",
        "AWS::BedrockAgentCore::GatewayTarget",
        "AWS::Cognito::UserPoolResourceServer",
        "AWS::Lambda::Alias",
    }
    for resource, item in template["Resources"].items():
        if item["Type"] in local or "Condition" in item:  # named within their stack, or after the operator's domain
            continue
        for name in names & set(item.get("Properties", {})):
            value = json.dumps(item["Properties"][name])
            own = r"AWS::Stack(Name|Id)|\"Ref\": \"(Mcp|TokenAuthorizer|WellKnown)"
            assert re.search(own, value), (resource, name)


@every_shape
def test_every_alarm_watches_something_of_this_stack_and_tells_the_topic(baked: Baked, answers: Answers) -> None:
    template = translated(baked(answers))
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    assert len(alarms) == {"http-api": 6, "function-url": 5}.get(answers["endpoint"], 3)
    for name, alarm in alarms.items():
        watched = set(re.findall(r'"Ref": "(\w+)"', json.dumps(alarm)))
        assert watched & {"McpFunction", "WellKnownFunction", "TokenAuthorizerFunction", "HttpApi"}, name
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"]


@every_shape
def test_the_dashboard_is_json_and_shows_every_tool_by_the_metrics_of_the_code(baked: Baked, answers: Answers) -> None:
    body = of_type(translated(baked(answers)), "AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(body)["widgets"]
    titles = {widget["properties"]["title"] for widget in widgets}
    assert {"Calls by tool", "Errors by tool", "Slowest tools"} < titles
    boxes = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(boxes) == len(set(boxes))
    code = (baked(answers) / "src/telemetry.py").read_text()
    for metric in set(re.findall(r'MetricName=\\?"(\w+)', body)):
        assert f'"{metric}"' in code


@every_shape
def test_every_log_group_forgets_in_time(baked: Baked, answers: Answers) -> None:
    template = translated(baked(answers))
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())
    for function in of_type(template, "AWS::Lambda::Function").values():
        assert function["LoggingConfig"]["LogGroup"]["Ref"] in groups


def test_preflight_allows_the_headers_of_the_protocol(baked: Baked) -> None:
    cors = of_type(translated(baked(DEFAULT)), "AWS::ApiGatewayV2::Api")["HttpApi"]["CorsConfiguration"]
    assert {"authorization", "mcp-protocol-version", "mcp-method", "mcp-name"} <= set(cors["AllowHeaders"])


def policy_statements(template: dict[str, Any], policy: str) -> dict[str, dict[str, Any]]:
    found = of_type(template, "AWS::IAM::ManagedPolicy")[policy]["PolicyDocument"]["Statement"]
    return {statement["Action"]: statement for statement in found}


@by_iam
def test_callers_are_let_in_by_exactly_what_the_endpoint_needs(baked: Baked, answers: Answers) -> None:
    template = translated(baked(answers))
    url = answers["endpoint"] == "function-url"
    actions = {"lambda:InvokeFunction", "lambda:InvokeFunctionUrl"} if url else {"lambda:InvokeFunction"}
    alias = {"Ref": "McpFunctionAliaslive"}
    policy = policy_statements(template, "CallerPolicy")
    assert set(policy) == actions
    assert all(statement["Resource"] == alias for statement in policy.values())
    permissions = of_type(template, "AWS::Lambda::Permission").values()
    assert {permission["Action"] for permission in permissions} == actions
    for permission in permissions:
        assert permission["FunctionName"] == alias
        assert permission["Principal"] == {"Ref": "CallerPrincipal"}
    if url:
        # Whoever may invoke the function by another way could make up who calls.
        assert policy["lambda:InvokeFunction"]["Condition"] == {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
        assert [p["InvokedViaFunctionUrl"] for p in permissions if p["Action"] == "lambda:InvokeFunction"] == [True]


@by_iam
def test_nothing_of_sign_in_is_where_iam_decides(baked: Baked, answers: Answers) -> None:
    types = {item["Type"] for item in translated(baked(answers))["Resources"].values()}
    assert not [kind for kind in types if "Cognito" in kind or "ApiGateway" in kind]


@pytest.mark.parametrize(
    "answers", [answers for answers in BY_TURNS if answers["adapter"] == "web-adapter"], ids=name_of
)
def test_the_web_adapter_is_of_the_processor_and_its_mode_of_the_endpoint(baked: Baked, answers: Answers) -> None:
    template = translated(baked(answers))
    function = of_type(template, "AWS::Lambda::Function")["McpFunction"]
    layer = {"arm64": "LambdaAdapterLayerArm64", "x86_64": "LambdaAdapterLayerX86"}[answers["architecture"]]
    assert f":layer:{layer}:30" in json.dumps(function["Layers"])
    assert function["Architectures"] == [answers["architecture"]]
    variables = function["Environment"]["Variables"]
    assert variables["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/bootstrap"
    assert function["Handler"] == "run.sh"
    assert (baked(answers) / "src/run.sh").stat().st_mode & 0o111
    if answers["endpoint"] == "function-url":
        assert of_type(template, "AWS::Lambda::Url")["McpFunctionUrl"]["InvokeMode"] == "RESPONSE_STREAM"
        assert variables["AWS_LWA_INVOKE_MODE"] == "response_stream"
    else:
        assert variables["AWS_LWA_INVOKE_MODE"] == "buffered"


@pytest.mark.parametrize("adapter", ["in-process", "stdio"])
def test_a_url_without_the_web_adapter_is_buffered(baked: Baked, adapter: str) -> None:
    template = translated(baked(DEFAULT | {"endpoint": "function-url", "adapter": adapter}))
    assert of_type(template, "AWS::Lambda::Url")["McpFunctionUrl"]["InvokeMode"] == "BUFFERED"
    assert of_type(template, "AWS::Lambda::Url")["McpFunctionUrl"]["AuthType"] == "AWS_IAM"


@every_gateway
def test_the_gateway_lets_in_who_signed_in_and_may_invoke_the_function_alone(baked: Baked, answers: Answers) -> None:
    template = translated(baked(answers))
    gateway = of_type(template, "AWS::BedrockAgentCore::Gateway")["Gateway"]
    assert gateway["AuthorizerType"] == "CUSTOM_JWT"
    authorizer = gateway["AuthorizerConfiguration"]["CustomJWTAuthorizer"]
    assert authorizer["AllowedScopes"]
    assert authorizer.get("AllowedClients") or authorizer.get("AllowedAudience")
    assert "2026-07-28" in gateway["ProtocolConfiguration"]["Mcp"]["SupportedVersions"]
    (statement,) = of_type(template, "AWS::IAM::Role")["GatewayRole"]["Policies"][0]["PolicyDocument"]["Statement"]
    alias = {"Ref": "McpFunctionAliaslive"}
    assert (statement["Action"], statement["Resource"]) == ("lambda:InvokeFunction", alias)
    target = of_type(template, "AWS::BedrockAgentCore::GatewayTarget")["GatewayTarget"]
    assert target["TargetConfiguration"]["Mcp"]["Lambda"]["LambdaArn"] == alias


def test_a_package_is_told_to_the_function_and_may_do_nothing_on_aws(baked: Baked) -> None:
    template = translated(baked(DEFAULT | {"adapter": "stdio", "stdio_package": PACKAGE}))
    function = of_type(template, "AWS::Lambda::Function")["McpFunction"]
    assert function["Environment"]["Variables"]["STDIO_PACKAGE"] == PACKAGE
    policies = of_type(template, "AWS::IAM::Role")["McpFunctionRole"]["Policies"]
    assert [policy["PolicyName"] for policy in policies] == ["telemetry"]
