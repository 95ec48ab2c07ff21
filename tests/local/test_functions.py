"""Functions run in the real Lambda runtime, and end as they would on AWS."""

import asyncio
import base64
import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.functions import LambdaFunction, PayloadTooLargeError
from local.intrinsics import TemplateError
from local.outcome import Outcome, Result
from local.response_stream import BrokenStreamError, ResponseStream
from local.runtime_api import LARGEST_PAYLOAD

pytestmark = pytest.mark.anyio

Make = Callable[..., LambdaFunction]


async def test_a_second_call_finds_the_environment_warm(function: Make) -> None:
    async with function() as called:
        first, second = await called.invoke({}), await called.invoke({})
    assert first.outcome is second.outcome is Outcome.RESPONSE
    assert (first.payload["calls"], second.payload["calls"]) == (1, 2)
    assert first.payload["pid"] == second.payload["pid"]


async def test_the_handler_sees_its_context(function: Make) -> None:
    async with function(Timeout=5, MemorySize=512) as called:
        payload = (await called.invoke({})).payload
    assert payload["name"] == "local-Function"
    assert payload["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:local-Function"
    assert payload["memory"] == "512"
    assert 0 < payload["remaining"] <= 5000


async def test_the_environment_is_lambdas_and_nothing_of_the_developers(
    function: Make, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    own = {"Variables": {"FLAG": True, "NUMBER": 5}}
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "LogGroup": "/mine"}
    async with function(Environment=own, LoggingConfig=logging) as called:
        variables = (await called.invoke({"do": "environment"})).payload
    expected = {
        "AWS_LAMBDA_FUNCTION_NAME": "local-Function",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/mine",
        "_HANDLER": "handlers.handler",
        "LAMBDA_TASK_ROOT": str(code),
        "PYTHONPATH": str(code),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": ":UTC",
        "FLAG": "true",
        "NUMBER": "5",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "GIVEN_BY_HOST": "yes",
        "cwd": str(code),
        "first on the path": str(code),
    }
    assert expected.items() <= variables.items()
    assert not {"AWS_PROFILE", "HOME", "USER", "VIRTUAL_ENV", "PYTEST_CURRENT_TEST"} & set(variables)


async def test_an_exception_is_lambdas_error_object(function: Make) -> None:
    async with function() as called:
        result = await called.invoke({"do": "fail"})
        assert (await called.invoke({})).payload["calls"] == 2
    assert result.outcome is Outcome.ERROR
    assert result.payload["errorType"] == "ValueError"
    assert result.payload["errorMessage"] == "no such thing"
    assert "in fail" in "".join(result.payload["stackTrace"])


async def test_a_call_past_the_timeout_is_killed_and_the_next_one_works(function: Make, log: list[str]) -> None:
    async with function(Timeout=1) as called:
        before = await called.invoke({})
        late = await called.invoke({"do": "hang"})
        after = await called.invoke({})
    assert late.outcome is Outcome.TIMEOUT
    assert late.payload["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert any("Task timed out" in line for line in log)
    assert after.payload["calls"] == 1
    assert after.payload["pid"] != before.payload["pid"]


async def test_a_crash_is_an_error_and_the_next_call_works(function: Make, log: list[str]) -> None:
    async with function() as called:
        crash = await called.invoke({"do": "die"})
        assert (await called.invoke({})).payload["calls"] == 1
    assert crash.outcome is Outcome.ERROR
    assert crash.payload["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in crash.payload["errorMessage"]
    assert "Function: last words" in log


async def test_an_environment_that_dies_between_calls_is_not_used(function: Make) -> None:
    async with function() as called:
        process = (await called.invoke({})).payload["pid"]
        os.kill(process, signal.SIGKILL)
        # It is dead after this, waited for or not, and asyncio has had no turn in which to hear of it.
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222 - for that very reason
        assert (await called.invoke({})).payload["calls"] == 1


@pytest.mark.parametrize(
    ("source", "kind", "reason"),
    [
        ("import not_installed", "Runtime.ImportModuleError", "No module named 'not_installed'"),
        ("def handler(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("import os, sys\nprint('why', file=sys.stderr, flush=True)\nos._exit(9)", "Runtime.ExitError", "why"),
        ("raise SystemExit(2)", "Runtime.ExitError", "exit status 2"),
        ("x = {}['secret']", "KeyError", "secret"),
    ],
)
async def test_a_function_that_does_not_start_says_why(
    function: Make, tmp_path: Path, source: str, kind: str, reason: str
) -> None:
    (tmp_path / "app.py").write_text(source)
    async with function("app.handler", folder=tmp_path) as called:
        result = await called.invoke({})
    assert result.outcome is Outcome.INIT_FAILURE
    assert result.payload["errorType"] == kind
    assert reason in result.payload["errorMessage"]


async def test_a_function_that_does_not_start_is_tried_once_a_call(function: Make, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("open('starts', 'a').write('x')\nimport not_installed")
    async with function("app.handler", folder=tmp_path) as called:
        warmed = await called.warm()
        assert warmed
        assert warmed.outcome is Outcome.INIT_FAILURE
        assert (await called.invoke({})).outcome is Outcome.INIT_FAILURE
        assert (tmp_path / "starts").read_text() == "xx"
        (tmp_path / "app.py").write_text("def handler(event, context): return 'mended'")
        assert (await called.invoke({})).payload == "mended"


async def test_an_interpreter_without_the_runtime_says_so(function: Make) -> None:
    called = function()
    called._command[1:3] = ["-m", "no_such_runtime"]
    async with called:
        assert "No module named no_such_runtime" in (await called.invoke({})).payload["errorMessage"]


async def test_an_interpreter_or_a_folder_that_is_not_there_is_named(function: Make, tmp_path: Path) -> None:
    without_code = function(folder=tmp_path / "nowhere")
    without_python = function()
    without_python._command[0] = "/nowhere/python"
    for called in (without_code, without_python):
        async with called:
            result = await called.invoke({})
        assert result.outcome is Outcome.INIT_FAILURE
        assert "nowhere" in result.payload["errorMessage"]


async def test_a_warmed_function_has_an_environment_before_the_first_call(function: Make) -> None:
    async with function() as called:
        assert await called.warm() is None
        (environment,) = called._idle
        assert environment.alive
        assert (await called.invoke({})).payload["calls"] == 1


async def test_a_response_may_be_as_large_as_on_lambda_and_no_larger(function: Make) -> None:
    quotes = 2
    async with function() as called:
        fits = await called.invoke({"do": "large", "size": LARGEST_PAYLOAD - quotes})
        exceeds = await called.invoke({"do": "large", "size": LARGEST_PAYLOAD - quotes + 1})
        assert (await called.invoke({})).outcome is Outcome.RESPONSE
    assert fits.outcome is Outcome.RESPONSE
    assert exceeds.outcome is Outcome.ERROR
    assert exceeds.payload["errorType"] == "Function.ResponseSizeTooLarge"
    assert "6291556 bytes" in exceeds.payload["errorMessage"]


async def test_an_event_may_be_as_large_as_on_lambda_and_no_larger(function: Make) -> None:
    frame = len(json.dumps({"x": ""}, separators=(",", ":")))
    async with function() as called:
        assert (await called.invoke({"x": "a" * (LARGEST_PAYLOAD - frame)})).outcome is Outcome.RESPONSE
        with pytest.raises(PayloadTooLargeError):
            await called.invoke({"x": "a" * (LARGEST_PAYLOAD - frame + 1)})


async def test_a_response_that_is_not_json_is_an_error(function: Make) -> None:
    async with function() as called:
        result = await called.invoke({"do": "raw"})
    assert (result.outcome, result.payload["errorType"]) == (Outcome.ERROR, "Runtime.MarshalError")


async def test_calls_at_once_have_environments_of_their_own(function: Make, tmp_path: Path) -> None:
    meeting = {"do": "meet", "folder": str(tmp_path), "number": 3}
    async with function() as called:
        results = await asyncio.gather(*(called.invoke(meeting) for _ in range(3)))
    assert len({result.payload for result in results}) == 3


async def test_environments_take_turns_where_the_host_says_so(function: Make) -> None:
    async with function(environments=2) as called:
        called._host = dataclasses.replace(called._host, take_turns=True)
        assert await called.warm() is None
        served = [(await called.invoke({})).payload for _ in range(4)]
        assert [payload["calls"] for payload in served] == [1, 1, 2, 2]
        assert served[0]["pid"] == served[2]["pid"] != served[1]["pid"] == served[3]["pid"]


async def test_an_environment_that_has_died_is_not_waited_for_in_its_turn(function: Make) -> None:
    async with function(environments=2) as called:
        called._host = dataclasses.replace(called._host, take_turns=True)
        first, second = [(await called.invoke({})).payload for _ in range(2)]
        assert (await called.invoke({"do": "die"})).outcome is Outcome.ERROR
        third, fourth = [(await called.invoke({})).payload for _ in range(2)]
    assert third["pid"] not in {first["pid"], second["pid"]}
    assert fourth["pid"] == second["pid"]


async def test_there_are_no_more_environments_than_allowed(function: Make) -> None:
    async with function(environments=2) as called:
        results = await asyncio.gather(*(called.invoke({}) for _ in range(6)))
    assert {result.outcome for result in results} == {Outcome.RESPONSE}
    assert len({result.payload["pid"] for result in results}) <= 2


async def test_output_arrives_by_line_under_the_functions_name(function: Make, log: list[str]) -> None:
    text = "first\nsécond\n\n" + "x" * 100_000
    async with function() as called:
        await called.invoke({"do": "say", "text": text})
    assert log == ["Function: first", "Function: sécond", f"Function: {'x' * 100_000}"]


async def test_closing_ends_a_call_under_way(function: Make, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    called = function()
    call = asyncio.create_task(called.invoke({"do": "hold", "fifo": str(fifo)}))
    with await asyncio.to_thread(fifo.open) as held:
        assert held.readline() == "held\n"
        await called.close()
        # The pipe ends when the process that holds it does.
        assert held.read() == ""
    assert (await call).outcome is Outcome.ERROR
    assert (await called.invoke({})).payload["errorType"] == "Runtime.Closed"


async def test_draining_lets_a_call_under_way_finish(function: Make, tmp_path: Path) -> None:
    fifo, go = tmp_path / "fifo", tmp_path / "go"
    os.mkfifo(fifo)
    os.mkfifo(go)
    called = function()
    call = asyncio.create_task(called.invoke({"do": "pause", "fifo": str(fifo), "go": str(go)}))
    assert await asyncio.to_thread(fifo.read_text) == "paused"
    draining = asyncio.create_task(called.close(drain=True))
    await asyncio.to_thread(go.write_text, "on")
    assert (await call).payload == "on"
    await draining


async def test_a_cancelled_call_leaves_no_process(function: Make, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    async with function() as called:
        call = asyncio.create_task(called.invoke({"do": "hold", "fifo": str(fifo)}))
        with await asyncio.to_thread(fifo.open) as held:
            held.readline()
            call.cancel()
            assert await asyncio.to_thread(held.read) == ""
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await called.invoke({})).payload["calls"] == 1


PARENT = """
import asyncio, sys
from pathlib import Path
from local.functions import Host, LambdaFunction
from local.template import Resource

properties = {"Handler": "handlers.handler", "Runtime": "python3.13", "Timeout": 60}
resource = Resource("Function", "AWS::Lambda::Function", properties, "Function")
function = LambdaFunction(resource, Path(sys.argv[1]), Host(Path(sys.executable)))
asyncio.run(function.invoke({"do": "hold", "fifo": sys.argv[2]}))
"""

if sys.platform == "linux":  # The death signal of a parent is Linux's.

    def test_no_process_outlives_a_parent_that_is_killed(code: Path, tmp_path: Path) -> None:
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", PARENT, str(code), str(fifo)]
        with subprocess.Popen(command, env=environment) as parent, fifo.open() as held:
            assert held.readline() == "held\n"
            parent.send_signal(signal.SIGKILL)
            assert held.read() == ""


async def test_a_function_that_is_no_python_is_refused(function: Make) -> None:
    with pytest.raises(TemplateError, match="Function is not a zipped Python function"):
        function(Runtime="nodejs22.x")
    with pytest.raises(TemplateError, match="Function is not a zipped Python function"):
        function(PackageType="Image")


async def test_the_handler_sees_the_callers_client_context(function: Make, tmp_path: Path) -> None:
    source = (
        "def handler(event, context):\n    sent = context.client_context\n    return sent and [sent.custom, sent.env]\n"
    )
    (tmp_path / "app.py").write_text(source)
    async with function("app.handler", folder=tmp_path) as called:
        given = await called.invoke({}, client_context={"custom": {"who": "Zoë"}, "env": {"locale": "nl"}})
        assert given.payload == [{"who": "Zoë"}, {"locale": "nl"}]
        assert (await called.invoke({})).payload is None


# A runtime of its own: it answers an event by what the event says, in chunks.
RUNTIME = """
import http.client, json, os, threading

api, prefix = os.environ["AWS_LAMBDA_RUNTIME_API"], "/2018-06-01/runtime/invocation/"
calls = 0
while True:
    connection = http.client.HTTPConnection(api)
    connection.request("GET", prefix + "next")
    response = connection.getresponse()
    event, request_id = json.loads(response.read()), response.headers["Lambda-Runtime-Aws-Request-Id"]
    calls += 1
    connection = http.client.HTTPConnection(api)
    connection.putrequest("POST", f"{prefix}{request_id}/response")
    connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    connection.putheader("Content-Type", event.get("type", "application/vnd.awslambda.http-integration-response"))
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    send = lambda data: connection.send(b"%x\\r\\n%s\\r\\n" % (len(data), data))
    try:
        for chunk in event.get("chunks", ['{"calls":%d}' % calls + "\\0" * 8, "one"]):
            send(chunk.encode("latin-1"))
        match event.get("then"):
            case "die":
                os._exit(3)
            case "hang":
                threading.Event().wait()
            case "cut":
                connection.close()
                continue
            case "flood":
                while True:
                    send(b"x" * 65536)
            case "wait":
                open(event["fifo"]).read()
                send(b"two")
        connection.send(b"0\\r\\n" + event.get("trailers", "").encode() + b"\\r\\n")
        connection.getresponse().read()
    except OSError:
        pass
"""
PRELUDE = '{"statusCode":201}' + "\0" * 8


@pytest.fixture
def streaming(function: Make, tmp_path: Path) -> Make:
    """Make a function whose runtime streams."""
    (tmp_path / "runtime.py").write_text(RUNTIME)

    def make(**properties: Any) -> LambdaFunction:
        made = function(**properties)
        made._command[1:] = [str(tmp_path / "runtime.py")]
        return made

    return make


async def streamed(called: LambdaFunction, **event: Any) -> ResponseStream:
    response = await called.stream(event)
    assert isinstance(response, ResponseStream), response
    return response


async def read(response: ResponseStream) -> bytes:
    return b"".join([chunk async for chunk in response])


async def broken(response: ResponseStream) -> tuple[bytes, Result]:
    """Read what there is of a response that breaks off, and how it does."""
    read = b""
    try:
        async for chunk in response:
            read += chunk
    except BrokenStreamError as error:
        return read, error.result
    pytest.fail("The response has ended in good order.")


@pytest.mark.parametrize(
    "chunks",
    [
        [PRELUDE, "body"],
        [PRELUDE + "bo", "dy"],
        [PRELUDE[:5], PRELUDE[5:-3], PRELUDE[-3:] + "body"],
        [PRELUDE + "body"],
        [*PRELUDE, *"body"],
    ],
)
async def test_a_streamed_response_has_its_prelude_first(streaming: Make, chunks: list[str]) -> None:
    async with streaming() as called:
        response = await streamed(called, chunks=chunks)
        assert response.prelude == {"statusCode": 201}
        assert await read(response) == b"body"


async def test_a_body_may_have_the_delimiter_too_and_be_nothing(streaming: Make) -> None:
    async with streaming() as called:
        assert await read(await streamed(called, chunks=[PRELUDE, "a" + "\0" * 9 + "b"])) == b"a" + bytes(9) + b"b"
        assert await read(await streamed(called, chunks=[PRELUDE])) == b""


async def test_chunks_arrive_while_the_function_runs(streaming: Make, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    async with streaming() as called:
        chunks = aiter(await streamed(called, then="wait", fifo=str(fifo)))
        assert await anext(chunks) == b"one"
        # The runtime is at the other end, and sends the second when it has read this.
        await asyncio.to_thread(fifo.write_text, "go")
        assert [chunk async for chunk in chunks] == [b"two"]


async def test_a_runtime_that_does_not_stream_has_a_result(function: Make) -> None:
    async with function() as called:
        fine, failed = await called.stream({}), await called.stream({"do": "fail"})
    assert isinstance(fine, Result)
    assert fine.payload["calls"] == 1
    assert isinstance(failed, Result)
    assert failed.payload["errorType"] == "ValueError"


async def test_a_function_that_does_not_start_does_not_stream(function: Make) -> None:
    async with function("missing.handler") as called:
        result = await called.stream({})
    assert isinstance(result, Result)
    assert result.outcome is Outcome.INIT_FAILURE


async def test_an_error_in_the_trailers_breaks_the_response_and_the_next_call_finds_the_environment_warm(
    streaming: Make,
) -> None:
    body = base64.b64encode(b"no more").decode()
    trailers = f"Lambda-Runtime-Function-Error-Type: App.Tired\r\nLambda-Runtime-Function-Error-Body: {body}\r\n"
    async with streaming(environments=1) as called:
        sent, result = await broken(await streamed(called, trailers=trailers))
        assert (await streamed(called)).prelude["calls"] == 2
    assert sent == b"one"
    assert result.outcome is Outcome.ERROR
    assert result.payload == {"errorType": "App.Tired", "errorMessage": "no more"}


@pytest.mark.parametrize(
    ("then", "outcome", "kind", "survives"),
    [
        ("die", Outcome.ERROR, "Runtime.ExitError", False),
        ("hang", Outcome.TIMEOUT, "Sandbox.Timedout", False),
        ("cut", Outcome.ERROR, "Runtime.NoResponse", True),
    ],
)
async def test_a_response_that_breaks_off_says_how_and_the_next_call_works(
    streaming: Make, then: str, outcome: Outcome, kind: str, survives: bool
) -> None:
    async with streaming(environments=1, Timeout=1) as called:
        sent, result = await broken(await streamed(called, then=then))
        assert (await streamed(called)).prelude["calls"] == (2 if survives else 1)
    assert sent == b"one"
    assert (result.outcome, result.payload["errorType"]) == (outcome, kind)


async def test_a_reader_that_goes_away_stops_the_runtime_and_the_next_call_finds_the_environment_warm(
    streaming: Make,
) -> None:
    async with streaming(environments=1, Timeout=60) as called:
        response = await streamed(called, then="flood")
        assert (await anext(aiter(response))).startswith(b"one")
        response.close()
        after = await streamed(called)
        assert (after.prelude["calls"], await read(after)) == (2, b"one")


async def test_closing_breaks_a_response_off(streaming: Make) -> None:
    called = streaming(Timeout=60)
    response = await streamed(called, then="hang")
    await called.close()
    assert (await broken(response))[1].payload["errorType"] == "Runtime.ExitError"


async def test_a_response_that_is_streamed_to_who_wants_it_whole_is_an_error(streaming: Make) -> None:
    async with streaming(environments=1) as called:
        result = await called.invoke({"then": "flood"})
        assert (await streamed(called)).prelude["calls"] == 2
    assert (result.outcome, result.payload["errorType"]) == (Outcome.ERROR, "Runtime.UnexpectedStream")


@pytest.mark.parametrize("chunks", [["no prelude"], ["[]" + "\0" * 8], ["not JSON" + "\0" * 8], []])
async def test_a_stream_without_a_prelude_is_an_error(streaming: Make, chunks: list[str]) -> None:
    async with streaming() as called:
        result = await called.stream({"chunks": chunks})
    assert isinstance(result, Result)
    assert (result.outcome, result.payload["errorType"]) == (Outcome.ERROR, "Runtime.MarshalError")


async def test_a_stream_of_another_type_is_the_body(streaming: Make) -> None:
    async with streaming() as called:
        response = await streamed(called, type="text/plain", chunks=[PRELUDE, "x"])
        assert await read(response) == PRELUDE.encode() + b"x"
    assert response.prelude == {"statusCode": 200, "headers": {"content-type": "application/octet-stream"}}


async def test_a_streamed_response_may_be_so_large_and_no_larger(
    streaming: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.runtime_api.LARGEST_STREAM", 100)
    async with streaming() as called:
        assert len(await read(await streamed(called, chunks=[PRELUDE, "x" * 50, "y" * 50]))) == 100
        sent, result = await broken(await streamed(called, chunks=[PRELUDE, "x" * 50, "y" * 51]))
    assert len(sent) <= 100
    assert result.payload["errorType"] == "Function.ResponseSizeTooLarge"
