"""What the template declares is in the stand-in for AWS, under the names that the functions are told."""

import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import boto3
import pytest

from local.aws import KEY_ID, REGION, SECRET_KEY, LocalAws
from local.declared import hold, value
from local.template import Stack

pytestmark = pytest.mark.anyio

DECLARED = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Made: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {PasswordLength: 64}}}
  Named: {Type: AWS::SecretsManager::Secret, Properties: {Name: my-secret, SecretString: given}}
  Keyed:
    Type: AWS::SecretsManager::Secret
    Properties: {GenerateSecretString: {SecretStringTemplate: '{"user": "me"}', GenerateStringKey: password}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: owner, AttributeType: S}, {AttributeName: at, AttributeType: N}]
      KeySchema: [{AttributeName: owner, KeyType: HASH}, {AttributeName: at, KeyType: RANGE}]
      ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}
      TimeToLiveSpecification: {AttributeName: expires, Enabled: true}
      SSESpecification: {SSEEnabled: true}
  NamedTable:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: my-table
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: B}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
Outputs:
  Command: {Value: !Sub "aws secretsmanager get-secret-value --secret-id ${Named} --query SecretString"}
"""


@pytest.fixture(scope="module")
async def aws() -> AsyncIterator[LocalAws]:
    async with LocalAws() as running:
        yield running


def client_of(aws: LocalAws, service: str, region: str = REGION) -> Any:
    session: Any = boto3.Session(aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET_KEY, region_name=region)
    return session.client(service, endpoint_url=aws.endpoint_url)


@pytest.fixture
def client(aws: LocalAws) -> Any:
    return client_of(aws, "secretsmanager")


@pytest.fixture
def stack(written: Callable[..., Stack], aws: LocalAws) -> Stack:
    loaded = written(DECLARED)
    return loaded.relocated(hold(aws.endpoint_url, loaded, REGION))


def read(client: Any, stack: Stack, name: str) -> str:
    return str(client.get_secret_value(SecretId=stack.resources[name].ref)["SecretString"])


async def test_each_secret_is_there_with_the_value_that_the_template_says(client: Any, stack: Stack) -> None:
    assert read(client, stack, "Named") == value(stack.resources["Named"]) == "given"
    assert re.fullmatch(r"[A-Za-z0-9]{64}", read(client, stack, "Made"))
    assert read(client, stack, "Made") == value(stack.resources["Made"])
    keyed = json.loads(read(client, stack, "Keyed"))
    assert (keyed["user"], len(keyed["password"])) == ("me", 32)


async def test_a_command_in_the_outputs_names_the_secret_that_is_there(client: Any, stack: Stack) -> None:
    arn = stack.outputs["Command"].split()[4]
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "given"


async def test_a_template_that_is_read_again_keeps_its_secrets_as_they_are_by_then(
    client: Any, stack: Stack, aws: LocalAws, written: Callable[..., Stack]
) -> None:
    client.put_secret_value(SecretId=stack.resources["Made"].ref, SecretString="rotated")
    again = written(DECLARED)
    assert again.relocated(hold(aws.endpoint_url, again, REGION)).resources["Made"].ref == stack.resources["Made"].ref
    assert read(client, stack, "Made") == "rotated"


async def test_each_table_is_there_with_the_keys_that_the_template_says(aws: LocalAws, stack: Stack) -> None:
    tables = client_of(aws, "dynamodb")
    made = tables.describe_table(TableName=stack.resources["Table"].ref)["Table"]
    assert [(key["AttributeName"], key["KeyType"]) for key in made["KeySchema"]] == [("owner", "HASH"), ("at", "RANGE")]
    assert {item["AttributeName"]: item["AttributeType"] for item in made["AttributeDefinitions"]} == {
        "owner": "S",
        "at": "N",
    }
    assert tables.describe_table(TableName="my-table")["Table"]["AttributeDefinitions"][0]["AttributeType"] == "B"


async def test_a_template_that_is_read_again_keeps_what_is_in_its_tables(
    aws: LocalAws, stack: Stack, written: Callable[..., Stack]
) -> None:
    tables = client_of(aws, "dynamodb")
    item = {"id": {"B": b"1"}, "value": {"S": "kept"}}
    tables.put_item(TableName="my-table", Item=item)
    hold(aws.endpoint_url, written(DECLARED), REGION)
    assert tables.scan(TableName="my-table")["Items"] == [item]


async def test_what_is_declared_is_in_the_region_of_the_functions(aws: LocalAws, written: Callable[..., Stack]) -> None:
    loaded = written(DECLARED)
    arns = hold(aws.endpoint_url, loaded, "eu-north-1")
    tables, store = (client_of(aws, service, "eu-north-1") for service in ("dynamodb", "secretsmanager"))
    assert sorted(tables.list_tables()["TableNames"]) == sorted(["my-table", loaded.resources["Table"].ref])
    arn = arns[loaded.resources["Named"].ref]
    assert ":eu-north-1:" in arn
    assert store.get_secret_value(SecretId=arn)["SecretString"] == "given"


async def test_a_stack_that_declares_nothing_needs_no_place_for_it(
    written: Callable[..., Stack], declared: str
) -> None:
    assert hold("http://127.0.0.1:1", written(declared), REGION) == {}
