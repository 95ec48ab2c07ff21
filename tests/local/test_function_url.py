"""The function URL lets in who has signed and may, and hands over and answers as Lambda does, with real functions."""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.function_url.permissions import missing
from local.function_url.url import LARGEST_BODY, FunctionUrl
from local.functions import Host, LambdaFunction
from local.intrinsics import TemplateError
from local.listener import Listener
from local.signing.sigv4 import Key
from local.template import Stack

pytestmark = pytest.mark.anyio

KEY = Key("AKIDEXAMPLE", "secret", "arn:aws:sts::123456789012:assumed-role/local-caller/local", "session token")
STRANGER = Key("AKIDSTRANGER", "secret", "arn:aws:sts::999999999999:assumed-role/stranger/x")
ROLE = "arn:aws:iam::123456789012:role/callers/local-caller"
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Mcp:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: CODE
      Handler: handlers.http
      Runtime: python3.13
      Timeout: 1
      AutoPublishAlias: live
      FunctionUrlConfig: {AuthType: AWS_IAM, InvokeMode: BUFFERED}
  Url:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunctionUrl
      FunctionName: !Ref Mcp.Alias
      FunctionUrlAuthType: AWS_IAM
      Principal: ROLE
  Invoke:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Mcp.Alias
      InvokedViaFunctionUrl: true
      Principal: ROLE
Outputs:
  Url: {Value: !GetAtt McpUrl.FunctionUrl}
""".replace("ROLE", ROLE)
ADAPTER = """
      Layers: ["arn:aws:lambda:us-east-1:753240598075:layer:LambdaAdapterLayerX86:30"]
      Environment: {Variables: {AWS_LAMBDA_EXEC_WRAPPER: /opt/bootstrap, AWS_LWA_INVOKE_MODE: response_stream}}
"""
FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, "
    "see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


class Signed(httpx2.Auth):
    """Signs requests as an AWS SDK does."""

    requires_request_body = True

    def __init__(self, key: Key) -> None:
        self._credentials = Credentials(key.access_key, key.secret, key.session_token)

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        signed = AWSRequest(request.method, str(request.url), {}, request.content)
        SigV4Auth(self._credentials, "lambda", "us-east-1").add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        yield request


Serve = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]


@pytest.fixture
def serve(written: Callable[..., Stack], code: Path) -> Serve:
    """Serve a template's URL; the client signs with KEY."""

    @asynccontextmanager
    async def served(template: str = TEMPLATE, folder: Path = code) -> AsyncIterator[httpx2.AsyncClient]:
        stack = written(template.replace("CODE", str(folder)))
        (resource,) = stack.of_type("AWS::Lambda::Function")
        host = Host(Path(sys.executable), log=lambda _name, _line: None)
        url: FunctionUrl

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            await url(scope, receive, send)

        async with LambdaFunction(resource, stack.code["Mcp"], host) as function, Listener(answer) as listener:
            url = FunctionUrl(stack, {"Mcp": function}, {listener.authority}, [STRANGER, KEY])
            base = f"http://{listener.authority}"
            async with httpx2.AsyncClient(base_url=base, timeout=20, auth=Signed(KEY)) as client:
                yield client

    return served


@pytest.fixture
def serve_app(serve: Serve, web_app: Path) -> Callable[[str], AbstractAsyncContextManager[httpx2.AsyncClient]]:
    """Serve the web app behind the adapter, which streams, at a URL of this mode."""

    def served(mode: str) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
        template = TEMPLATE.replace("handlers.http", f"run.sh{ADAPTER}").replace("BUFFERED", mode)
        return serve(template.replace("Timeout: 1\n", "Timeout: 5\n"), web_app)

    return served


async def done(app: httpx2.AsyncClient, **asked: Any) -> httpx2.Response:
    """Have the function do something."""
    return await app.post("/mcp", json=asked, headers={"x-do": "yes"})


async def test_an_event_is_of_format_2_0_and_names_the_caller(serve: Serve) -> None:
    async with serve() as app:
        response = await app.post("/a%20b?x=1&x=2", content=b"{}", headers={"content-type": "application/json"})
        host = app.base_url.netloc.decode()
    assert response.status_code == 200, response.text
    seen = response.json()
    context = seen["requestContext"]
    assert (seen["version"], seen["routeKey"], seen["rawPath"], seen["rawQueryString"]) == (
        "2.0",
        "$default",
        "/a b",
        "x=1&x=2",
    )
    assert (seen["body"], seen["isBase64Encoded"]) == ("{}", False)
    assert (context["domainName"], context["stage"], context["routeKey"]) == (host, "$default", "$default")
    assert context["accountId"] == "123456789012"
    assert context["authentication"] is None
    assert context["requestId"] == response.headers["x-amzn-requestid"]
    caller = context["authorizer"]["iam"]
    assert caller["callerId"] == caller["userId"]
    assert caller["userId"].startswith("AROA")
    assert caller["userId"].endswith(":local")
    assert {name: caller[name] for name in caller if name not in {"callerId", "userId"}} == {
        "accessKey": KEY.access_key,
        "accountId": "123456789012",
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": KEY.arn,
    }


