"""What the template declares that functions use, in the stand-in for AWS: throw-away secrets, and empty tables."""

import json
import secrets
import string
from collections.abc import Mapping
from typing import Any

import boto3

from local.aws import KEY_ID, SECRET_KEY
from local.template import Resource, Stack

# Where an SDK looks for these services first, whoever's account has the rest.
ENDPOINTS = {
    "AWS::DynamoDB::Table": "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS::SecretsManager::Secret": "AWS_ENDPOINT_URL_SECRETS_MANAGER",
}
# By logical id, for as long as this process lives: a template that is read again keeps its secrets.
_values: dict[str, str] = {}


def value(secret: Resource) -> str:
    """Return the value that an AWS::SecretsManager::Secret begins with, made up if the template has it generated."""
    if secret.logical_id not in _values:
        _values[secret.logical_id] = _first(secret.properties)
    return _values[secret.logical_id]


def hold(endpoint_url: str, stack: Stack, region: str) -> dict[str, str]:
    """Make what `stack` declares and is not there yet, for functions in `region`.

    A table has the name there that it has in the stack; the ARN of each secret is returned, by the one in the stack.
    """
    session: Any = boto3.Session(aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET_KEY, region_name=region)
    for table in stack.of_type("AWS::DynamoDB::Table"):
        _make(session.client("dynamodb", endpoint_url=endpoint_url), table)
    arns = {}
    for secret in stack.of_type("AWS::SecretsManager::Secret"):
        arns[secret.ref] = _held(session.client("secretsmanager", endpoint_url=endpoint_url), secret)
    return arns


def _make(dynamodb: Any, table: Resource) -> None:
    # What costs nothing here needs no capacity, and no other attributes than those of keys.
    structure = {name: table.properties[name] for name in ("AttributeDefinitions", "KeySchema")}
    try:
        dynamodb.create_table(TableName=table.ref, BillingMode="PAY_PER_REQUEST", **structure)
    except dynamodb.exceptions.ResourceInUseException:
        return


def _held(store: Any, secret: Resource) -> str:
    # An ARN ends in what Secrets Manager makes up, behind the name and a hyphen.
    name = secret.ref.partition(":secret:")[2].rpartition("-")[0]
    try:
        return str(store.create_secret(Name=name, SecretString=value(secret))["ARN"])
    except store.exceptions.ResourceExistsException:
        return str(store.describe_secret(SecretId=name)["ARN"])


def _first(properties: Mapping[str, Any]) -> str:
    """Return SecretString, or what GenerateSecretString gives: of letters and digits, whatever else it would allow."""
    if "SecretString" in properties:
        return str(properties["SecretString"])
    rules = properties.get("GenerateSecretString", {})
    alphabet = string.ascii_letters + string.digits
    made = "".join(secrets.choice(alphabet) for _ in range(int(rules.get("PasswordLength", 32))))
    if "GenerateStringKey" not in rules:
        return made
    return json.dumps({**json.loads(rules.get("SecretStringTemplate", "{}")), rules["GenerateStringKey"]: made})
