"""The HTTP API routes, authorizes, hands over and answers as API Gateway does, with real functions behind it."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from local.http_api.api import LARGEST_BODY, LARGEST_HEAD, HttpApi
from local.http_api.jwt_authorizer import JwtAuthorizer
from local.intrinsics import TemplateError
from local.template import Stack

pytestmark = pytest.mark.anyio

App = httpx2.AsyncClient
ROUTES = {
    "POST /do": "EchoIntegration",
    "POST /impatient": "ImpatientIntegration",
    "GET /broken": "BrokenIntegration",
    "POST /broken": "BrokenIntegration",
    "GET /": "EchoIntegration",
    "GET /pets/dog": "EchoIntegration",
    "ANY /pets/{id}": "EchoIntegration",
    "GET /pets/{id}": "EchoIntegration",
    "GET /pets/{id}/toys/{toy}": "EchoIntegration",
    "GET /pets/{proxy+}": "EchoIntegration",
    "ANY /files/{name+}": "EchoIntegration",
}
JWT = {"JWT": JwtAuthorizer}
SECURED = ["POST /mcp", "ANY /any", "OPTIONS /options"]


@pytest.fixture(scope="module")
async def app(serve: Any, route: Callable[..., str]) -> AsyncIterator[App]:
    resources = [route(f"Route{number}", key, of) for number, (key, of) in enumerate(ROUTES.items())]
    resources += [route(f"Secured{number}", key, scopes="mcp/invoke") for number, key in enumerate(SECURED)]
    async with serve("".join(resources)) as client:
        yield client


async def event(app: App, method: str = "POST", path: str = "/do", **request: Any) -> dict[str, Any]:
    response = await app.request(method, path, **request)
    assert response.status_code == 200, response.text
    seen: dict[str, Any] = response.json()
    return seen


async def result(app: App, returned: Any) -> httpx2.Response:
    """Have the function return something."""
    return await app.post("/do", json={"return": returned}, headers={"x-do": "yes"})


async def done(app: App, path: str = "/do", **asked: Any) -> httpx2.Response:
    """Have the function do something."""
    return await app.post(path, json=asked, headers={"x-do": "yes"})


@pytest.mark.parametrize(
    ("request_line", "key", "parameters"),
    [
        ("GET /", "GET /", None),
        ("POST /do?a=b", "POST /do", None),
        ("GET /pets/dog", "GET /pets/dog", None),
        ("POST /pets/dog", "ANY /pets/{id}", {"id": "dog"}),
        ("GET /pets/cat", "GET /pets/{id}", {"id": "cat"}),
        ("DELETE /pets/cat", "ANY /pets/{id}", {"id": "cat"}),
        ("GET /pets/cat/toys/ball", "GET /pets/{id}/toys/{toy}", {"id": "cat", "toy": "ball"}),
        ("GET /pets/cat/food/fish", "GET /pets/{proxy+}", {"proxy": "cat/food/fish"}),
        ("PUT /files/a/b.c", "ANY /files/{name+}", {"name": "a/b.c"}),
        ("GET /files/a%20b", "ANY /files/{name+}", {"name": "a b"}),
    ],
)
async def test_the_most_specific_route_is_taken(app: App, request_line: str, key: str, parameters: Any) -> None:
    method, path = request_line.split(" ")
    seen = await event(app, method, path)
    assert seen["routeKey"] == seen["requestContext"]["routeKey"] == key
    assert seen.get("pathParameters") == parameters


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /do",
        "DELETE /do",
        "GET /nothing",
        "POST /do/",
        "POST /DO",
        "GET /files",
        "GET /files/",
        "POST /dot",
        "GET /mcp",
    ],
)
async def test_what_no_route_takes_is_not_found(app: App, request_line: str) -> None:
    method, path = request_line.split(" ")
    response = await app.request(method, path)
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})
    assert response.headers["apigw-requestid"]


async def test_the_default_route_takes_what_is_left(serve: Any, route: Callable[..., str]) -> None:
    async with serve(route("Default", "$default") + route("Do", "POST /do")) as app:
        assert (await event(app, "PATCH", "/a/b"))["routeKey"] == "$default"
        assert (await event(app, "POST", "/do"))["routeKey"] == "POST /do"


async def test_an_event_is_of_format_2_0(app: App) -> None:
    seen = await event(
        app, "POST", "/do?a=1&b=x%20y&a=2&c=", content=b"{}", headers={"content-type": "application/json"}
    )
    host = app.base_url.netloc.decode()
    context = seen["requestContext"]
    assert set(seen) == {
        "version",
        "routeKey",
        "rawPath",
        "rawQueryString",
        "headers",
        "queryStringParameters",
        "requestContext",
        "body",
        "isBase64Encoded",
        "stageVariables",
    }
    assert (seen["version"], seen["rawPath"], seen["rawQueryString"]) == ("2.0", "/do", "a=1&b=x%20y&a=2&c=")
    assert seen["queryStringParameters"] == {"a": "1,2", "b": "x y", "c": ""}
    assert (seen["body"], seen["isBase64Encoded"]) == ("{}", False)
    assert seen["stageVariables"] == {"colour": "green"}
    assert set(context) == {
        "accountId",
        "apiId",
        "domainName",
        "domainPrefix",
        "http",
        "requestId",
        "routeKey",
        "stage",
        "time",
        "timeEpoch",
    }
    assert (context["domainName"], context["domainPrefix"], context["stage"]) == (host, "127", "$default")
    assert context["http"] == {
        "method": "POST",
        "path": "/do",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": app.headers["user-agent"],
    }


async def test_the_response_names_the_request(app: App) -> None:
    response = await app.post("/do")
    assert response.headers["apigw-requestid"] == response.json()["requestContext"]["requestId"]


async def test_headers_are_in_lower_case_trimmed_and_joined(app: App) -> None:
    host = app.base_url.netloc.decode()
    lines = ["POST /do HTTP/1.1", f"Host: {host}", "X-Mixed: \t spaced \t ", "x-twice:a", "X-Twice: b", "Te: trailers"]
    # By hand, because clients do not send such white space.
    reader, writer = await asyncio.open_connection(app.base_url.host, app.base_url.port)
    writer.write("\r\n".join([*lines, "X-Forwarded-For: 1.2.3.4", "Connection: close", "", ""]).encode())
    response = await reader.read()
    writer.close()
    await writer.wait_closed()
    headers = json.loads(response.partition(b"\r\n\r\n")[2])["headers"]
    assert headers["x-mixed"] == "spaced"
    assert headers["x-twice"] == "a,b"
    assert headers["x-forwarded-for"] == "1.2.3.4, 127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-port"] == str(app.base_url.port)
    assert headers["host"] == host
    assert headers["x-amzn-trace-id"].startswith("Root=1-")
    assert not {"te", "connection", "cookie"} & set(headers)


async def test_cookies_are_a_list_of_their_own(app: App) -> None:
    seen = await event(app, headers=[("cookie", "a=1; b=2"), ("Cookie", "c=3")])
    assert seen["cookies"] == ["a=1", "b=2", "c=3"]
    assert "cookie" not in seen["headers"]


@pytest.mark.parametrize(
    ("kind", "body", "plain"),
    [
        ("application/json; charset=utf-8", '{"a": "é"}'.encode(), True),
        ("application/problem+json", b"{}", True),
        ("Text/Plain", b"abc", True),
        (None, b"abc", True),
        ("application/x-www-form-urlencoded", b"a=b", False),
        ("application/octet-stream", b"abc", False),
        ("image/png", b"\x89PNG", False),
        ("text/plain", b"\xff\xfe", False),
    ],
)
async def test_a_body_is_plain_or_base64(app: App, kind: str | None, body: bytes, plain: bool) -> None:
    seen = await event(app, content=body, headers={"content-type": kind} if kind else {})
    assert seen["isBase64Encoded"] is not plain
    assert (seen["body"].encode() if plain else base64.b64decode(seen["body"])) == body


async def test_there_is_no_body_without_one(app: App) -> None:
    seen = await event(app, "GET", "/")
    assert "body" not in seen
    assert "queryStringParameters" not in seen
    assert "cookies" not in seen


async def test_a_response_of_format_2_0_is_sent(app: App) -> None:
    returned = {
        "statusCode": 201,
        "headers": {
            "Content-Type": "text/html",
            "X-Number": 5,
            "x-yes": True,
            "Connection": "close",
            "Content-Length": "1",
        },
        "cookies": ["a=1; Secure", "b=2"],
        "body": "héllo",
    }
    response = await result(app, returned)
    assert (response.status_code, response.text) == (201, "héllo")
    assert response.headers["content-type"] == "text/html"
    assert (response.headers["x-number"], response.headers["x-yes"]) == ("5", "true")
    assert response.headers["content-length"] == str(len("héllo".encode()))
    assert response.headers.get_list("set-cookie") == ["a=1; Secure", "b=2"]
    assert "connection" not in response.headers


async def test_a_base64_body_is_decoded(app: App) -> None:
    encoded = base64.b64encode(b"\x00\xff").decode()
    response = await result(app, {"statusCode": "200", "body": encoded, "isBase64Encoded": True})
    assert response.content == b"\x00\xff"


async def test_a_body_without_a_content_type_is_plain_text(app: App) -> None:
    response = await result(app, {"statusCode": 200, "body": "a"})
    assert response.headers["content-type"] == "text/plain;charset=UTF-8"


@pytest.mark.parametrize("status", [204, 304])
async def test_some_statuses_have_no_body(app: App, status: int, caplog: pytest.LogCaptureFixture) -> None:
    response = await result(app, {"statusCode": status, "body": "ignored"})
    assert (response.status_code, response.content) == (status, b"")
    assert not caplog.messages


@pytest.mark.parametrize(
    ("returned", "body"),
    [("Hello", "Hello"), ({"message": "é"}, '{"message": "é"}'), ([1], "[1]"), (None, "null"), (5, "5"), ({}, "{}")],
)
async def test_a_result_without_a_status_is_a_json_body(app: App, returned: Any, body: str) -> None:
    response = await result(app, returned)
    assert (response.status_code, response.text) == (200, body)
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "returned",
    [
        {"statusCode": "many"},
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": ["b", "c"]}},
        {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "cookies": "a=b"},
        {"statusCode": 200, "body": "%", "isBase64Encoded": True},
    ],
)
async def test_a_malformed_response_is_an_internal_error(
    app: App, returned: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "local"):
        response = await result(app, returned)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert "Echo returned a malformed response" in caplog.text


@pytest.mark.parametrize("asked", [{"do": "fail"}, {"do": "die"}, {"do": "raw"}, {"do": "large", "size": 7_000_000}])
async def test_a_function_error_is_an_internal_error_and_the_next_call_works(app: App, asked: dict[str, Any]) -> None:
    response = await done(app, **asked)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert (await app.post("/do")).status_code == 200


async def test_a_function_that_does_not_start_is_an_internal_error(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "local"):
        response = await app.get("/broken")
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert "Unable to import module 'missing'" in caplog.text


async def test_a_function_without_permission_for_the_route_is_an_internal_error(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "local"):
        response = await app.post("/broken")
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert "POST /broken: no AWS::Lambda::Permission lets API Gateway call Broken" in caplog.text


async def test_a_timeout_is_unavailable_and_the_next_call_works(app: App) -> None:
    response = await done(app, do="hang")
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})
    assert (await app.post("/do")).status_code == 200


async def test_an_integration_that_takes_too_long_is_unavailable(app: App) -> None:
    response = await done(app, "/impatient", do="hang")
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})


async def test_calls_at_once_are_served_at_once(app: App, tmp_path: Any) -> None:
    meeting = (done(app, do="meet", folder=str(tmp_path), number=3) for _ in range(3))
    responses = await asyncio.gather(*meeting)
    assert [response.status_code for response in responses] == [200, 200, 200]


async def test_a_head_may_be_10240_bytes_and_no_larger(app: App) -> None:
    request = app.build_request("POST", "/do?a=b", headers={"x-fill": ""})
    used = len("POST /do?a=b HTTP/1.1\r\n") + sum(
        len(name) + len(value) + len(": \r\n") for name, value in request.headers.raw
    )
    room = LARGEST_HEAD - used
    assert (await app.post("/do?a=b", headers={"x-fill": "a" * room})).status_code == 200
    response = await app.post("/do?a=b", headers={"x-fill": "a" * (room + 1)})
    assert (response.status_code, response.json()) == (431, {"message": "Request Header Fields Too Large"})
    assert (await app.post("/do", headers={"x-fill": "a" * 500_000})).status_code == 431


@pytest.mark.parametrize("size", [6_300_000, LARGEST_BODY + 1])
async def test_a_body_that_does_not_fit_is_refused(app: App, size: int) -> None:
    response = await app.post("/do", content=b"a" * size, headers={"content-type": "text/plain"})
    assert (response.status_code, response.json()) == (413, {"message": "Request Entity Too Large"})


async def test_a_body_past_the_gateways_limit_is_refused_before_the_token_is_looked_at(app: App) -> None:
    assert (await app.post("/mcp", content=b"a" * LARGEST_BODY)).status_code == 401
    assert (await app.post("/mcp", content=b"a" * (LARGEST_BODY + 1))).status_code == 413


async def test_another_name_than_the_apis_is_forbidden(app: App) -> None:
    response = await app.post("/do", headers={"host": "evil.example"})
    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})


async def test_no_token_is_unauthorized(app: App) -> None:
    response = await app.post("/mcp")
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_bad_token_is_unauthorized(app: App, issuer: Any) -> None:
    response = await app.post("/mcp", headers={"authorization": f"Bearer {issuer.token(aud='x')}"})
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    expected = 'Bearer scope="" error="invalid_token" error_description="the token does not have a valid audience"'
    assert response.headers["www-authenticate"] == expected


async def test_a_token_without_the_scope_is_forbidden(app: App, issuer: Any) -> None:
    response = await app.post("/mcp", headers={"authorization": f"Bearer {issuer.token(scope='openid')}"})
    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


async def test_the_function_gets_the_claims_of_a_good_token(app: App, issuer: Any) -> None:
    seen = await event(app, "POST", "/mcp", headers={"authorization": f"Bearer {issuer.token()}"})
    jwt = seen["requestContext"]["authorizer"]["jwt"]
    assert jwt["claims"]["sub"] == "alice"
    assert jwt["scopes"] == ["mcp/invoke"]


async def test_a_preflight_request_is_answered_without_function_or_authorizer(app: App) -> None:
    headers = {"origin": "https://app.example", "access-control-request-method": "POST"}
    for path in ("/mcp", "/broken", "/nothing", "/pets/cat"):
        response = await app.options(path, headers=headers)
        assert (response.status_code, response.content) == (204, b"")
        found = {name: value for name, value in response.headers.items() if name.startswith("access-control-")}
        assert found == {
            "access-control-allow-origin": "https://app.example",
            "access-control-allow-methods": "GET,POST",
            "access-control-allow-headers": "authorization,content-type",
            "access-control-expose-headers": "www-authenticate",
            "access-control-max-age": "300",
        }


@pytest.mark.parametrize("path", ["/any", "/options"])
async def test_a_route_that_takes_options_guards_it(app: App, path: str) -> None:
    headers = {"origin": "https://app.example", "access-control-request-method": "POST"}
    assert (await app.options(path, headers=headers)).status_code == 401


async def test_a_preflight_request_from_elsewhere_gets_no_permission(app: App) -> None:
    for origin in ("https://evil.example", "https://app.example.evil", "null", "HTTPS://app.example:444"):
        headers = {"origin": origin, "access-control-request-method": "POST"}
        response = await app.options("/mcp", headers=headers)
        assert response.status_code == 204
        assert not [name for name in response.headers if name.startswith("access-control-")]


async def test_options_that_is_no_preflight_request_is_routed(app: App) -> None:
    assert (await app.options("/mcp", headers={"origin": "https://app.example"})).status_code == 404
    assert (await event(app, "OPTIONS", "/pets/cat"))["requestContext"]["http"]["method"] == "OPTIONS"


@pytest.mark.parametrize("origin", ["https://app.example", "http://any.example:8080"])
async def test_responses_are_shared_with_an_allowed_origin(app: App, origin: str) -> None:
    for path in ("/do", "/mcp", "/nothing"):
        response = await app.post(path, headers={"origin": origin})
        assert response.headers["access-control-allow-origin"] == origin
        assert response.headers["access-control-expose-headers"] == "www-authenticate"
        assert "access-control-allow-methods" not in response.headers


async def test_the_functions_own_cors_headers_are_dropped(app: App) -> None:
    response = await result(app, {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "x-kept": "yes"}})
    assert "access-control-allow-origin" not in response.headers
    assert response.headers["x-kept"] == "yes"


async def test_without_a_cors_configuration_the_function_speaks_for_itself(
    serve: Any, route: Callable[..., str]
) -> None:
    async with serve(route("Do", "ANY /do"), cors=False) as app:
        headers = {"origin": "https://app.example", "access-control-request-method": "POST"}
        assert (await event(app, "OPTIONS", "/do", headers=headers))["routeKey"] == "ANY /do"
        assert (await result(app, {"statusCode": 200, "headers": {"access-control-allow-origin": "*"}})).headers[
            "access-control-allow-origin"
        ] == "*"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            ('PayloadFormatVersion: "2.0"', 'PayloadFormatVersion: "1.0"'),
            'PayloadFormatVersion of EchoIntegration must be "2.0"',
        ),
        (('PayloadFormatVersion: "2.0"', "Description: none"), 'PayloadFormatVersion of EchoIntegration must be "2.0"'),
        (("IntegrationType: AWS_PROXY", "IntegrationType: HTTP_PROXY"), "EchoIntegration is no AWS_PROXY integration"),
        (("!Ref Echo.Alias", "!Sub '${Echo.Arn}:beta'"), "IntegrationUri of EchoIntegration is .*names no function"),
        (("AutoDeploy: true", "AutoDeploy: false"), "no \\$default stage with AutoDeploy"),
        (("StageName: $default", "StageName: prod"), "no \\$default stage with AutoDeploy"),
        (("AuthorizerType: JWT", "AuthorizerType: REQUEST"), "Authorizer is no JWT authorizer"),
        (("AuthorizationType: JWT", "AuthorizationType: CUSTOM"), "AuthorizationType of Do is CUSTOM"),
        (("AuthorizerId: !Ref Authorizer", "AuthorizerId: abc"), "AuthorizerId of Do is 'abc', which is no"),
        (("integrations/${EchoIntegration}", "integrations/other"), "Target of Do is 'other', which is no"),
        (("POST /do", "FETCH /do"), "RouteKey of Do is 'FETCH /do'"),
        (("POST /do", "POST do"), "RouteKey of Do is 'POST do'"),
        (("ApiId: !Ref Api, RouteKey", "ApiId: abc, RouteKey"), "ApiId of Do is not the API Api"),
    ],
)
def test_an_api_that_would_not_deploy_or_not_work_is_refused(
    written: Callable[..., Stack], route: Callable[..., str], declared: str, change: tuple[str, str], complaint: str
) -> None:
    template = declared + route("Do", "POST /do", scopes="mcp/invoke")
    assert change[0] in template
    with pytest.raises(TemplateError, match=complaint):
        HttpApi(written(template.replace(*change)), {}, (), JWT)


def test_two_routes_with_one_key_are_refused(
    written: Callable[..., Stack], route: Callable[..., str], declared: str
) -> None:
    with pytest.raises(TemplateError, match="more than one route POST /do"):
        HttpApi(written(declared + route("A", "POST /do") + route("B", "POST /do")), {}, (), JWT)


@pytest.mark.parametrize(
    "permission",
    [
        "Principal: apigateway.amazonaws.com, FunctionName: !Ref Echo",
        "Principal: s3.amazonaws.com, FunctionName: !Ref Echo.Alias",
        "Principal: apigateway.amazonaws.com, FunctionName: !Ref Echo.Alias, SourceArn: !Sub '${Api}/*'",
        "Principal: apigateway.amazonaws.com, FunctionName: !Ref Echo.Alias, "
        "SourceArn: !Sub 'arn:aws:execute-api:us-east-1:123456789012:${Api}/*/GET/do'",
    ],
)
def test_a_permission_for_something_else_does_not_count(
    written: Callable[..., Stack], route: Callable[..., str], declared: str, permission: str
) -> None:
    head, _, tail = declared.partition("  EchoPermission:")
    properties = f"Properties: {{Action: lambda:InvokeFunction, {permission}}}"
    mine = f"  Mine: {{Type: AWS::Lambda::Permission, {properties}}}\n  BrokenPermission:"
    template = head + mine + tail.partition("  BrokenPermission:")[2] + route("Do", "POST /do")
    (only,) = HttpApi(written(template), {}, (), JWT)._routes
    assert only.permitted is False
