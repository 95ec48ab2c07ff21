"""The Invoke API lets in, invokes and answers as Lambda does, with boto3 as its client and real functions behind it."""

import base64
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio.to_thread
import boto3
import httpx2
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from local.functions import Host, LambdaFunction
from local.intrinsics import TemplateError
from local.invoke.api import InvokeApi
from local.invoke.invocation import LARGEST_REQUEST
from local.invoke.permissions import InvokePermissions, addressed
from local.listener import Listener
from local.signing.sigv4 import Key
from local.template import Stack, load

pytestmark = pytest.mark.anyio

HANDLER = """
import os
import sys

def handler(event, context):
    if isinstance(event, dict) and "do" in event:
        return getattr(sys.modules[__name__], event["do"])(event, context)
    custom = context.client_context.custom if context.client_context else None
    if context.tenant_id:
        return {"tenant": context.tenant_id, "process": os.getpid()}
    return {"event": event, "custom": custom, "arn": context.invoked_function_arn}

def fail(event, context):
    raise ValueError("no such thing")

def hang(event, context):
    import threading
    threading.Event().wait()

def large(event, context):
    return "x" * 7_000_000
"""
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Tools:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: tools.handler, Runtime: python3.13, Timeout: 1, AutoPublishAlias: live}
  Isolated:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: tools.handler
      Runtime: python3.13
      AutoPublishAlias: live
      TenancyConfig: {TenantIsolationMode: PER_TENANT}
  Broken:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: missing.handler, Runtime: python3.13}
  Caller:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Action: lambda:InvokeFunction, Resource: [!Ref Tools.Alias, !Sub "${Broken.Arn}*"]}
          - {Effect: Allow, Action: lambda:InvokeFunction, Resource: !Ref Isolated.Alias}
          - {Effect: Allow, Action: "lambda:*", Resource: "arn:aws:lambda:us-east-1:123456789012:function:gone*"}
          - {Effect: Deny, Action: "lambda:Invoke*", Resource: "*:secret"}
  OtherAccount:
    Type: AWS::Lambda::Permission
    Properties: {Action: lambda:InvokeFunction, FunctionName: !Ref Tools.Alias, Principal: "210987654321"}
  OneRole:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Tools.Alias
      Principal: arn:aws:iam::555555555555:role/service/agent
