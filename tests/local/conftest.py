"""What the tests of the local stack share: handlers in a folder, an issuer with real keys, and a served HTTP API."""

import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.functions import Host, LambdaFunction
from local.http_api.api import HttpApi
from local.http_api.authorizer import Authorizers
from local.http_api.jwt_authorizer import JwtAuthorizer
from local.http_api.lambda_authorizer import LambdaAuthorizer
from local.listener import Listener
from local.template import Resource, Stack, load

AUDIENCE = "https://api.example/mcp"
HANDLERS = '''
import json, os, pathlib, sys, threading, time

calls = 0


def handler(event, context):
    global calls
    calls += 1
    return getattr(sys.modules[__name__], event.get("do", "count"))(event, context)


def count(event, context):
    return {"calls": calls, "pid": os.getpid(), "name": context.function_name, "arn": context.invoked_function_arn,
            "remaining": context.get_remaining_time_in_millis(), "memory": context.memory_limit_in_mb}


def environment(event, context):
    return dict(os.environ) | {"cwd": os.getcwd(), "first on the path": sys.path[0]}


def hang(event, context):
    threading.Event().wait()


def hold(event, context):
    with open(event["fifo"], "w") as fifo:
        fifo.write("held\\n")
        fifo.flush()
        threading.Event().wait()


def pause(event, context):
    pathlib.Path(event["fifo"]).write_text("paused")
    return pathlib.Path(event["go"]).read_text()


def die(event, context):
    print("last words", file=sys.stderr, flush=True)
    os._exit(3)


def fail(event, context):
    raise ValueError("no such thing")


def large(event, context):
    return "x" * event["size"]


def raw(event, context):
    return b"not JSON"


def say(event, context):
    print(event["text"])


def meet(event, context):
    pathlib.Path(event["folder"], str(os.getpid())).touch()
    while len(os.listdir(event["folder"])) < event["number"]:
        time.sleep(0.005)
    return os.getpid()


def decide(event, context):
    """Do or return what the identity says, or let pass with what there is to see."""
    global calls
    calls += 1
    asked = json.loads(event["identitySource"][0])
    if "do" in asked:
        return getattr(sys.modules[__name__], asked["do"])(asked, context)
    return asked.get("return", {"isAuthorized": True, "context": {"calls": calls, "event": event}})


def http(event, context):
    """Do what the body says, or return the event."""
    asked = json.loads(event["body"]) if event.get("headers", {}).get("x-do") else {"return": event}
    return handler(asked, context) if "do" in asked else asked["return"]
'''
API = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: api
      ProtocolType: HTTP
      CorsConfiguration:
        AllowOrigins: ["https://app.example", "http://*"]
        AllowMethods: [GET, POST]
        AllowHeaders: [authorization, content-type]
        ExposeHeaders: [www-authenticate]
        MaxAge: 300
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: $default, AutoDeploy: true, StageVariables: {colour: green}}
  Authorizer:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: jwt
      AuthorizerType: JWT
      IdentitySource: [$request.header.Authorization]
      JwtConfiguration: {Issuer: "https://issuer.example", Audience: ["https://api.example/mcp"]}
  Echo:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: handlers.http, Runtime: python3.13, Timeout: 1, AutoPublishAlias: live}
  Slow:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: handlers.http, Runtime: python3.13, Timeout: 900}
  Broken:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: missing.handler, Runtime: python3.13}
  EchoIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Ref Echo.Alias
      PayloadFormatVersion: "2.0"
  ImpatientIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt Slow.Arn
      PayloadFormatVersion: "2.0"
      TimeoutInMillis: 50
  BrokenIntegration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt Broken.Arn
      PayloadFormatVersion: "2.0"
  EchoPermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Echo.Alias
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*
  SlowPermission:
    Type: AWS::Lambda::Permission
    Properties: {Action: lambda:InvokeFunction, FunctionName: !GetAtt Slow.Arn, Principal: apigateway.amazonaws.com}
  BrokenPermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Broken
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/GET/broken
"""


def _route(name: str, key: str, integration: str = "EchoIntegration", *, scopes: str | None = None) -> str:
    """Return a route as YAML; with scopes, one behind the authorizer."""
    secured = f", AuthorizationType: JWT, AuthorizerId: !Ref Authorizer, AuthorizationScopes: [{scopes}]"
    target = f'Target: !Sub "integrations/${{{integration}}}"'
    properties = f'ApiId: !Ref Api, RouteKey: "{key}", {target}{secured if scopes is not None else ""}'
    return f"  {name}:\n    Type: AWS::ApiGatewayV2::Route\n    Properties: {{{properties}}}\n"


@dataclass
class Issuer:
    """An OpenID provider as far as an authorizer sees it; `paths` are those it was asked for."""

    url: str = "http://nobody.invalid"
    kid: str = "first"
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    paths: list[str] = field(default_factory=list)

    def token(
        self, *, algorithm: str = "RS256", key: Any = None, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """Sign a token that the authorizer accepts, but for what is given; None removes a claim."""
        now = int(time.time())
        usual = {"iss": self.url, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 60, "scope": "mcp/invoke"}
        payload = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode(payload, self.key if key is None else key, algorithm, {"kid": self.kid} | (header or {}))

    async def _discovery(self, request: Request) -> Response:
        self.paths.append(request.url.path)
        return JSONResponse({"issuer": self.url, "jwks_uri": f"{self.url}/keys"})

    async def _keys(self, request: Request) -> Response:
        self.paths.append(request.url.path)
        own = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True) | {"kid": self.kid}
        return JSONResponse({"keys": [{"kty": "EC", "kid": "elliptic"}, own]})

    @asynccontextmanager
    async def served(self) -> "AsyncIterator[Issuer]":
        """Serve discovery and keys."""
        routes = [Route("/.well-known/openid-configuration", self._discovery), Route("/keys", self._keys)]
        async with Listener(Starlette(routes=routes)) as listener:
            self.url = f"http://{listener.authority}"
            yield self


Serve = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]


@pytest.fixture(scope="session")
def route() -> Callable[..., str]:
    return _route


@pytest.fixture(scope="session")
def declared() -> str:
    """A template with an API, an authorizer and functions, to which routes may be appended."""
    return API


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a template.yaml to be and its functions' code beside it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "code").mkdir()
    (folder / "code" / "handlers.py").write_text(HANDLERS)
    return folder / "code"


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Stack]:
    """Write a template and load it."""

    def write(template: str, **options: Any) -> Stack:
        path = tmp_path / "template.yaml"
        path.write_text(template)
        return load(path, **options)

    return write


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def function(code: Path, log: list[str]) -> Callable[..., LambdaFunction]:
    """Make a function; `properties` are those of its resource."""

    def make(
        handler: str = "handlers.handler", *, folder: Path = code, environments: int = 4, **properties: Any
    ) -> LambdaFunction:
        declared = {"Handler": handler, "Runtime": "python3.13", "Timeout": 5} | properties
        resource = Resource("Function", "AWS::Lambda::Function", declared, "local-Function")
        variables = {"GIVEN_BY_HOST": "yes"}
        return LambdaFunction(
            resource,
            folder,
            Host(Path(sys.executable), variables, environments, lambda name, line: log.append(f"{name}: {line}")),
        )

    return make


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[Issuer]:
    async with Issuer().served() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def serve(code: Path, issuer: Issuer) -> Serve:
    """Serve API with more resources; the client that is returned raises nothing for errors."""

    @asynccontextmanager
    async def served(
        resources: str, *, cors: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> AsyncIterator[httpx2.AsyncClient]:
        template = code.parent / "template.yaml"
        template.write_text((API if cors else API.replace("CorsConfiguration", "Tags")) + resources)
        stack = load(template).relocated({"https://issuer.example": issuer.url})
        host = Host(Path(sys.executable), log=lambda _name, _line: None)
        functions = {
            fn.logical_id: LambdaFunction(fn, stack.code[fn.logical_id], host)
            for fn in stack.of_type("AWS::Lambda::Function")
        }
        names: set[str] = set()
        api: HttpApi

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            await api(scope, receive, send)

        async with Listener(answer) as listener:
            names.add(listener.authority)
            kinds: Authorizers = {
                "JWT": JwtAuthorizer,
                "CUSTOM": lambda of: LambdaAuthorizer(of, stack, functions, clock),
            }
            api = HttpApi(stack, functions, names, kinds)
            try:
                async with httpx2.AsyncClient(base_url=f"http://{listener.authority}", timeout=20) as client:
                    yield client
            finally:
                for function in functions.values():
                    await function.close()

    return served


WEB_APP = """
import asyncio, json, os, pathlib, sys

