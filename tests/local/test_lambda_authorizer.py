"""A Lambda authorizer decides as API Gateway has it do, with a real function that decides."""

import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from local.http_api.api import HttpApi
from local.http_api.lambda_authorizer import LambdaAuthorizer
from local.intrinsics import TemplateError
from local.template import Stack

pytestmark = pytest.mark.anyio

App = httpx2.AsyncClient
URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Decider.Arn}/invocations"
SOURCE = "arn:aws:execute-api:us-east-1:123456789012:${Api}/authorizers/${Guard}"
TTL = 60
GUARD = f"""
  Decider:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: code, Handler: handlers.decide, Runtime: python3.13, Timeout: 1}}
  Guard:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: guard
      AuthorizerType: REQUEST
      AuthorizerUri: !Sub {URI}
      AuthorizerPayloadFormatVersion: "2.0"
      EnableSimpleResponses: true
      IdentitySource: [$request.header.Authorization]
      AuthorizerResultTtlInSeconds: {TTL}
  GuardPermission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Decider
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub {SOURCE}
"""


class Clock:
    """Time that goes on when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def guarded(name: str, key: str) -> str:
    guard = "AuthorizationType: CUSTOM, AuthorizerId: !Ref Guard"
    properties = f'ApiId: !Ref Api, RouteKey: "{key}", Target: !Sub "integrations/${{EchoIntegration}}", {guard}'
    return f"  {name}:\n    Type: AWS::ApiGatewayV2::Route\n    Properties: {{{properties}}}\n"


ROUTES = guarded("First", "POST /first") + guarded("Second", "GET /second/{id}")


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
async def app(serve: Any, clock: Clock) -> AsyncIterator[App]:
    async with serve(GUARD + ROUTES, clock=clock) as client:
        yield client


async def asked(app: App, identity: Any, path: str = "/first", method: str = "POST") -> httpx2.Response:
    """Call as somebody whose identity tells the function what to do."""
    return await app.request(method, path, headers={"authorization": json.dumps(identity)})


async def seen(app: App, identity: Any, **request: str) -> dict[str, Any]:
    """Return the context that the integration gets for somebody who may pass."""
    response = await asked(app, identity, **request)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()["requestContext"]["authorizer"]["lambda"]
    return found


async def calls(app: App, identity: Any, **request: str) -> int:
    """Return how often the function had been called when it let this one pass."""
    return int((await seen(app, identity, **request))["calls"])


@pytest.mark.parametrize("headers", [{}, {"authorization": ""}, {"authentication": "{}"}])
async def test_without_an_identity_the_answer_is_401_and_the_function_is_not_called(
    app: App, headers: dict[str, str]
) -> None:
    before = await calls(app, {"before": str(headers)})
    response = await app.post("/first?authorization=x", headers=headers)
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    assert "www-authenticate" not in response.headers
    assert await calls(app, {"after": str(headers)}) == before + 1


async def test_who_may_not_pass_gets_a_403(app: App) -> None:
    for context in ({}, {"context": {"why": "not"}}):
        response = await asked(app, {"return": {"isAuthorized": False, **context}})
        assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize(
    "identity",
    [
        {"do": "fail"},
        {"do": "die"},
        {"do": "hang"},
        {"do": "raw"},
        {"return": None},
        {"return": True},
        {"return": []},
        {"return": {}},
        {"return": {"isAuthorized": "true"}},
        {"return": {"isAuthorized": 1}},
        {"return": {"isAuthorized": True, "context": "team"}},
        {"return": {"isAuthorized": True, "context": ["team"]}},
        {"return": {"principalId": "team", "policyDocument": {}}},
    ],
    ids=json.dumps,
)
async def test_a_function_that_fails_or_answers_in_another_form_is_an_internal_error(
    app: App, identity: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "local"):
        response = await asked(app, identity)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert "Decider" in caplog.text
    assert await calls(app, {"after": identity})


async def test_what_a_function_fails_of_is_in_the_log(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "local"):
        await asked(app, {"do": "fail"})
    assert "Decider: function error: no such thing" in caplog.text


async def test_what_the_function_says_of_the_caller_reaches_the_integration(app: App) -> None:
    context = {"secret": "current", "number": 1, "yes": True, "list": ["a"], "map": {"a": "b"}}
    assert await seen(app, {"return": {"isAuthorized": True, "context": context}}) == context
    response = await asked(app, {"return": {"isAuthorized": True}})
    assert response.json()["requestContext"]["authorizer"] == {"lambda": None}


async def test_the_function_sees_the_request_but_not_its_body(app: App) -> None:
    identity = json.dumps({"who": "é"})
    headers = {"authorization": identity, "X-Other": "a", "cookie": "a=1; b=2"}
    response = await app.get("/second/5?a=1&a=2", headers=headers)
    event = response.json()["requestContext"]["authorizer"]["lambda"]["event"]
    assert set(event) == {
        "version",
        "type",
        "routeArn",
        "identitySource",
        "routeKey",
        "rawPath",
        "rawQueryString",
        "cookies",
        "headers",
        "queryStringParameters",
        "requestContext",
        "pathParameters",
        "stageVariables",
    }
    assert (event["version"], event["type"], event["identitySource"]) == ("2.0", "REQUEST", [identity])
    assert event["routeArn"].startswith("arn:aws:execute-api:us-east-1:123456789012:")
    assert event["routeArn"].endswith("/$default/GET/second/5")
    assert (event["routeKey"], event["pathParameters"]) == ("GET /second/{id}", {"id": "5"})
    assert event["queryStringParameters"] == {"a": "1,2"}
    assert event["headers"]["x-other"] == "a"
    assert "authorizer" not in event["requestContext"]
    assert event["requestContext"]["http"]["method"] == "GET"


async def test_a_decision_holds_for_its_identity_on_every_route_until_its_time_is_over(app: App, clock: Clock) -> None:
    first = await calls(app, {"who": "a"})
    clock.now += TTL - 1
    assert await calls(app, {"who": "a"}) == first
    assert await calls(app, {"who": "a"}, path="/second/1", method="GET") == first
    assert await calls(app, {"who": "b"}) == first + 1
    clock.now += 1
    assert await calls(app, {"who": "a"}) == first + 2


async def test_a_refusal_holds_as_long_and_a_failure_does_not(app: App, clock: Clock) -> None:
    before = await calls(app, {"who": "before"})
    for identity, status in (({"return": {"isAuthorized": False}, "who": "c"}, 403), ({"return": None}, 500)):
        for _ in range(2):
            assert (await asked(app, identity)).status_code == status
    assert await calls(app, {"who": "after"}) == before + 1 + 2 + 1


async def test_without_a_time_to_live_the_function_is_always_called(serve: Any) -> None:
    resources = GUARD.replace(f"AuthorizerResultTtlInSeconds: {TTL}", "AuthorizerResultTtlInSeconds: 0")
    async with serve(resources + ROUTES) as app:
        assert await calls(app, {}) == 1
        assert await calls(app, {}) == 2


async def test_every_identity_source_is_needed_and_names_in_the_query_have_a_case(serve: Any) -> None:
    sources = "[$request.header.Authorization, $request.querystring.Team]"
    async with serve(GUARD.replace("[$request.header.Authorization]", sources) + ROUTES) as app:
        assert (await asked(app, {})).status_code == 401
        assert (await asked(app, {}, path="/first?team=a")).status_code == 401
        first = await calls(app, {}, path="/first?Team=a")
        assert await calls(app, {}, path="/first?Team=b") == first + 1
        assert await calls(app, {}, path="/first?Team=a&more=c") == first


@pytest.mark.parametrize(
    "permission",
    [
        (SOURCE, "arn:aws:execute-api:us-east-1:123456789012:${Api}/*/*/first"),
        (SOURCE, "arn:aws:execute-api:us-east-1:123456789012:${Api}/authorizers/other"),
        ("FunctionName: !Ref Decider", "FunctionName: !Ref Echo"),
    ],
    ids=["a route", "another authorizer", "another function"],
)
async def test_a_function_that_api_gateway_may_not_call_is_an_internal_error(
    serve: Any, permission: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(GUARD.replace(*permission) + ROUTES) as app:
        with caplog.at_level(logging.WARNING, "local"):
            response = await asked(app, {})
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert "Guard: no AWS::Lambda::Permission lets API Gateway call Decider" in caplog.text


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("AuthorizerType: REQUEST", "AuthorizerType: JWT"), "Guard is no Lambda authorizer"),
        (('AuthorizerPayloadFormatVersion: "2.0"', 'AuthorizerPayloadFormatVersion: "1.0"'), 'Guard must be "2.0"'),
        (("EnableSimpleResponses: true", "EnableSimpleResponses: false"), "EnableSimpleResponses of Guard"),
        (("[$request.header.Authorization]", "[$context.routeKey]"), "IdentitySource of Guard is \\$context"),
        (("[$request.header.Authorization]", "[]"), "AuthorizerResultTtlInSeconds of Guard needs an IdentitySource"),
        (("${Decider.Arn}", "${Decider.Arn}:beta"), "AuthorizerUri of Guard is .*names no function"),
        (("ApiId: !Ref Api\n      Name: guard", "ApiId: other\n      Name: guard"), "ApiId of Guard is 'other'"),
    ],
)
def test_an_authorizer_that_would_not_deploy_or_is_not_served_is_refused(
    written: Callable[..., Stack], declared: str, change: tuple[str, str], complaint: str
) -> None:
    assert change[0] in GUARD
    stack = written(declared + GUARD.replace(*change) + ROUTES)
    with pytest.raises(TemplateError, match=complaint):
        HttpApi(stack, {}, (), {"CUSTOM": lambda of: LambdaAuthorizer(of, stack, {})})


def test_the_functions_of_lambda_authorizers_are_the_stacks_guards(
    written: Callable[..., Stack], declared: str
) -> None:
    assert written(declared + GUARD + ROUTES).guards == {"Decider"}
    assert written(declared).guards == frozenset()
