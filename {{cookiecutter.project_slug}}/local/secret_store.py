"""The secrets that the template declares, with throw-away values, in the stand-in for AWS."""

import json
import secrets
import string
from collections.abc import Mapping
from typing import Any

import boto3

from local.aws import KEY_ID, REGION, SECRET_KEY
from local.template import Resource, Stack

# By logical id, for as long as this process lives: a template that is read again keeps its secrets.
_values: dict[str, str] = {}


def value(secret: Resource) -> str:
    """Return the value that an AWS::SecretsManager::Secret begins with, made up if the template has it generated."""
    if secret.logical_id not in _values:
        _values[secret.logical_id] = _first(secret.properties)
    return _values[secret.logical_id]


def hold(endpoint_url: str, stack: Stack) -> dict[str, str]:
    """Make the secrets of `stack` that are not there yet; return the ARN of each there, by the one in the stack."""
    declared = stack.of_type("AWS::SecretsManager::Secret")
    return {secret.ref: _held(endpoint_url, secret) for secret in declared}


def _held(endpoint_url: str, secret: Resource) -> str:
    session: Any = boto3.Session(aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET_KEY, region_name=REGION)
    store = session.client("secretsmanager", endpoint_url=endpoint_url)
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
