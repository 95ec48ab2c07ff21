"""The template's secrets are in the stand-in for AWS, under the ARN that the functions are told."""

import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import boto3
import pytest

from local.aws import KEY_ID, REGION, SECRET_KEY, LocalAws
from local.secret_store import hold, value
from local.template import Stack

pytestmark = pytest.mark.anyio

SECRETS = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Made: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {PasswordLength: 64}}}
  Named: {Type: AWS::SecretsManager::Secret, Properties: {Name: my-secret, SecretString: given}}
  Keyed:
    Type: AWS::SecretsManager::Secret
    Properties: {GenerateSecretString: {SecretStringTemplate: '{"user": "me"}', GenerateStringKey: password}}
Outputs:
  Command: {Value: !Sub "aws secretsmanager get-secret-value --secret-id ${Named} --query SecretString"}
"""


@pytest.fixture(scope="module")
async def aws() -> AsyncIterator[LocalAws]:
    async with LocalAws() as running:
        yield running


@pytest.fixture
def client(aws: LocalAws) -> Any:
    session: Any = boto3.Session(aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET_KEY, region_name=REGION)
    return session.client("secretsmanager", endpoint_url=aws.endpoint_url)


@pytest.fixture
def stack(written: Callable[..., Stack], aws: LocalAws) -> Stack:
    loaded = written(SECRETS)
    return loaded.relocated(hold(aws.endpoint_url, loaded))


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
    again = written(SECRETS)
    assert again.relocated(hold(aws.endpoint_url, again)).resources["Made"].ref == stack.resources["Made"].ref
    assert read(client, stack, "Made") == "rotated"


async def test_a_stack_without_secrets_needs_no_place_for_them(written: Callable[..., Stack], declared: str) -> None:
    assert hold("http://127.0.0.1:1", written(declared)) == {}
