"""Built projects, served by their own local stack: the real SAM build, and the real Lambda runtime client."""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest

from conftest import Bake
from workshop import ARCHITECTURE, Workshop, apart, environment, installed

PYTHON = "3.13"


@dataclass(frozen=True)
class Stack:
    """What `python -m local --json` says of itself when it is ready; what its front door has no use for is blank."""

    outputs: Mapping[str, str]
    aws_endpoint_url: str
    # Where there is a URL.
    mcp_url: str = ""
    # Where callers sign in.
    issuer: str = ""
    access_token: str = ""
    client_id: str = ""
    redirect_uris: tuple[str, ...] = ()
    machine_client_id: str = ""
    machine_client_secret: str = ""
    # Where callers sign their requests: one who may, and one who may not.
    region: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""
    stranger_access_key_id: str = ""
    stranger_secret_access_key: str = ""
    # Where there is no URL.
    function_arn: str = ""
    endpoint_url: str = ""

    @property
    def origin(self) -> str:
        return self.mcp_url.removesuffix("/mcp")

    def machine_token(self) -> str:
        """Get a token with the client credentials grant from the local provider, as a service would."""
        token_url = httpx2.get(f"{self.issuer}/.well-known/openid-configuration").json()["token_endpoint"]
        credentials = (self.machine_client_id, self.machine_client_secret)
        response = httpx2.post(token_url, auth=credentials, data={"grant_type": "client_credentials"})
        response.raise_for_status()
        return str(response.json()["access_token"])

    def invoke_api(self) -> Any:
        """Return a client of the Invoke API, with the credentials of the caller who may."""
        return boto3.client(
            "lambda",
            endpoint_url=self.endpoint_url,
            region_name=self.region,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
        )


class Built:
    """A project for PYTHON that `make build` has built for this machine, with the runtime that runs it."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.workshop = Workshop(project, PYTHON)
        self.tools = self.workshop.tools
        # Without the functions' own Python, the artifact has to be one for the Python that there is.
        for name, before, after in (
            ("template.yaml", f"python{PYTHON}", f"python{self.workshop.version}"),
            ("Makefile", f"TARGET_PYTHON := {PYTHON}", f"TARGET_PYTHON := {self.workshop.version}"),
        ):
            text = (project / name).read_text()
            assert before in text
            (project / name).write_text(text.replace(before, after))
        self.workshop.make("build")
        self.template = project / ".aws-sam/build/template.yaml"

    def command(self, *options: str) -> list[str]:
        """Return the command that serves the project on a free port, unless an option says otherwise."""
        python, runtime = self.tools / "local/bin/python", self.tools / "runtime/bin/python"
        return [str(python), "-m", "local", "--port", "0", "--runtime", str(runtime), *options]

    def environment(self) -> dict[str, str]:
        """Return the environment of that command: sam looks for uv on the PATH."""
        variables = environment()
        path = f"{self.workshop.venv / 'bin'}{os.pathsep}{variables['PATH']}"
        # Where it hangs, a test can ask it by SIGABRT.
        return {**variables, "PATH": path, "PYTHONFAULTHANDLER": "1"}

    @contextlib.contextmanager
    def serve(self, template: Path | None = None, *options: str) -> Iterator[Stack]:
        """Serve the artifact on a free port until the block ends, with more options if need be.

        Raises:
            AssertionError: With what it said, if it does not start.
        """
        command = self.command("--json", "--template", str(template or self.template), *options)
        log = self.project / "local.log"
        with (
            log.open("w") as stderr,
            subprocess.Popen(
                command, cwd=self.project, env=self.environment(), stdout=subprocess.PIPE, stderr=stderr, text=True
            ) as process,
        ):
            try:
                assert process.stdout
                line = process.stdout.readline()
                assert line, log.read_text()
                yield Stack(**json.loads(line))
            finally:
                process.terminate()

    def changed(self, folder: Path, change: Callable[[str], str]) -> Path:
        """Return a copy of the built template with `change` made to its text."""
        build = folder / "build"
        shutil.copytree(self.template.parent, build)
        before = self.template.read_text()
        after = change(before)
        assert after != before
        (build / "template.yaml").write_text(after)
        return build / "template.yaml"


@pytest.fixture(scope="session")
def built(bake: Bake) -> Built:
    """The default project, except for the processor, which has to be this machine's."""
    return Built(bake(architecture=ARCHITECTURE))


@pytest.fixture(scope="session")
def built_oidc(bake: Bake) -> Built:
    """The same with a provider of the operator's own."""
    return Built(bake(architecture=ARCHITECTURE, authorization="oidc"))


@pytest.fixture(scope="session")
def cognito(built: Built) -> Iterator[Stack]:
    with built.serve() as stack:
        yield stack


@pytest.fixture(scope="session")
def oidc(built_oidc: Built) -> Iterator[Stack]:
    with built_oidc.serve() as stack:
        yield stack


@pytest.fixture(params=["cognito", "oidc"])
def stack(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def old_sdk() -> Path:
    """A Python with the 1.x line of the SDK and the clients built on it; 2.x cannot share an environment with it."""
    return apart("mcp1", "mcp>=1.30,<2", "run-mcp-servers-with-aws-lambda<0.6")


@pytest.fixture(scope="session")
def fastmcp() -> Path:
    """A Python with FastMCP, which says itself which SDK it is for."""
    return apart("fastmcp", "fastmcp>=4.2,<5")


@pytest.fixture(scope="session")
def typescript() -> Path:
    """A folder with the official TypeScript clients, as the lock file has them, and the script that uses them."""
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    source = Path(__file__).with_name("typescript")
    return installed("typescript", source, lambda folder: subprocess.run(command, cwd=folder, check=True))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
