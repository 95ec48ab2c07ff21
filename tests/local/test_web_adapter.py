"""A web app behind the stand-in for the Lambda Web Adapter is served as it would be behind the adapter."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local import layers
from local.functions import LambdaFunction
from local.intrinsics import TemplateError
from local.outcome import Outcome, Result
from local.response_stream import BrokenStreamError, ResponseStream

pytestmark = pytest.mark.anyio

Adapted = Callable[..., LambdaFunction]
LAYER = "arn:aws:lambda:us-east-1:753240598075:layer:LambdaAdapterLayer{}:30"
WRAPPER = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/bootstrap"}


def event(path: str = "/echo", **changed: Any) -> dict[str, Any]:
    """Return an event of payload format 2.0 in which something is changed."""
    http = {"method": changed.pop("method", "POST"), "path": path}
    usual = {"version": "2.0", "rawPath": path, "headers": {}, "requestContext": {"http": http, "who": "Zoë"}}
    return usual | changed


async def whole(called: LambdaFunction, *arguments: Any, **changed: Any) -> dict[str, Any]:
    result = await called.invoke(event(*arguments, **changed))
    assert result.outcome is Outcome.RESPONSE, result.payload
    payload: dict[str, Any] = result.payload
    return payload


async def echoed(called: LambdaFunction, *arguments: Any, **changed: Any) -> dict[str, Any]:
    """Return the request as the app has received it."""
    seen: dict[str, Any] = json.loads((await whole(called, *arguments, **changed))["body"])
    return seen


async def streamed(called: LambdaFunction, *arguments: Any, **changed: Any) -> ResponseStream:
    response = await called.stream(event(*arguments, **changed))
    assert isinstance(response, ResponseStream), response
    return response


async def test_an_event_becomes_a_request(adapted: Adapted) -> None:
    async with adapted() as called:
        seen = await echoed(
            called,
            "/echo/a b/é",
            method="PUT",
            rawQueryString="a=1&b=%20",
            headers={"host": "id.example", "x-mine": "yes", "content-length": "999", "accept-encoding": "gzip"},
            cookies=["a=1", "b=2"],
            body="¡hola!",
        )
    assert (seen["method"], seen["raw_path"], seen["query"]) == ("PUT", "/echo/a%20b/%C3%A9", "a=1&b=%20")
    assert seen["body"] == "¡hola!"
    sent = {"host": "id.example", "x-mine": "yes", "cookie": "a=1; b=2", "accept-encoding": "gzip"}
    assert sent.items() <= seen["headers"].items()
    assert seen["headers"]["content-length"] == str(len("¡hola!".encode()))


async def test_a_body_in_base64_is_decoded(adapted: Adapted) -> None:
    async with adapted() as called:
        seen = await echoed(called, body=base64.b64encode(b"plain").decode(), isBase64Encoded=True)
    assert seen["body"] == "plain"


async def test_the_contexts_come_in_headers_that_a_client_cannot_make_up(adapted: Adapted) -> None:
    spoofed = {
        "x-amzn-request-context": '{"who": "mallory"}',
        "X-Amzn-Request-Context": '{"who": "mallory"}',
        "x-amzn-lambda-context": "{}",
    }
    async with adapted(MemorySize=512) as called:
        seen = await echoed(called, headers=spoofed)
    assert sum(name == "x-amzn-request-context" for name in seen["names"]) == 1
    assert sum(name == "x-amzn-lambda-context" for name in seen["names"]) == 1
    # As UTF-8, which ASGI's applications read as Latin-1.
    request_context = seen["headers"]["x-amzn-request-context"].encode("latin-1").decode()
    assert json.loads(request_context)["who"] == "Zoë"
    context = json.loads(seen["headers"]["x-amzn-lambda-context"])
    assert set(context) == {
        "request_id",
        "deadline",
        "invoked_function_arn",
        "xray_trace_id",
        "client_context",
        "identity",
        "tenant_id",
        "env_config",
    }
    assert context["invoked_function_arn"] == "arn:aws:lambda:us-east-1:123456789012:function:local-Function"
    assert isinstance(context["deadline"], int)
    assert context["xray_trace_id"] == seen["headers"]["x-amzn-trace-id"]
    assert context["env_config"]["function_name"] == "local-Function"
    assert context["env_config"]["memory"] == 512
    assert context["client_context"] is None


async def test_an_event_that_is_not_https_is_posted_with_the_client_context(adapted: Adapted) -> None:
    async with adapted() as called:
        given = {"custom": {"gateway": "mine"}}
        payload = (await called.invoke({"tool": "é"}, client_context=given)).payload
        refused = await called.invoke({}, client_context={"custom": {"nested": {"a": 1}}})
    assert (payload["method"], payload["raw_path"], payload["query"]) == ("POST", "/events", "")
    assert json.loads(payload["body"]) == {"tool": "é"}
    assert payload["headers"]["x-amzn-request-context"] == "null"
    context = json.loads(payload["headers"]["x-amzn-lambda-context"])["client_context"]
    assert context["custom"] == {"gateway": "mine"}
    assert set(context) == {"client", "custom", "environment"}
    # The adapter's runtime reads strings, and fails at anything else.
    assert refused.outcome is Outcome.ERROR
    assert "custom has values that are no strings" in refused.payload["errorMessage"]


async def test_a_whole_response_is_text_or_base64(adapted: Adapted) -> None:
    async with adapted() as called:
        text, binary = await whole(called), await whole(called, "/binary")
        cookies, empty = await whole(called, "/cookies"), await whole(called, "/empty")
    assert (text["statusCode"], text["isBase64Encoded"]) == (200, False)
    assert text["headers"]["content-type"] == "application/json"
    assert (binary["isBase64Encoded"], base64.b64decode(binary["body"])) == (True, b"\x00\xff")
    assert cookies["cookies"] == ["a=1", "b=2"]
    assert cookies["headers"]["x-twice"] == "1, 2"
    assert "set-cookie" not in cookies["headers"]
    assert (empty["statusCode"], empty["body"]) == (204, "")


async def test_chunks_arrive_one_by_one(adapted: Adapted, fifo: Path) -> None:
    async with adapted("response_stream") as called:
        response = await streamed(called, "/wait", rawQueryString=str(fifo))
        assert response.prelude["statusCode"] == 200
        assert response.prelude["headers"]["content-type"] == "text/event-stream"
        chunks = aiter(response)
        assert await anext(chunks) == b"first"
        # The app is at the other end, and sends the second when it has read this.
        await asyncio.to_thread(fifo.write_text, "go")
        assert [chunk async for chunk in chunks] == [b"second"]


@pytest.mark.parametrize(
    ("path", "status", "body"), [("/echo", 200, None), ("/empty", 204, b""), ("/sized", 200, b"x" * 200_000)]
)
async def test_any_response_can_be_streamed(adapted: Adapted, path: str, status: int, body: bytes | None) -> None:
    async with adapted("response_stream") as called:
        response = await streamed(called, path)
        received = b"".join([chunk async for chunk in response])
    assert response.prelude["statusCode"] == status
    assert json.loads(received)["method"] == "POST" if body is None else received == body


async def test_a_client_that_goes_away_is_gone_for_the_app_too(adapted: Adapted, fifo: Path) -> None:
    async with adapted("response_stream", environments=1, Timeout=60) as called:
        response = await streamed(called, "/until-gone", rawQueryString=str(fifo))
        assert await anext(aiter(response)) == b"first"
        response.close()
        # The app writes when it is told of the disconnection, and sends nothing by which it could find out.
        pid = await asyncio.to_thread(fifo.read_text)
        after = await streamed(called)
        assert json.loads(b"".join([chunk async for chunk in after]))["pid"] == int(pid)


@pytest.mark.parametrize(("mode", "path"), [("buffered", "/die"), ("response_stream", "/die")])
async def test_an_app_that_dies_is_a_function_that_does(adapted: Adapted, mode: str, path: str) -> None:
    async with adapted(mode, environments=1, Timeout=20) as called:
        result = await called.stream(event(path))
        assert isinstance(await called.stream(event()), ResponseStream if mode == "response_stream" else Result)
    assert isinstance(result, Result)
    assert (result.outcome, result.payload["errorType"]) == (Outcome.ERROR, "Runtime.ExitError")
    assert "exit status 3" in result.payload["errorMessage"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/die-midway", "Runtime.ExitError"), ("/break", "Runtime.StreamError"), ("/break-sized", "Runtime.StreamError")],
)
async def test_a_response_that_breaks_off_is_an_error(adapted: Adapted, fifo: Path, path: str, kind: str) -> None:
    async with adapted("response_stream", Timeout=20) as called:
        response = await streamed(called, path, rawQueryString=str(fifo))
        chunks = aiter(response)
        assert await anext(chunks) == b"first"
        if path == "/die-midway":
            await asyncio.to_thread(fifo.write_text, "go")
        with pytest.raises(BrokenStreamError) as caught:
            await anext(chunks)
        assert caught.value.result.payload["errorType"] == kind
        assert isinstance(await called.stream(event()), ResponseStream)


async def test_a_response_that_breaks_off_is_no_response_where_it_is_buffered(adapted: Adapted) -> None:
    async with adapted(environments=1, Timeout=20) as called:
        result = await called.invoke(event("/break"))
        assert (await whole(called))["statusCode"] == 200
    assert (result.outcome, result.payload["errorType"]) == (Outcome.ERROR, "IncompleteRead")


async def test_an_app_that_takes_too_long_is_killed(adapted: Adapted, fifo: Path) -> None:
    async with adapted(environments=1, Timeout=1) as called:
        result = await called.invoke(event("/wait", rawQueryString=str(fifo)))
        assert (await called.invoke(event("/empty"))).outcome is Outcome.RESPONSE
    assert result.outcome is Outcome.TIMEOUT


async def test_events_wait_until_the_app_is_ready(adapted: Adapted) -> None:
    async with adapted(AWS_LWA_READINESS_CHECK_PATH="/warming") as called:
        # It answers 503 twice before.
        assert (await echoed(called))["checks"] == 3


async def test_environments_do_not_share_a_port_even_if_the_template_names_one(adapted: Adapted) -> None:
    async with adapted(AWS_LWA_PORT="8080", PORT="8080") as called:
        first, second = await asyncio.gather(echoed(called, "/meet"), echoed(called, "/meet"))
    assert first["port"] != second["port"]
    assert first["PORT"] == first["port"]
    assert "8080" not in {first["port"], second["port"]}


async def test_what_the_stand_in_does_not_know_is_said(adapted: Adapted, log: list[str]) -> None:
    async with adapted(AWS_LWA_ENABLE_COMPRESSION="true") as called:
        await whole(called)
    assert any("AWS_LWA_ENABLE_COMPRESSION has no effect here" in line for line in log)


@pytest.mark.parametrize(
    ("script", "mode", "reason"),
    [
        ("#!/bin/sh\nexit 7\n", 0o755, "exit status 7"),
        ("#!/bin/sh\nexit 0\n", 0o644, "must be executable"),
        ("#!/bin/sh\r\nexit 0\r\n", 0o755, "LF at its end"),
        (None, 0, "cannot be run: No such file"),
    ],
)
async def test_an_app_that_does_not_start_says_why(
    adapted: Adapted, web_app: Path, script: str | None, mode: int, reason: str
) -> None:
    run = web_app / "run.sh"
    run.unlink()
    if script is not None:
        run.write_bytes(script.encode())
        run.chmod(mode)
    async with adapted() as called:
        result = await called.invoke(event())
    assert result.outcome is Outcome.INIT_FAILURE
    assert reason in result.payload["errorMessage"]


@pytest.mark.parametrize(
    ("properties", "complaint"),
    [
        ({"Environment": {"Variables": WRAPPER}}, "but not the LambdaAdapterLayer"),
        ({"Environment": {"Variables": WRAPPER}, "Layers": ["arn:aws:lambda:x:1:layer:Other:1"]}, "but not the Lambda"),
        ({"Layers": [LAYER.format("X86")]}, "but not AWS_LAMBDA_EXEC_WRAPPER"),
        (
            {"Environment": {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/other"}}, "Layers": [LAYER.format("X86")]},
            "but not AWS_LAMBDA_EXEC_WRAPPER",
        ),
        ({"Environment": {"Variables": WRAPPER}, "Layers": [LAYER.format("Arm64")]}, "runs on x86_64, but its layer"),
        (
            {
                "Environment": {"Variables": WRAPPER},
                "Layers": [LAYER.format("X86")],
                "Architectures": ["arm64"],
            },
            "runs on arm64, but its layer",
        ),
        ({"Environment": {"Variables": WRAPPER}, "Layers": [LAYER.format("Sparc")]}, "must name one version"),
        ({"Environment": {"Variables": WRAPPER}, "Layers": [LAYER.format("X86")[:-3]]}, "must name one version"),
        ({"Environment": {"Variables": WRAPPER}, "Layers": [LAYER.format("X86")] * 2}, "must name one version"),
    ],
)
def test_half_an_adapter_is_refused(
    function: Callable[..., LambdaFunction], properties: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(TemplateError, match=complaint):
        function("run.sh", **properties)


@pytest.mark.parametrize("machine", ["arm64", "x86_64"])
def test_built_for_another_processor_a_function_has_the_layer_of_that_one(machine: str) -> None:
    arn = "arn:${AWS::Partition}:lambda:${AWS::Region}:753240598075:layer:LambdaAdapterLayer%s:30"
    other = "arn:aws:lambda:us-east-1:123456789012:layer:mine:1"
    found = layers.retargeted([{"Fn::Sub": arn % "Arm64"}, other], "arm64", machine)
    assert found == [{"Fn::Sub": arn % {"arm64": "Arm64", "x86_64": "X86"}[machine]}, other]


def test_other_layers_and_wrappers_are_left_alone(function: Callable[..., LambdaFunction]) -> None:
    other = function(Layers=["arn:aws:lambda:us-east-1:1:layer:Other:1"], Environment={"Variables": {"A": "b"}})
    assert other._command[1:] == ["-m", "awslambdaric", "handlers.handler"]
    arm = function(
        "run.sh", Layers=[LAYER.format("Arm64")], Environment={"Variables": WRAPPER}, Architectures=["arm64"]
    )
    assert arm._command[-1].endswith("/run.sh")
