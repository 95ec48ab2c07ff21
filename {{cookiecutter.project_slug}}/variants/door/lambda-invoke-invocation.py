"""The front door of this project: the Lambda Invoke API, whose callers sign their requests."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import boto3
from botocore.config import Config
from mcp.client import Transport
from starlette.types import ASGIApp

from local.functions import LambdaFunction
from local.invoke.api import InvokeApi
from local.invoke.transport import invoke_transport
from local.parameters import tenant
from local.signing.door import MESSAGE, REGION, SignedDoor
from local.template import Stack
from local.tour import ANSWER_SECONDS, Connect, NoteRefusal

_TOLD = """
{name} is the function  {arn}
of a Lambda at  {url}

  {exports}
  export AWS_ENDPOINT_URL_LAMBDA={url}
  aws lambda invoke --function-name {arn} --cli-binary-format raw-in-base64-out \\
    --payload '{message}'{tenant} /dev/stdout

boto3 and run-mcp's client follow the same variables. The keys are good on this machine alone, until Ctrl-C stops
everything.
"""


class Door(SignedDoor):
    """Serves a stand-in for the Lambda Invoke API, before the template's functions."""

    def app(self, stack: Stack, functions: Mapping[str, LambdaFunction]) -> ASGIApp:
        """Return what answers for `stack`."""
        return InvokeApi(stack, functions, self.keys)

    @property
    def _endpoint_url(self) -> str:
        return f"http://{self.authority}"

    def client(self, stack: Stack) -> tuple[Connect, str]:
        """Return how a client connects, and the secret that it does so with."""

        @asynccontextmanager
        async def connect(_: NoteRefusal) -> AsyncIterator[Transport]:
            functions: Any = boto3.client(
                "lambda",
                endpoint_url=self._endpoint_url,
                region_name=REGION,
                aws_access_key_id=self.caller.access_key,
                aws_secret_access_key=self.caller.secret,
                config=Config(read_timeout=ANSWER_SECONDS, retries={"total_max_attempts": 1}),
            )
            yield invoke_transport(functions, stack.outputs["FunctionArn"], _on_behalf(stack))

        return connect, self.caller.secret

    def described(self, stack: Stack) -> dict[str, object]:
        """Return what a program needs to know to connect."""
        return {
            "function_arn": stack.outputs["FunctionArn"],
            "endpoint_url": self._endpoint_url,
            **self.credentials(),
        }

    def told(self, stack: Stack, name: str) -> str:
        """Return what a person needs to know to connect."""
        arn = stack.outputs["FunctionArn"]
        options = {"TenantId": " --tenant-id ", "ClientContext": " --client-context "}
        told = "".join(options[name] + value for name, value in _on_behalf(stack).items())
        facts = {"url": self._endpoint_url, "exports": self.exports(), "message": MESSAGE, "tenant": told}
        return _TOLD.format(name=name, arn=arn, **facts)


def _on_behalf(stack: Stack) -> dict[str, str]:
    """Return what Invoke is told of the tenant that it is for, where there are tenants."""
    named = tenant(stack.parameters)
    if named is None:
        return {}
    if stack.parameters["TenantIsolation"] == "true":
        return {"TenantId": named}
    return {"ClientContext": base64.b64encode(json.dumps({"custom": {"tenant": named}}).encode()).decode()}
