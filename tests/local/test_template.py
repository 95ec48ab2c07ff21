"""A template is loaded as CloudFormation would deploy it, with values shaped like those of AWS."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.intrinsics import TemplateError
from local.parameters import ParameterError, tenant
from local.template import Stack, load

Write = Callable[..., Stack]
HEAD = """
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Size: {Type: Number, Default: 5, MinValue: 1, MaxValue: 10}
  Name: {Type: String, Default: abc, AllowedPattern: "[a-z]+", MinLength: 2, MaxLength: 4}
  Names: {Type: CommaDelimitedList, Default: "one, two", AllowedPattern: "[a-z]+"}
Mappings:
  Sizes: {dev: {small: 1}, prod: {small: 100}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [!Condition IsProd]
  Both: !And [!Condition IsProd, !Condition IsDev]
  Either: !Or [!Condition IsProd, !Condition IsDev]
Resources:
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: api, ProtocolType: HTTP}}
  UserPool: {Type: AWS::Cognito::UserPool}
  SignInClient: {Type: AWS::Cognito::UserPoolClient, Properties: {UserPoolId: !Ref UserPool}}
  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Sub "${Stage}-table"}}
  Queue: {Type: AWS::SQS::Queue}
  Origin: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Sub "https://${Name}.example"}}
  ProdOnly: {Type: AWS::SNS::Topic, Condition: IsProd}
"""
FUNCTION = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: app.handler, Runtime: python3.13, AutoPublishAlias: live}
"""


def valued(written: Write, expression: str, **options: Any) -> Any:
    thing = f"  Thing: {{Type: AWS::SQS::Queue, Properties: {{Value: {expression}, Kept: yes}}}}\n"
    properties = written(HEAD + thing, **options).resources["Thing"].properties
    assert properties["Kept"] is True
    return properties.get("Value")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!Ref Stage", "dev"),
        ("!Ref Names", ["one", "two"]),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref AWS::AccountId", "123456789012"),
        ("!Ref AWS::NoValue", None),
        ("[a, !Ref AWS::NoValue, b]", ["a", "b"]),
        ("{a: {b: !Ref AWS::NoValue}}", {"a": {}}),
        ('!Sub "${Stage}-${AWS::Partition}-${!Literal}"', "dev-aws-${Literal}"),
        ('!Sub ["${a}/${Stage}", {a: !Ref Size}]', "5/dev"),
        ('!Sub "${UserPool.Arn}"', "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_local"),
        ('!Join ["-", [a, !Ref Stage, 1, true]]', "a-dev-1-true"),
        ("!Select [1, !Ref Names]", "two"),
        ('!Select ["0", !Split ["/", a/b]]', "a"),
        ("!If [IsProd, 1, [!Ref Stage]]", ["dev"]),
        ("!If [Either, yes, no]", True),
        ("!If [Both, a, !Ref AWS::NoValue]", None),
        ("!FindInMap [Sizes, !Ref Stage, small]", 1),
        ("!Equals [true, 'true']", True),
        ("!Base64 abc", "YWJj"),
        ("{Condition: {StringEquals: {a: b}}}", {"Condition": {"StringEquals": {"a": "b"}}}),
        ("!Ref UserPool", "us-east-1_local"),
        ("!GetAtt UserPool.ProviderURL", "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_local"),
        ("{Fn::GetAtt: [UserPool, ProviderName]}", "cognito-idp.us-east-1.amazonaws.com/us-east-1_local"),
        ("!Ref SignInClient", "sign-in-client"),
        ("!Ref Table", "dev-table"),
        ("!GetAtt Table.Arn", "arn:aws:dynamodb:us-east-1:123456789012:table/dev-table"),
        ("!GetAtt Origin.Value", "https://abc.example"),
        ("!Ref Queue", "local-Queue"),
    ],
)
def test_a_value_is_what_cloudformation_makes_of_it(written: Write, expression: str, value: object) -> None:
    assert valued(written, expression) == value


def test_an_apis_url_is_that_of_its_id(written: Write) -> None:
    api = valued(written, "!Ref Api")
    assert len(api) == 10
    assert valued(written, "!GetAtt Api.ApiEndpoint") == f"https://{api}.execute-api.us-east-1.amazonaws.com"