async def test_a_result_becomes_the_response(serve: Serve) -> None:
    returned = {"statusCode": 201, "headers": {"X-Mine": "yes"}, "cookies": ["a=1", "b=2"], "body": "made"}
    async with serve() as app:
        response = await done(app, **{"return": returned})
    assert (response.status_code, response.text, response.headers["x-mine"]) == (201, "made", "yes")
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]


async def test_a_request_without_a_signature_is_forbidden(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async with serve() as app:
        with caplog.at_level(logging.WARNING, "local"):
            response = await app.post("/mcp", auth=httpx2.Auth())
    assert (response.status_code, response.json()) == (403, {"Message": FORBIDDEN})
    assert response.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert "Missing Authentication Token" in caplog.text


@pytest.mark.parametrize(
    ("key", "kind", "message"),
    [
        (replace(KEY, secret="guessed"), "InvalidSignatureException", "The request signature we calculated does not"),
        (replace(KEY, access_key="AKIDNOBODY"), "UnrecognizedClientException", "The security token included"),
        (replace(KEY, session_token="old"), "UnrecognizedClientException", "The security token included"),
    ],
)
async def test_a_bad_signature_is_forbidden_and_says_why(serve: Serve, key: Key, kind: str, message: str) -> None:
    async with serve() as app:
        response = await app.post("/mcp", auth=Signed(key))
    assert (response.status_code, response.headers["x-amzn-errortype"]) == (403, kind)
    assert response.json()["message"].startswith(message)


async def test_another_name_than_the_urls_is_forbidden(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async with serve() as app:
        with caplog.at_level(logging.WARNING, "local"):
            response = await app.post("/mcp", headers={"host": "evil.example"})
    assert (response.status_code, response.json()) == (403, {"Message": FORBIDDEN})
    assert "'evil.example' is no name of this URL" in caplog.text


@pytest.mark.parametrize(
    ("removed", "lacking"),
    [
        ("InvokedViaFunctionUrl: true\n      Principal", "lambda:InvokeFunction on"),
        ("FunctionUrlAuthType: AWS_IAM\n      Principal", "lambda:InvokeFunctionUrl on"),
    ],
)
async def test_one_permission_of_the_two_is_not_enough(
    serve: Serve, caplog: pytest.LogCaptureFixture, removed: str, lacking: str
) -> None:
    assert removed in TEMPLATE
    async with serve(TEMPLATE.replace(f"{removed}: {ROLE}", f"{removed}: arn:aws:iam::123456789012:role/other")) as app:
        with caplog.at_level(logging.WARNING, "local"):
            response = await app.post("/mcp")
    assert (response.status_code, response.json()) == (403, {"Message": FORBIDDEN})
    assert f"No AWS::Lambda::Permission gives {KEY.arn} {lacking}" in caplog.text


async def test_a_principal_without_permission_is_forbidden(serve: Serve) -> None:
    async with serve() as app:
        response = await app.post("/mcp", auth=Signed(STRANGER))
    assert (response.status_code, response.json()) == (403, {"Message": FORBIDDEN})


BOTH = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]


@pytest.mark.parametrize(
    ("principal", "named", "lacking"),
    [
        (KEY.arn, ROLE, []),
        (KEY.arn, "arn:aws:iam::123456789012:role/local-caller", []),
        (KEY.arn, '"123456789012"', []),
        (KEY.arn, "arn:aws:iam::123456789012:root", []),
        (KEY.arn, '"*"', []),
        (KEY.arn, KEY.arn, []),
        (STRANGER.arn, '"*"', []),
        (STRANGER.arn, '"123456789012"', BOTH),
        (KEY.arn, "arn:aws:iam::999999999999:role/local-caller", BOTH),
        (KEY.arn, "arn:aws:iam::123456789012:role/not-local-caller", BOTH),
        (KEY.arn, "arn:aws:iam::123456789012:role/local-caller/other", BOTH),
        (KEY.arn, "arn:aws:iam::123456789012:user/local-caller", BOTH),
        (KEY.arn, "apigateway.amazonaws.com", BOTH),
        ("arn:aws:iam::123456789012:user/alice", "arn:aws:iam::123456789012:user/alice", []),
        ("arn:aws:iam::123456789012:user/alice", "arn:aws:iam::123456789012:role/alice", BOTH),
    ],
)
def test_a_permission_is_for_its_principal(
    written: Callable[..., Stack], code: Path, principal: str, named: str, lacking: list[str]
) -> None:
    stack = written(TEMPLATE.replace("CODE", str(code)).replace(ROLE, named))
    assert missing(stack, "arn:aws:lambda:us-east-1:123456789012:function:local-Mcp:live", principal) == lacking


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        (("FunctionUrlAuthType: AWS_IAM", "FunctionUrlAuthType: NONE"), BOTH[:1]),
        (("InvokedViaFunctionUrl: true", "InvokedViaFunctionUrl: false"), BOTH[1:]),
        (("InvokedViaFunctionUrl: true\n", "\n"), []),
        (("InvokedViaFunctionUrl: true", "PrincipalOrgID: o-1"), BOTH[1:]),
        (("InvokedViaFunctionUrl: true", "SourceAccount: '123456789012'"), BOTH[1:]),
        (("FunctionName: !Ref Mcp.Alias\n      Inv", "FunctionName: !Ref Mcp\n      Inv"), BOTH[1:]),
        (("FunctionName: !Ref Mcp.Alias\n      Inv", "FunctionName: local-Mcp:live\n      Inv"), []),
        (("Action: lambda:InvokeFunction\n", "Action: lambda:*\n"), []),
        (("Action: lambda:InvokeFunction\n", "Action: lambda:GetFunction\n"), BOTH[1:]),
    ],
)
def test_a_permission_counts_for_a_call_by_this_url(
    written: Callable[..., Stack], code: Path, change: tuple[str, str], lacking: list[str]
) -> None:
    assert change[0] in TEMPLATE
    stack = written(TEMPLATE.replace("CODE", str(code)).replace(*change))
    assert missing(stack, "arn:aws:lambda:us-east-1:123456789012:function:local-Mcp:live", KEY.arn) == lacking