checks = 0


async def app(scope, receive, send):
    path, query = scope["path"], scope["query_string"].decode()
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)

    async def begin(status=200, *headers):
        await send({"type": "http.response.start", "status": status, "headers": headers})

    async def add(chunk, more=True):
        await send({"type": "http.response.body", "body": chunk, "more_body": more})

    global checks
    if path == "/die":
        os._exit(3)
    elif path == "/warming":
        checks += 1
        await begin(503 if checks < 3 else 200)
    elif path == "/empty":
        await begin(204)
    elif path == "/binary":
        await begin(200, (b"content-type", b"image/png"))
        await add(b"\\x00\\xff", False)
    elif path == "/cookies":
        await begin(200, (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"x-twice", b"1"), (b"x-twice", b"2"))
    elif path == "/sized":
        await begin(200, (b"content-length", b"200000"))
        await add(b"x" * 200000, False)
    elif path in ("/wait", "/until-gone", "/die-midway", "/break", "/break-sized"):
        sized = [(b"content-length", b"100")] if path == "/break-sized" else []
        await begin(200, (b"content-type", b"text/event-stream"), *sized)
        await add(b"first")
        if path in ("/wait", "/die-midway"):
            await asyncio.to_thread(pathlib.Path(query).read_text)
            if path == "/die-midway":
                os._exit(3)
            await add(b"second")
        elif path == "/until-gone":
            while (await receive())["type"] != "http.disconnect":
                pass
            await asyncio.to_thread(pathlib.Path(query).write_text, str(os.getpid()))
        elif path in ("/break", "/break-sized"):
            return
    else:
        if path == "/meet":
            folder = pathlib.Path("met")
            folder.mkdir(exist_ok=True)
            (folder / str(os.getpid())).touch()
            while len(list(folder.iterdir())) < 2:
                await asyncio.sleep(0.005)
        await begin(200, (b"content-type", b"application/json"))
        seen = {
            "method": scope["method"],
            "raw_path": scope["raw_path"].decode(),
            "query": query,
            "names": [name.decode() for name, _ in scope["headers"]],
            "headers": {name.decode(): value.decode("latin-1") for name, value in scope["headers"]},
            "body": body.decode(),
            "pid": os.getpid(),
            "port": os.environ["AWS_LWA_PORT"],
            "PORT": os.environ.get("PORT"),
            "checks": checks,
        }
        await add(json.dumps(seen).encode(), False)
        return
    await add(b"", False)