def test_a_clients_secret_is_the_same_each_time(written: Write) -> None:
    secret = valued(written, "!GetAtt SignInClient.ClientSecret")
    assert len(secret) > 30
    assert valued(written, "!GetAtt SignInClient.ClientSecret") == secret


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("!Ref Nothing", "no parameter or resource Nothing"),
        ("!Ref ProdOnly", "no parameter or resource ProdOnly"),
        ("!GetAtt UserPool.Url", "UserPool has no attribute Url"),
        ('!Sub "${Nothing}"', "no parameter or resource Nothing"),
        ("!If [Nothing, a, b]", "no condition Nothing"),
        ("!FindInMap [Sizes, dev, large]", "Sizes.dev.large"),
        ("!Select [2, !Ref Names]", "no item 2 among 2"),
        ("!ImportValue abc", "Fn::ImportValue is not evaluated here"),
    ],
)
def test_a_reference_to_nothing_is_named(written: Write, expression: str, complaint: str) -> None:
    with pytest.raises(TemplateError, match=f"Thing: .*{complaint}"):
        valued(written, expression)


def test_a_condition_decides_which_resources_and_outputs_there_are(written: Write) -> None:
    outputs = "Outputs:\n  Topic: {Condition: IsProd, Value: !GetAtt ProdOnly.TopicName}\n  Size: {Value: !Ref Size}\n"
    dev, prod = written(HEAD + outputs), written(HEAD + outputs, overrides={"Stage": "prod"})
    assert "ProdOnly" not in dev.resources
    assert dev.outputs == {"Size": "5"}
    assert "ProdOnly" in prod.resources
    assert prod.outputs == {"Size": "5", "Topic": "local-ProdOnly"}


def test_a_circle_is_shown(written: Write) -> None:
    circle = "Conditions: {A: !Condition B, B: !Condition A}\nResources: {Q: {Type: AWS::SQS::Queue, Condition: A}}\n"
    with pytest.raises(TemplateError, match="condition A -> condition B -> condition A"):
        written(circle)
    parameter = "  {}: {{Type: AWS::SSM::Parameter, Properties: {{Name: !Ref {}}}}}\n"
    names = parameter.format("A", "B") + parameter.format("B", "A")
    with pytest.raises(TemplateError, match="depends on itself"):
        written(HEAD + names)


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ({"Stagee": "dev"}, "no parameter Stagee; it has Name, Names, Size, Stage"),
        ({"Stage": "test"}, "Stage cannot be 'test': the template allows dev, prod"),
        ({"Size": "11"}, "Size cannot be '11': it must be from 1 to 10"),
        ({"Size": "many"}, "Size cannot be 'many': it is not a number"),
        ({"Name": "a"}, "its length is out of bounds"),
        ({"Name": "abc1"}, "does not match"),
        ({"Names": "one,TWO"}, "Names cannot be 'TWO'"),
    ],
)
def test_a_parameter_that_the_template_refuses_is_named(
    written: Write, overrides: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ParameterError, match=complaint):
        written(HEAD, overrides=overrides)


def test_a_parameter_without_a_default_must_be_given(written: Write) -> None:
    template = HEAD.replace("Mappings:", "  Issuer: {Type: String, AllowedPattern: 'https://.+'}\nMappings:")
    with pytest.raises(ParameterError, match="Issuer has no default"):
        written(template)
    assert written(template, overrides={"Issuer": "https://a"}).parameters["Issuer"] == "https://a"


def test_a_tenants_claim_that_nobody_has_named_is_one_that_tokens_have_here(written: Write) -> None:
    template = HEAD.replace("Mappings:", "  TenantClaim: {Type: String, AllowedPattern: '[a-z:]+'}\nMappings:")
    assert written(template).parameters["TenantClaim"] == "tenant"
    assert written(template, overrides={"TenantClaim": "sub"}).parameters["TenantClaim"] == "sub"
    own = template.replace("{Type: String, A", "{Type: String, Default: cognito:groups, A")
    assert written(own).parameters["TenantClaim"] == "cognito:groups"


@pytest.mark.parametrize(
    ("tenants", "named"), [("", "alice"), ("acme,beta", "acme"), ("org_8123=beta,acme", "org_8123"), ("a=b=c", "a=b")]
)
def test_the_first_tenant_there_is_is_named_by_what_stands_for_it(tenants: str, named: str) -> None:
    assert tenant({"Tenants": tenants}) == named
    assert tenant({}) is None


