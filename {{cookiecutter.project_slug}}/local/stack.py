"""The local stack: the front door, the functions and a stand-in for AWS, wired as the template says."""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import boto3
from starlette.types import Receive, Scope, Send

from local.aws import REGION, LocalAws
from local.build import build
from local.declared import ENDPOINTS, hold
from local.door import Door
from local.functions import Host, LambdaFunction, to_stderr
from local.intrinsics import TemplateError
from local.listener import HOST, Listener, bind
from local.template import Resource, Stack, load

# An SDK must not fall back to the developer's own account where a variable is missing.
_NO_CONFIGURATION = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What is served, and how; a port of 0 is any free one.

    `template` is a built template to serve as it is; without one the project is built with `sam` for `runtime`. `log`
    takes each line that a function writes, with its logical id.
    """

    project: Path
    runtime: Path
    sam: Path
    template: Path | None = None
    port: int = 3000
    identity_port: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)
    aws: Literal["local", "real"] = "local"
    environments: int = 4
    log: Callable[[str, str], None] = to_stderr
    take_turns: bool = False


class LocalStack:
    """Serves the project of `settings` from `__aenter__` to `__aexit__`.

    Entering raises PortInUseError, BuildError, ParameterError or TemplateError, whose message is for the developer.
    """

    stack: Stack
    door: Door
    aws_endpoint_url: str | None = None

    def __init__(self, settings: Settings) -> None:
        """Start nothing yet."""
        self._settings = settings
        self._folder = "build"
        self._functions: list[LambdaFunction] = []
        self._draining: dict[asyncio.Task[None], LambdaFunction] = {}

    async def __aenter__(self) -> Self:
        """Return once everything answers; a function that does not start has said so in the log."""
        async with AsyncExitStack() as entered:
            listening = bind(self._settings.port)
            entered.callback(listening.close)
            self.door = Door(f"{HOST}:{listening.getsockname()[1]}", self._settings.identity_port)
            entered.callback(self.door.close)
            loading = asyncio.create_task(self._loaded(self._folder))
            entered.push_async_callback(_cancelled, loading)
            real = self._settings.aws == "real"
            variables = _own_variables() if real else await self._local_variables(entered)
            stack = await loading
            guarding = variables
            # What the template declares is in no account yet.
            if real and (stack.guards or any(stack.of_type(kind) for kind in ENDPOINTS)):
                guarding = {**await self._local_variables(entered), **_region(variables)}
            self._host, self._guarding = (self._host_with(found) for found in (variables, guarding))
            await self.door.open(stack, entered)
            entered.push_async_callback(self._stop)
            await self._serve(stack)
            await entered.enter_async_context(Listener(self._answer, listening))
            self._entered = entered.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        await self._entered.aclose()

    async def reload(self) -> None:
        """Build and load the project anew, and put its functions and routes in the place of those that serve.

        Where that fails, the old ones stay and the log says why. Ports, the stand-in for AWS, and the identity
        provider with its keys and clients stay in any case.
        """
        folder = "rebuild" if self._folder == "build" else "build"
        try:
            stack = await self._loaded(folder)
            await self._serve(stack, whole=True)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the new one, there is the old one
            _LOG.error("Not reloaded, what was served before still is. %s: %s", type(error).__name__, error)
            return
        self._folder = folder
        _LOG.info("Reloaded.")

    async def _local_variables(self, entered: AsyncExitStack) -> dict[str, str]:
        """Start the stand-in for AWS, and return where functions find it."""
        aws = await entered.enter_async_context(LocalAws())
        self.aws_endpoint_url = aws.endpoint_url
        return {**_NO_CONFIGURATION, **aws.environment}

    def _host_with(self, variables: Mapping[str, str]) -> Host:
        settings = self._settings
        return Host(settings.runtime, variables, settings.environments, settings.log, settings.take_turns)

    def _host_of(self, function: Resource, stack: Stack) -> Host:
        """Return what `function` runs on; the declared tables and secrets that it is told of are those held here."""
        if function.logical_id in stack.guards:
            return self._guarding
        told = function.properties.get("Environment", {}).get("Variables", {}).values()
        here = {
            variable: self.aws_endpoint_url
            for kind, variable in ENDPOINTS.items()
            if self.aws_endpoint_url and any(resource.ref in told for resource in stack.of_type(kind))
        }
        return replace(self._host, variables={**self._host.variables, **here})

    async def _loaded(self, folder: str) -> Stack:
        """Return the stack, built into `folder` if need be, with its public names moved to this machine."""
        settings = self._settings
        template = settings.template or await build(settings.project, settings.sam, settings.runtime, folder)
        stack = load(template, settings.parameters, self.door.parameters)
        names = {f"https://{name}": f"http://{self.door.authority}" for name in stack.domain_names}
        return stack.relocated({**names, **self.door.origins(stack)})

    async def _serve(self, stack: Stack, *, whole: bool = False) -> None:
        """Answer with `stack` from now on; with `whole`, only if all of its functions start, else TemplateError."""
        if self.aws_endpoint_url:
            region = self._host.variables.get("AWS_REGION", REGION)
            stack = stack.relocated(await asyncio.to_thread(hold, self.aws_endpoint_url, stack, region))
        functions = [
            LambdaFunction(resource, stack.code[resource.logical_id], self._host_of(resource, stack))
            for resource in stack.of_type("AWS::Lambda::Function")
        ]
        by_id = {function.name: function for function in functions}
        app = self.door.app(stack, by_id)
        try:
            await _warmed(functions, whole=whole)
        except BaseException:
            await asyncio.gather(*(function.close() for function in functions))
            raise
        self.stack, self._app = stack, app
        for old in self._functions:
            task = asyncio.create_task(old.close(drain=True))
            self._draining[task] = old
            task.add_done_callback(self._draining.pop)
        self._functions = functions

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def _stop(self) -> None:
        await asyncio.gather(*(function.close() for function in [*self._functions, *self._draining.values()]))


def _own_variables() -> dict[str, str]:
    """Return where functions find the developer's own AWS account."""
    own = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    # Profiles and single sign-on are below the home directory; a profile may have a region.
    region = boto3.Session().region_name
    regions = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {}
    return own | regions | {"HOME": str(Path.home())}


def _region(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: variables[name] for name in ("AWS_REGION", "AWS_DEFAULT_REGION") if name in variables}


async def _warmed(functions: list[LambdaFunction], *, whole: bool) -> None:
    results = await asyncio.gather(*(function.warm() for function in functions))
    for function, result in zip(functions, results, strict=True):
        if result and whole:
            raise TemplateError(f"{function.name} does not start")
        if result:
            _LOG.warning("%s does not start: %s", function.name, result.payload["errorMessage"].split("\n")[0])


async def _cancelled(task: asyncio.Task[Stack]) -> None:
    task.cancel()
    await asyncio.wait({task})