async def test_a_body_may_be_six_megabytes_and_no_larger(serve: Serve) -> None:
    plain = {"content-type": "text/plain", "x-do": "yes"}
    small = json.dumps({"return": "ok", "fill": ""}).encode()
    async with serve(TEMPLATE.replace("Timeout: 1\n", "Timeout: 20\n")) as app:
        # The event has to fit as well.
        fits = await app.post("/mcp", content=small[:-2] + b"a" * 6_280_000 + small[-2:], headers=plain)
        event_exceeds = await app.post("/mcp", content=b"a" * LARGEST_BODY, headers=plain)
        # It is not read to its end, so that no signature could be compared.
        exceeds = await app.post("/mcp", content=b"a" * (2 * LARGEST_BODY), headers=plain)
    assert (fits.status_code, fits.text) == (200, "ok")
    for response in (event_exceeds, exceeds):
        assert response.status_code == 413
        assert response.json()["Message"].startswith("Request must be smaller than 6291456 bytes")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"do": "fail"}, "no such thing"),
        ({"do": "die"}, "exit status 3"),
        ({"do": "hang"}, "Task timed out after 1.00 seconds"),
        ({"do": "raw"}, "The response is not JSON"),
        ({"do": "large", "size": 7_000_000}, "exceeded maximum allowed payload size"),
        ({"return": {"statusCode": "many"}}, "returned a malformed response"),
    ],
)
async def test_a_function_that_fails_is_an_internal_error_and_the_next_call_works(
    serve: Serve, caplog: pytest.LogCaptureFixture, asked: dict[str, Any], reason: str
) -> None:
    async with serve() as app:
        with caplog.at_level(logging.WARNING, "local"):
            response = await done(app, **asked)
        assert (await app.post("/mcp")).status_code == 200
    assert (response.status_code, response.text) == (502, "Internal Server Error")
    assert reason in caplog.text


async def test_chunks_reach_the_client_one_by_one(serve_app: Any, fifo: Path) -> None:
    async with serve_app("RESPONSE_STREAM") as app, app.stream("GET", f"/wait?{fifo}") as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers["x-amzn-requestid"]
        chunks = aiter(response.aiter_raw())
        assert await anext(chunks) == b"first"
        # The app is at the other end, and sends the second when it has read this.
        await asyncio.to_thread(fifo.write_text, "go")
        assert b"".join([chunk async for chunk in chunks]) == b"second"


async def test_the_app_behind_the_adapter_sees_the_caller_and_no_other(serve_app: Any) -> None:
    async with serve_app("RESPONSE_STREAM") as app:
        spoofed = {"x-amzn-request-context": json.dumps({"authorizer": {"iam": {"userArn": "mallory"}}})}
        seen = (await app.post("/echo", content=b"body", headers=spoofed)).json()
        empty = await app.post("/empty")
        cookies = await app.post("/cookies")
    context = json.loads(seen["headers"]["x-amzn-request-context"])
    assert context["authorizer"]["iam"]["userArn"] == KEY.arn
    assert (seen["method"], seen["body"]) == ("POST", "body")
    assert (empty.status_code, empty.content) == (204, b"")
    assert cookies.headers.get_list("set-cookie") == ["a=1", "b=2"]