def test_a_stand_in_is_held_to_nothing(written: Write) -> None:
    stack = written(HEAD, stand_ins={"Name": "http://127.0.0.1:4000", "Issuer": "unknown here"})
    assert stack.parameters["Name"] == "http://127.0.0.1:4000"
    assert "Issuer" not in stack.parameters


@pytest.mark.parametrize(
    "uri",
    [
        "!GetAtt Fn.Arn",
        "!Ref Fn.Alias",
        "!Ref FnAliaslive",
        "!Ref Fn.Version",
        '!Sub "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations"',
        '!Sub "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${FnAliaslive}/invocations"',
    ],
)
def test_a_function_is_found_behind_its_arns(written: Write, uri: str) -> None:
    stack = written(f"{FUNCTION}  Other: {{Type: AWS::SQS::Queue, Properties: {{Uri: {uri}}}}}\n")
    resource, arn = stack.function_called(stack.resources["Other"].properties["Uri"], "IntegrationUri of Other")
    assert resource.logical_id == "Fn"
    assert arn.startswith("arn:aws:lambda:us-east-1:123456789012:function:local-Fn")


@pytest.mark.parametrize(
    "uri",
    [
        "!Ref Fn",
        "!Sub '${Fn.Arn}:production'",
        "arn:aws:lambda:us-east-1:123456789012:function:elsewhere",
        "!Sub 'arn:aws:lambda:eu-west-1:123456789012:function:${Fn}'",
        "https://example.com/mcp",
    ],
)
def test_a_uri_of_no_function_is_refused(written: Write, uri: str) -> None:
    stack = written(f"{FUNCTION}  Other: {{Type: AWS::SQS::Queue, Properties: {{Uri: {uri}}}}}\n")
    with pytest.raises(TemplateError, match=r"IntegrationUri of Other is .*, which names no function"):
        stack.function_called(stack.resources["Other"].properties["Uri"], "IntegrationUri of Other")


def test_code_is_found_beside_the_template(written: Write, tmp_path: Path) -> None:
    assert written(FUNCTION).code == {"Fn": tmp_path / "code"}
    shared = "Globals: {Function: {CodeUri: ../elsewhere}}" + FUNCTION.replace("CodeUri: code, ", "")
    assert written(shared).code == {"Fn": tmp_path.parent / "elsewhere"}


def test_code_that_is_not_here_is_refused(written: Write) -> None:
    with pytest.raises(TemplateError, match="CodeUri of Fn is 's3://bucket/key'"):
        written(FUNCTION.replace("CodeUri: code", "CodeUri: s3://bucket/key"))


def test_public_origins_move_to_this_machine_wherever_they_stand(written: Write) -> None:
    public = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_local"
    things = f"""
  Server: {{Type: AWS::Cognito::UserPoolResourceServer, Properties: {{Identifier: "{public}/mcp"}}}}
  Uses:
    Type: AWS::SQS::Queue
    Properties:
      Urls: ["{public}", "see {public}/a, {public}/b", "{public}x", 5]
      Scope: !Sub "${{Server}}/invoke"
Outputs: {{Issuer: {{Value: !GetAtt UserPool.ProviderURL}}}}
"""
    stack = written(HEAD + things).relocated({public: "http://127.0.0.1:1/pool", "https://unused.example": "x"})
    local = "http://127.0.0.1:1/pool"
    assert stack.resources["Uses"].properties == {
        "Urls": [local, f"see {local}/a, {local}/b", f"{public}x", 5],
        "Scope": f"{local}/mcp/invoke",
    }
    assert stack.resources["Server"].ref == f"{local}/mcp"
    assert stack.outputs == {"Issuer": local}


def test_a_policy_that_only_iam_could_know_is_refused(written: Write) -> None:
    with pytest.raises(TemplateError, match="name it by its ARN"):
        written(FUNCTION.replace("CodeUri", "Policies: [NoSuchPolicy], CodeUri"))


@pytest.mark.parametrize("text", ["a: [", "just text", "Resources: {A: {Properties: {}}}", "Resources: []"])
def test_what_is_no_template_is_refused(written: Write, text: str) -> None:
    with pytest.raises(TemplateError, match=r"template\.yaml (cannot be read|is no template)"):
        written(text)


def test_a_template_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"absent\.yaml cannot be read"):
        load(tmp_path / "absent.yaml")


def test_what_sam_refuses_is_passed_on(written: Write) -> None:
    with pytest.raises(TemplateError, match=r"SAM refuses .*Handler"):
        written(FUNCTION.replace("Handler: app.handler, ", ""))