"""
NAME = "local-Tools"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:local-Tools"
ISOLATED = "local-Isolated:live"
KEYS = {
    "own": Key("AKIAOWN", "own secret", "arn:aws:iam::123456789012:user/me"),
    "session": Key("ASIAROLE", "its secret", "arn:aws:sts::555555555555:assumed-role/agent/session", "a token"),
    "other": Key("AKIAOTHER", "another", "arn:aws:iam::210987654321:role/any"),
    "stranger": Key("AKIASTRANGER", "strange", "arn:aws:iam::999999999999:role/agent"),
}

Client = Callable[..., Any]


@pytest.fixture(scope="module")
async def origin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    project = tmp_path_factory.mktemp("invoke")
    (project / "code").mkdir()
    (project / "code" / "tools.py").write_text(HANDLER)
    (project / "template.yaml").write_text(TEMPLATE)
    stack = load(project / "template.yaml")
    host = Host(Path(sys.executable), log=lambda _name, _line: None)
    functions = {
        resource.logical_id: LambdaFunction(resource, stack.code[resource.logical_id], host)
        for resource in stack.of_type("AWS::Lambda::Function")
    }
    async with Listener(InvokeApi(stack, functions, list(KEYS.values()))) as listener:
        yield f"http://{listener.authority}"
    for function in functions.values():
        await function.close()


@pytest.fixture(scope="module")
def client(origin: str) -> Client:
    """Make a boto3 client with a key."""

    def of(key: Key = KEYS["own"], *, signed: bool = True, region: str = "us-east-1") -> Any:
        return boto3.client(
            "lambda",
            region_name=region,
            endpoint_url=origin,
            aws_access_key_id=key.access_key,
            aws_secret_access_key=key.secret,
            aws_session_token=key.session_token,
            config=Config(
                read_timeout=10,
                retries={"total_max_attempts": 1},
                **({} if signed else {"signature_version": UNSIGNED}),
            ),
        )

    return of


async def invoked(client: Any, name: str = f"{NAME}:live", event: object = None, **options: Any) -> dict[str, Any]:
    payload = {} if event is None else {"Payload": json.dumps(event)}

    def invoke() -> dict[str, Any]:
        answer: dict[str, Any] = client.invoke(**{"FunctionName": name} | payload | options)
        return answer | {"Payload": json.loads(answer["Payload"].read() or "null")}

    # The server is in this thread.
    return await anyio.to_thread.run_sync(invoke)


async def refused(
    client: Any, name: str = f"{NAME}:live", event: object = None, **options: Any
) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as raised:
        await invoked(client, name, event, **options)
    answer: Any = raised.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        (f"{NAME}:live", {}),
        (NAME, {"Qualifier": "live"}),
        (f"{NAME}:live", {"Qualifier": "live"}),
        (f"123456789012:function:{NAME}:live", {}),
        (f"function:{NAME}", {"Qualifier": "live"}),
        (f"{ARN}:live", {}),
        (ARN, {"Qualifier": "live"}),
    ],
)
async def test_a_function_is_addressed_by_its_name_or_its_arn(
    client: Client, name: str, options: dict[str, Any]
) -> None:
    answer = await invoked(client(), name, {"a": ["é", 1.5, None]}, **options)
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "1")
    assert "FunctionError" not in answer
    assert answer["Payload"]["event"] == {"a": ["é", 1.5, None]}
    assert answer["Payload"]["custom"] is None


@pytest.mark.parametrize(("event", "seen"), [(None, {}), ([1], [1]), ("x", "x"), (5, 5)])
async def test_an_event_is_any_json(client: Client, event: object, seen: object) -> None:
    assert (await invoked(client(), event=event))["Payload"]["event"] == seen


@pytest.mark.parametrize("key", ["own", "session", "other"])
async def test_whoever_a_policy_of_the_template_names_may_call(client: Client, key: str) -> None:
    assert (await invoked(client(KEYS[key])))["StatusCode"] == 200


async def test_the_client_context_reaches_the_function(client: Client) -> None:
    context = {"custom": {"tool": "é"}, "env": {}, "client": {}}
    encoded = base64.b64encode(json.dumps(context).encode()).decode()
    assert (await invoked(client(), ClientContext=encoded))["Payload"]["custom"] == {"tool": "é"}


@pytest.mark.parametrize(
    "header", ["no base64!", "e30=!", base64.b64encode(b"[1]").decode(), base64.b64encode(b"x").decode()]
)
async def test_a_client_context_that_is_no_json_object_is_refused(client: Client, header: str) -> None:
    status, kind, message = await refused(client(), ClientContext=header)
    assert (status, kind) == (400, "InvalidRequestContentException")
    assert message.startswith("Client context must be a valid Base64-encoded JSON object.")


async def test_a_client_context_has_room_for_3583_bytes(client: Client) -> None:
    def encoded(size: int) -> str:
        return base64.b64encode(json.dumps({"custom": {"a": "x" * size}}).encode()).decode()

    assert len(encoded(2_660)) <= 3_583 < len(encoded(2_672))
    assert (await invoked(client(), ClientContext=encoded(2_660)))["StatusCode"] == 200
    assert (await refused(client(), ClientContext=encoded(2_672)))[0] == 400


async def test_a_tenant_reaches_the_function_in_an_environment_of_its_own(client: Client) -> None:
    processes: dict[str, set[int]] = {"acme": set(), "beta corp.": set()}
    for tenant in ("acme", "beta corp.") * 3:
        told = (await invoked(client(), ISOLATED, TenantId=tenant))["Payload"]
        assert told["tenant"] == tenant
        processes[tenant].add(told["process"])
    assert [len(used) for used in processes.values()] == [1, 1]
    assert not processes["acme"] & processes["beta corp."]


async def test_more_tenants_than_environments_take_their_places(client: Client) -> None:
    served = [(await invoked(client(), ISOLATED, TenantId=f"t{number}"))["Payload"] for number in range(6)]
    assert [told["tenant"] for told in served] == [f"t{number}" for number in range(6)]
    again = (await invoked(client(), ISOLATED, TenantId="t0"))["Payload"]
    assert len({told["process"] for told in (*served, again)}) == 7


async def test_tenants_at_once_do_not_meet(client: Client) -> None:
    lambda_client = client()

    def call(number: int) -> Any:
        tenant = f"u{number % 3}"
        answer = lambda_client.invoke(FunctionName=ISOLATED, TenantId=tenant, Payload=b"{}")
        return tenant, json.loads(answer["Payload"].read())

    def calls() -> list[Any]:
        with ThreadPoolExecutor(6) as pool:
            return list(pool.map(call, range(12)))

    answers = await anyio.to_thread.run_sync(calls)
    assert all(told["tenant"] == tenant for tenant, told in answers)
    assert len({(told["tenant"], told["process"]) for _, told in answers}) == len(
        {told["process"] for _, told in answers}
    )


@pytest.mark.parametrize(
    ("name", "tenant", "kind", "message"),
    [
        (ISOLATED, None, "InvalidParameterValueException", "is enabled with tenancy configuration. Add a valid"),
        (ISOLATED, "a\tb", "ValidationException", "tenantId must satisfy"),
        (ISOLATED, "acme#", "ValidationException", "tenantId must satisfy"),
        (ISOLATED, "x" * 257, "ValidationException", "tenantId must satisfy"),
        (f"{NAME}:live", "acme", "InvalidParameterValueException", "is not enabled with tenancy configuration. Remove"),
    ],
)
async def test_a_tenant_is_named_where_tenants_are_isolated_and_nowhere_else(
    client: Client, name: str, tenant: str | None, kind: str, message: str
) -> None:
    lambda_client = client()
    # Boto3 has checks of its own, which are off here.
    lambda_client.meta.service_model.operation_model("Invoke").input_shape.members["TenantId"].metadata.clear()
    status, refused_as, said = await refused(lambda_client, name, **({} if tenant is None else {"TenantId": tenant}))
    assert (status, refused_as) == (400, kind)
    assert message in said


async def test_a_function_error_is_an_answer(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "local"):
        answer = await invoked(client(), event={"do": "fail"})
    assert (answer["StatusCode"], answer["FunctionError"], answer["ExecutedVersion"]) == (200, "Unhandled", "1")
    assert answer["Payload"]["errorType"] == "ValueError"
    assert answer["Payload"]["errorMessage"] == "no such thing"
    assert answer["Payload"]["stackTrace"]
    assert "Tools: function error: no such thing" in caplog.text
    assert (await invoked(client()))["StatusCode"] == 200


@pytest.mark.parametrize(
    ("name", "event", "message"),
    [
        (f"{NAME}:live", {"do": "hang"}, "Task timed out after 1.00 seconds"),
        (f"{NAME}:live", {"do": "large"}, "Response payload size exceeded maximum allowed payload size"),
        ("local-Broken", {}, "Unable to import module 'missing'"),
    ],
)
async def test_a_timeout_and_a_failed_start_are_function_errors(
    client: Client, name: str, event: object, message: str
) -> None:
    answer = await invoked(client(), name, event)
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert message in answer["Payload"]["errorMessage"]


@pytest.mark.parametrize("name", ["local-Broken", "local-Broken:$LATEST"])
async def test_without_a_version_it_is_the_latest(client: Client, name: str) -> None:
    assert (await invoked(client(), name))["ExecutedVersion"] == "$LATEST"


async def test_a_dry_run_checks_and_runs_nothing(client: Client) -> None:
    answer = await invoked(client(), event={"do": "hang"}, InvocationType="DryRun")
    assert (answer["StatusCode"], answer["Payload"]) == (204, None)
    assert (await refused(client(KEYS["stranger"]), InvocationType="DryRun"))[0] == 403


async def test_an_asynchronous_invocation_is_refused(client: Client) -> None:
    status, kind, message = await refused(client(), InvocationType="Event")
    assert (status, kind) == (400, "InvalidParameterValueException")
    assert message == "Invocations of type Event are not served here."


async def test_an_unknown_function_is_not_found(client: Client) -> None:
    status, kind, message = await refused(client(), "gone:live")
    assert (status, kind) == (404, "ResourceNotFoundException")
    assert message == "Function not found: arn:aws:lambda:us-east-1:123456789012:function:gone:live"


async def test_two_different_qualifiers_are_refused(client: Client) -> None:
    status, kind, _ = await refused(client(), f"{NAME}:live", Qualifier="beta")
    assert (status, kind) == (400, "InvalidParameterValueException")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("own", NAME),
        ("own", f"{NAME}:1"),
        ("own", f"{NAME}:$LATEST"),
        ("own", "gone:secret"),
        ("own", "elsewhere"),
        ("own", f"arn:aws:lambda:eu-west-1:123456789012:function:{NAME}:live"),
        ("own", f"210987654321:function:{NAME}:live"),
        ("other", NAME),
        ("other", "local-Broken"),
        ("session", NAME),
        ("session", "local-Broken"),
        ("stranger", f"{NAME}:live"),
    ],
)
async def test_nobody_may_call_what_no_policy_allows(
    client: Client, key: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "local"):
        status, kind, message = await refused(client(KEYS[key]), name)
    assert (status, kind) == (403, "AccessDeniedException")
    assert message == (
        f"User: {KEYS[key].arn} is not authorized to perform: lambda:InvokeFunction on resource: {addressed(name)} "
        "because no policy of the template allows the lambda:InvokeFunction action"
    )
    assert message in caplog.text


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (Key("AKIAOWN", "wrong", ""), "InvalidSignatureException"),
        (Key("AKIANOBODY", "own secret", ""), "UnrecognizedClientException"),
        (Key("ASIAROLE", "its secret", "", "another token"), "UnrecognizedClientException"),
        (Key("ASIAROLE", "its secret", ""), "UnrecognizedClientException"),
    ],
)
async def test_a_wrong_key_is_refused(client: Client, key: Key, kind: str) -> None:
    assert (await refused(client(key)))[:2] == (403, kind)


async def test_a_key_for_elsewhere_is_refused(client: Client) -> None:
    assert (await refused(client(region="eu-west-1")))[:2] == (403, "InvalidSignatureException")


async def test_an_unsigned_call_is_refused(client: Client) -> None:
    expected = (403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    assert await refused(client(signed=False)) == expected


async def test_an_event_may_be_6291456_bytes_and_no_larger(client: Client) -> None:
    event = "x" * (LARGEST_REQUEST - 2)
    assert (await refused(client(), event=event + "x"))[:2] == (413, "RequestEntityTooLargeException")
    assert (await invoked(client(), event=event))["Payload"]["event"] == event


async def test_an_event_that_grows_too_large_is_refused(client: Client) -> None:
    payload = json.dumps(["number"] * 400_000).replace('"number"', "1e15")
    assert (await refused(client(), Payload=payload))[:2] == (413, "RequestEntityTooLargeException")


@pytest.mark.parametrize("body", [b"{", b"NaN", b'{"a": Infinity}', b"\xff", b"[" * 100_000])
async def test_what_is_no_json_is_refused(client: Client, body: bytes) -> None:
    status, kind, message = await refused(client(), Payload=body)
    assert (status, kind) == (400, "InvalidRequestContentException")
    assert message.startswith("Could not parse request body into json: ")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/2015-03-31/functions/{NAME}/invocations"),
        ("POST", f"/2015-03-31/functions/{NAME}"),
        ("POST", f"/2014-11-13/functions/{NAME}/invoke-async"),
        ("POST", "/"),
    ],
)
async def test_nothing_but_invoke_is_served(origin: str, method: str, path: str) -> None:
    async with httpx2.AsyncClient() as http:
        response = await http.request(method, origin + path)
    assert (response.status_code, response.headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
    assert response.json()["Type"] == "User"


async def test_a_name_that_is_none_is_refused(client: Client) -> None:
    # Boto3 has checks of its own, which are off here.
    lambda_client = client()
    lambda_client.meta.service_model.operation_model("Invoke").input_shape.members["FunctionName"].metadata.clear()
    status, kind, _ = await refused(lambda_client, "a b")
    assert (status, kind) == (400, "ValidationException")


async def test_calls_at_once_are_served_at_once(client: Client) -> None:
    lambda_client = client()

    def call(number: int) -> Any:
        answer = lambda_client.invoke(FunctionName=f"{NAME}:live", Payload=json.dumps(number))
        return json.loads(answer["Payload"].read())["event"]

    def calls() -> list[Any]:
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(call, range(8)))

    assert await anyio.to_thread.run_sync(calls) == list(range(8))


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("f", "arn:aws:lambda:us-east-1:123456789012:function:f"),
        ("f:v1", "arn:aws:lambda:us-east-1:123456789012:function:f:v1"),
        ("111111111111:f", "arn:aws:lambda:us-east-1:111111111111:function:f"),
        ("arn:aws:lambda:eu-west-1:111111111111:function:f:1", "arn:aws:lambda:eu-west-1:111111111111:function:f:1"),
        ("arn:aws:s3:::f", None),
        ("f/g", None),
        ("f:1:2", None),
        ("", None),
    ],
)
def test_a_name_stands_for_an_arn(name: str, arn: str | None) -> None:
    assert addressed(name) == arn


MINE = "arn:aws:iam::123456789012:role/mine"
THEIRS = "arn:aws:iam::210987654321:role/theirs"


@pytest.mark.parametrize(
    ("permission", "principal", "expected"),
    [
        ("Principal: '210987654321'", THEIRS, True),
        ("Principal: arn:aws:iam::210987654321:root", THEIRS, True),
        ("Principal: arn:aws:iam::210987654321:role/theirs", THEIRS, True),
        (
            "Principal: arn:aws:iam::210987654321:role/path/theirs",
            "arn:aws:sts::210987654321:assumed-role/theirs/s",
            True,
        ),
        (
            "Principal: arn:aws:sts::210987654321:assumed-role/theirs/s",
            "arn:aws:sts::210987654321:assumed-role/theirs/s",
            True,
        ),
        ("Principal: arn:aws:iam::123456789012:role/mine", MINE, True),
        ("Principal: '*'", THEIRS, True),
        ("Principal: '210987654321', Action: 'lambda:*'", THEIRS, True),
        ("Principal: '123456789012'", MINE, False),
        ("Principal: arn:aws:iam::123456789012:root", MINE, False),
        ("Principal: arn:aws:iam::210987654321:role/other", THEIRS, False),
        ("Principal: arn:aws:iam::555555555555:role/theirs", THEIRS, False),
        ("Principal: apigateway.amazonaws.com", THEIRS, False),
        ("Principal: '210987654321', Action: 'lambda:GetFunction'", THEIRS, False),
        ("Principal: '210987654321', FunctionName: !Ref Tools", THEIRS, False),
        ("Principal: '210987654321', SourceArn: 'arn:aws:s3:::b'", THEIRS, False),
        ("Principal: '*', PrincipalOrgID: o-1234567890", THEIRS, False),
        ("Principal: '*', FunctionUrlAuthType: NONE", THEIRS, False),
        ("Principal: '*', InvokedViaFunctionUrl: true", THEIRS, False),
    ],
)
def test_a_permission_is_for_whom_it_names(
    written: Callable[..., Stack], permission: str, principal: str, expected: bool
) -> None:
    rest = {"Action": "lambda:InvokeFunction", "FunctionName": "!Ref Tools.Alias"}
    added = "".join(f", {name}: {value}" for name, value in rest.items() if f"{name}:" not in permission)
    template = TEMPLATE.partition("  Broken:")[0]
    stack = written(f"{template}  Mine: {{Type: AWS::Lambda::Permission, Properties: {{{permission}{added}}}}}\n")
    assert InvokePermissions(stack).allow(principal, f"{ARN}:live") is expected


def test_a_policy_that_denies_a_call_overrules_a_permission(written: Callable[..., Stack]) -> None:
    head, tail = TEMPLATE.partition("  OtherAccount:")[::2]
    mine = f"Action: lambda:InvokeFunction, FunctionName: local-Tools:secret, Principal: {MINE}"
    stack = written(f"{head}  Mine: {{Type: AWS::Lambda::Permission, Properties: {{{mine}}}}}\n  OtherAccount:{tail}")
    assert InvokePermissions(stack).allow(MINE, f"{ARN}:secret") is False


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("Effect: Deny, Action:", "Effect: Deny, NotAction:"), "Caller has a statement with NotAction"),
        (('Resource: "*:secret"', 'Resource: "*", Condition: {Bool: {a: true}}'), "Caller has a condition Bool"),
    ],
)
def test_a_policy_that_cannot_be_evaluated_is_refused(
    written: Callable[..., Stack], change: tuple[str, str], complaint: str
) -> None:
    assert change[0] in TEMPLATE
    with pytest.raises(TemplateError, match=complaint):
        InvokeApi(written(TEMPLATE.replace(*change)), {}, [])