"""
RUN = """#!/bin/sh
exec python3 -m uvicorn app:app --host 127.0.0.1 --port "$AWS_LWA_PORT" --lifespan off --log-level critical
"""


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """A named pipe, by which a test and a function wait for each other."""
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


@pytest.fixture
def web_app(tmp_path: Path) -> Path:
    """A folder with an ASGI application, and the script that starts it."""
    folder = tmp_path / "web_app"
    folder.mkdir()
    (folder / "app.py").write_text(WEB_APP)
    (folder / "run.sh").write_text(RUN)
    (folder / "run.sh").chmod(0o755)
    return folder


@pytest.fixture
def adapted(function: Callable[..., LambdaFunction], web_app: Path) -> Callable[..., LambdaFunction]:
    """Make a function of the folder `web_app` behind the web adapter; named in capitals are its variables."""

    def make(mode: str = "buffered", **options: Any) -> LambdaFunction:
        own = {name: value for name, value in options.items() if name.isupper()}
        others = {name: value for name, value in options.items() if name not in own}
        adapter = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap", "AWS_LWA_INVOKE_MODE": mode}
        return function(
            "run.sh",
            folder=web_app,
            Layers=["arn:aws:lambda:us-east-1:753240598075:layer:LambdaAdapterLayerX86:30"],
            Environment={"Variables": adapter | own},
            **others,
        )

    return make
