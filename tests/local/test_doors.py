"""What the front doors without sign-in tell whoever wants to connect."""

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest

from doors import door
from local.template import Stack

ARN = "arn:aws:lambda:us-east-1:123456789012:function:local-McpFunction:live"
STACK = Stack(
    resources={},
    outputs={"McpUrl": "http://127.0.0.1:3000/mcp", "FunctionArn": ARN},
    parameters={},
    code={},
    functions={},
)
ADDRESS = {"function-url-signature": "http://127.0.0.1:3000/mcp", "lambda-invoke-invocation": ARN}


@pytest.fixture(params=ADDRESS)
def signed(request: pytest.FixtureRequest) -> Any:
    made = door(request.param).Door("127.0.0.1:3000", 0)
    made.address = ADDRESS[request.param]
    return made


def test_a_person_is_told_commands_that_a_shell_takes(signed: Any) -> None:
    told = signed.told(STACK, "my-server")
    assert signed.address in told
    assert signed.caller.secret in told
    assert signed.stranger.secret not in told
    commands = [line for line in told.replace("\\\n", " ").splitlines() if line.startswith("  ")]
    words = shlex.split("\n".join(commands))
    assert {"jsonrpc": "2.0", "id": 1, "method": "tools/list"} in [json.loads(word) for word in words if word[0] == "{"]


@pytest.mark.parametrize(
    ("isolation", "option", "value"),
    [("true", "--tenant-id", "acme"), ("false", "--client-context", "eyJjdXN0b20iOiB7InRlbmFudCI6ICJhY21lIn19")],
)
def test_where_there_are_tenants_the_command_names_one(isolation: str, option: str, value: str) -> None:
    stack = replace(STACK, parameters={"Tenants": "acme,beta", "TenantIsolation": isolation})
    told = door("lambda-invoke-invocation").Door("127.0.0.1:3000", 0).told(stack, "my-server")
    assert f" {option} {value} /dev/stdout\n" in told
    assert option not in door("lambda-invoke-invocation").Door("127.0.0.1:3000", 0).told(STACK, "my-server")


def test_a_program_is_told_how_to_sign_as_somebody_who_may_and_as_somebody_who_may_not(signed: Any) -> None:
    described = signed.described(STACK)
    assert described["secret_access_key"] != described["stranger_secret_access_key"]
    assert signed.address in described.values()
    assert signed.parameters["CallerPrincipal"].endswith("role/local-caller")