async def test_a_client_that_leaves_is_gone_for_the_app_and_the_next_call_works(serve_app: Any, fifo: Path) -> None:
    async with serve_app("RESPONSE_STREAM") as app:
        async with app.stream("GET", f"/until-gone?{fifo}") as response:
            assert await anext(aiter(response.aiter_raw())) == b"first"
        # The app writes when it is told of the disconnection.
        assert await asyncio.to_thread(fifo.read_text)
        assert (await app.post("/echo")).status_code == 200


@pytest.mark.parametrize(("path", "reason"), [("/die-midway", "exit status 3"), ("/break", "broke off")])
async def test_a_response_that_breaks_off_does_so_for_the_client(
    serve_app: Any, fifo: Path, caplog: pytest.LogCaptureFixture, path: str, reason: str
) -> None:
    caplog.set_level(logging.WARNING, "local")
    async with serve_app("RESPONSE_STREAM") as app:
        async with app.stream("GET", f"{path}?{fifo}") as response:
            chunks = aiter(response.aiter_raw())
            assert await anext(chunks) == b"first"
            if path == "/die-midway":
                await asyncio.to_thread(fifo.write_text, "go")
            with pytest.raises(httpx2.RemoteProtocolError):
                await anext(chunks)
        assert (await app.post("/echo")).status_code == 200
    assert "in the midst of its response" in caplog.text
    assert reason in caplog.text


async def test_a_function_that_streams_to_a_buffered_url_is_an_internal_error(
    serve_app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve_app("BUFFERED") as app:
        with caplog.at_level(logging.WARNING, "local"):
            response = await app.post("/echo")
    assert (response.status_code, response.text) == (502, "Internal Server Error")
    assert "streams its response, and was called for a whole one" in caplog.text


async def test_a_function_that_does_not_stream_at_a_streaming_url_is_answered_and_noted(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(TEMPLATE.replace("BUFFERED", "RESPONSE_STREAM")) as app:
        with caplog.at_level(logging.WARNING, "local"):
            response = await done(app, **{"return": {"statusCode": 202, "body": "whole"}})
        assert (await done(app, do="fail")).status_code == 502
    assert (response.status_code, response.text) == (202, "whole")
    assert "Mcp does not stream" in caplog.text


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("AuthType: AWS_IAM, Inv", "AuthType: NONE, Inv"), "AuthType of McpUrl must be AWS_IAM"),
        (("InvokeMode: BUFFERED", "InvokeMode: SOMETIMES"), "InvokeMode of McpUrl is 'SOMETIMES'"),
        (("InvokeMode: BUFFERED", "Cors: {AllowOrigins: ['*']}"), "McpUrl has Cors"),
        (
            ("      FunctionUrlConfig: {AuthType: AWS_IAM, InvokeMode: BUFFERED}\n", ""),
            "must have one AWS::Lambda::Url",
        ),
    ],
)
def test_a_url_that_cannot_be_served_is_refused(
    written: Callable[..., Stack], code: Path, change: tuple[str, str], complaint: str
) -> None:
    template = TEMPLATE.partition("Outputs:")[0].replace("CODE", str(code))
    assert change[0] in template
    with pytest.raises(TemplateError, match=complaint):
        FunctionUrl(written(template.replace(*change)), {}, (), ())


def test_a_url_has_a_name_and_may_be_on_the_function_itself(written: Callable[..., Stack], code: Path) -> None:
    stack = written(TEMPLATE.replace("CODE", str(code)))
    (name,) = stack.domain_names
    assert stack.outputs["Url"] == f"https://{name}/"
    assert name.endswith(".lambda-url.us-east-1.on.aws")
    (url,) = stack.of_type("AWS::Lambda::Url")
    assert url.ref == "arn:aws:lambda:us-east-1:123456789012:function:local-Mcp:live"
    plain = TEMPLATE.partition("Outputs:")[0].replace("CODE", str(code)).replace("FunctionUrlConfig", "Tags")
    for qualifier, arn in (("", "local-Mcp"), (", Qualifier: live", "local-Mcp:live")):
        properties = f"{{AuthType: AWS_IAM, TargetFunctionArn: !Ref Mcp{qualifier}}}"
        stack = written(f"{plain}  Other: {{Type: AWS::Lambda::Url, Properties: {properties}}}\n")
        assert FunctionUrl(stack, {}, (), ())._arn == f"arn:aws:lambda:us-east-1:123456789012:function:{arn}"
