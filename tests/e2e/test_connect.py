"""The program that `make connect` prints, run as it is against the stack whose outputs it was printed from."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from conftest import Bake
from e2e.conftest import Built, Stack
from workshop import ARCHITECTURE

NAME = "my-server"
SAMPLES = ["count_s3_buckets", "list_ec2_instances", "list_lambda_functions", "scan_log_group"]
KINDS: dict[str, dict[str, str]] = {
    "cognito": {},
    "oidc": {},
    "gateway": {"endpoint": "agentcore-gateway"},
    "token": {"authorization": "token"},
    "signature": {"endpoint": "function-url"},
    "invocation": {"endpoint": "lambda-invoke"},
}


@dataclass
class Deployed:
    """A stack that is served, with a CloudFormation beside it that knows its outputs."""

    built: Built
    stack: Stack

    def printed(self, client: str) -> str:
        """Return what `python -m connect` prints for a client."""
        python = self.built.tools / "local/bin/python"
        region = self.stack.region or "us-east-1"
        command = [python, "-m", "connect", "--stack", NAME, "--region", region, "--client", client]
        return self._run(command, {**_SIGNED, "AWS_ENDPOINT_URL": self.stack.aws_endpoint_url}, self.built.project)

    def tools(self, program: str, folder: Path, python: Path | str = sys.executable) -> list[str]:
        """Run a printed program as somebody who may call, and return the tools that it lists."""
        file = folder / "list_tools.py"
        # With a provider of one's own, its clients are not among the outputs.
        file.write_text(program.replace("YOUR_MACHINE_CLIENT_ID", self.stack.machine_client_id or ""))
        stack = self.stack
        variables = {
            "MCP_CLIENT_SECRET": stack.machine_client_secret,
            "MCP_TOKEN": stack.access_token,
            "AWS_ACCESS_KEY_ID": stack.access_key_id,
            "AWS_SECRET_ACCESS_KEY": stack.secret_access_key,
            "AWS_ENDPOINT_URL_LAMBDA": stack.endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        listed = self._run([python, file], {name: value for name, value in variables.items() if value}, folder)
        return sorted(name.removeprefix("tools___") for name in listed.split())

    @staticmethod
    def _run(command: list[Any], variables: dict[str, str], folder: Path) -> str:
        environment = {"PATH": os.environ["PATH"], "HOME": os.devnull, **variables}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


_SIGNED = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="module", params=KINDS)
def deployed(request: pytest.FixtureRequest, bake: Bake) -> Iterator[Deployed]:
    with ExitStack() as entered:
        if request.param in {"cognito", "oidc"}:
            built = request.getfixturevalue("built" if request.param == "cognito" else "built_oidc")
            stack = request.getfixturevalue(request.param)
        else:
            built = Built(bake(architecture=ARCHITECTURE, **KINDS[request.param]))
            stack = entered.enter_context(built.serve())
        session: Any = boto3.Session("test", "test", region_name=stack.region or "us-east-1")
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {name: {"Value": value} for name, value in stack.outputs.items()},
        }
        cloudformation = session.client("cloudformation", endpoint_url=stack.aws_endpoint_url)
        cloudformation.create_stack(StackName=NAME, TemplateBody=json.dumps(template))
        yield Deployed(built, stack)


def test_the_printed_program_lists_the_tools(deployed: Deployed, tmp_path: Path) -> None:
    program = deployed.printed("python")
    for secret in (deployed.stack.machine_client_secret, deployed.stack.access_token, deployed.stack.secret_access_key):
        assert not secret or secret not in program
    assert deployed.tools(program, tmp_path) == SAMPLES


def test_where_there_is_no_url_the_printed_session_lists_them_too(
    deployed: Deployed, tmp_path: Path, old_sdk: Path
) -> None:
    if deployed.stack.function_arn:
        assert deployed.tools(deployed.printed("python-session"), tmp_path, old_sdk) == SAMPLES
