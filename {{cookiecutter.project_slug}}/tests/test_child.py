"""A process for each call: what it answers, how it may fail, and what it leaves behind, which is nothing."""

import json
import logging
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from boto3.session import Session
from botocore.exceptions import ClientError, CredentialRetrievalError, EndpointConnectionError
from botocore.parsers import ResponseParserError
from mcp.types import JSONRPCRequest

import caller
import stdio_main
from caller import Caller
from child import StdioChild
from child_environment import environment
from conftest import Context
from limits import MAX_RESPONSE_BYTES
from log_lines import recorded

# A server without the SDK: it starts fast, and each of its tools fails in a way of its own.
SERVER = """
import json, os, signal, subprocess, sys, time

def read():
    return json.loads(sys.stdin.readline())

def say(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)

def answer(text):
    say(id=call["id"], result={"content": [{"type": "text", "text": text}], "other": None})

hello = read()
version = hello["params"]["protocolVersion"]
info = {"name": "s", "version": "1"}
say(id=hello["id"], result={"protocolVersion": version, "capabilities": {}, "serverInfo": info})
assert read()["method"] == "notifications/initialized"
call = read()
tool = call["params"].get("name", call["method"])
arguments = call["params"].get("arguments", {})
if tool == "echo":
    answer(json.dumps(arguments))
elif tool == "environment":
    answer(json.dumps(dict(os.environ)))
elif tool == "exit":
    print("Traceback: the reason", file=sys.stderr)
    sys.exit(3)
elif tool == "abort":
    os.kill(os.getpid(), signal.SIGKILL)
elif tool == "closes":
    os.close(1)
    sys.stdin.read()
    sys.exit(4)
elif tool == "hang":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    descriptor = os.open("alive", os.O_WRONLY)
    subprocess.Popen(["sleep", "60"], pass_fds=[descriptor])
    os.write(descriptor, str(os.getpid()).encode())
    time.sleep(60)
elif tool == "lingers":
    answer("done")
    descriptor = os.open("alive", os.O_WRONLY)
    subprocess.Popen(["sleep", "60"], pass_fds=[descriptor])
    os.write(descriptor, str(os.getpid()).encode())
    time.sleep(60)
elif tool == "goes on":
    answer("done")
    while True:
        sys.stdout.write("x" * 65536)
elif tool == "farewell":
    answer("done")
    sys.stdin.read()
    open("farewell", "w").write("gone in peace")
elif tool == "noise":
    while True:
        print("no protocol")
elif tool == "banner":
    print("Welcome!", flush=True)
    say(method="notifications/message", params={"level": "info", "data": "hello"})
    answer("done")
elif tool == "endless":
    while True:
        sys.stdout.write("x" * 65536)
elif tool == "chatter":
    while True:
        say(method="notifications/message", params={"level": "info", "data": "hello"})
elif tool == "huge":
    answer("x" * arguments["bytes"])
elif tool == "complains":
    sys.stderr.write("x" * 10_000_000 + "the end")
    answer("done")
elif tool == "refuses":
    say(id=call["id"], error={"code": -32099, "message": "No.", "data": {"why": [1, None]}})
elif tool == "fails":
    say(id=call["id"], result={"content": [], "isError": True})
elif tool == "asks":
    say(id="p", method="ping")
    say(id="r", method="roots/list")
    answer(json.dumps([read(), read()]))
elif tool == "tools/list":
    say(id=str(call["id"]), result={"tools": [{"name": "fails", "inputSchema": {"type": "object"}}]})
"""

HELLO: dict[str, Any] = {
    "protocolVersion": "2025-03-26",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
FAULTS = {
    "exit": ("crashed", "ended (exit status 3)"),
    "abort": ("crashed", "ended (signal 9)"),
    "closes": ("crashed", "ended (exit status 4)"),
    "noise": ("crashed", "not MCP"),
    "endless": ("crashed", "Ask for less"),
    "chatter": ("crashed", "Ask for less"),
}


def request(method: str, **params: Any) -> JSONRPCRequest:
    return JSONRPCRequest(jsonrpc="2.0", id="seven", method=method, params=params)


def ask(child: StdioChild, method: str, remaining_ms: int = 29_000, **params: Any) -> dict[str, Any]:
    """Return the child's answer as it goes over the wire."""
    answer = child.handle_request(request(method, **params), cast("Any", Context(remaining_ms)))
    assert answer.id == "seven"
    return answer.model_dump(by_alias=True, exclude_none=True)


def call(child: StdioChild, tool: str, remaining_ms: int = 29_000, **arguments: Any) -> dict[str, Any]:
    result: dict[str, Any] = ask(child, "tools/call", remaining_ms, name=tool, arguments=arguments)["result"]
    return result


def text(result: dict[str, Any]) -> str:
    return str(result["content"][0]["text"])


@pytest.fixture
def child(tmp_path: Path) -> StdioChild:
    """A child that is the server above."""
    script = tmp_path / "faulty.py"
    script.write_text(SERVER)
    return StdioChild(script)


@contextmanager
def watched(folder: Path) -> Iterator[list[int]]:
    """Wait at the end of the block until every process has ended that has opened `alive`; collect what they wrote."""
    os.mkfifo(folder / "alive")
    end = os.open(folder / "alive", os.O_RDONLY | os.O_NONBLOCK)
    pids: list[int] = []
    yield pids
    os.set_blocking(end, True)
    with os.fdopen(end) as alive:
        pids.append(int(alive.read()))


def test_arguments_and_results_pass_unchanged(child: StdioChild) -> None:
    arguments: dict[str, Any] = {
        "text": "Zoë \U0001f600 \u0000",
        "none": None,
        "nested": [{"a": [1, 2.5, True]}],
        "big": 2**60,
    }
    result = call(child, "echo", **arguments)
    assert json.loads(text(result)) == arguments
    assert result["other"] is None


def test_a_request_of_megabytes_reaches_the_child(child: StdioChild) -> None:
    assert len(text(call(child, "echo", text="x" * 3_000_000))) > 3_000_000


def test_a_child_may_talk_before_it_has_heard_all_of_a_long_request(child: StdioChild, tmp_path: Path) -> None:
    chatty = 'say(method="notifications/message", params={"level": "info", "data": "x" * 1_000_000})\ncall = read()'
    (tmp_path / "faulty.py").write_text(SERVER.replace("call = read()", chatty))
    assert len(text(call(child, "echo", text="x" * 1_000_000))) > 1_000_000


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_a_client_shakes_hands_with_the_child_itself(child: StdioChild, version: str) -> None:
    result = ask(child, "initialize", **HELLO | {"protocolVersion": version})["result"]
    assert result["protocolVersion"] == version
    assert result["serverInfo"]["name"] == "s"


def test_the_error_of_a_child_passes_unchanged(child: StdioChild) -> None:
    error = ask(child, "tools/call", name="refuses")["error"]
    assert error == {"code": -32099, "message": "No.", "data": {"why": [1, None]}}


def test_a_child_may_ask_for_a_sign_of_life_and_for_nothing_else(child: StdioChild) -> None:
    ping, roots = json.loads(text(call(child, "asks")))
    assert (ping["id"], ping["result"]) == ("p", {})
    assert (roots["id"], roots["error"]["code"]) == ("r", -32601)


def test_a_line_that_is_no_message_is_passed_over(child: StdioChild) -> None:
    assert text(call(child, "banner")) == "done"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_tool_whose_process_fails_is_an_error_for_the_model_and_the_next_call_works(
    child: StdioChild, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    outcome, told = FAULTS[fault]
    with recorded() as lines:
        result = call(child, fault)
    assert result["isError"] is True
    assert told in text(result)
    assert [line["outcome"] for line in lines if "outcome" in line] == [outcome]
    assert f"crashed: {text(result)}" in caplog.text
    assert text(call(child, "echo")) == "{}"


def test_another_method_whose_process_fails_is_a_protocol_error(child: StdioChild, tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text("import sys; sys.exit('no such module')")
    error = ask(child, "tools/list")["error"]
    assert error["code"] == -32603
    assert "exit status 1" in error["message"]


def test_a_child_that_hears_nothing_is_stopped(child: StdioChild, tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text("import os, signal; os.close(0); signal.pause()")
    long = HELLO | {"capabilities": {"x": "x" * 1_000_000}}
    assert "within 1 s" in ask(child, "initialize", 2_000, **long)["error"]["message"]


def test_a_child_that_cannot_be_started_is_an_error(child: StdioChild) -> None:
    child.server_params.command = "/no/such/python"
    assert "could not be started (FileNotFoundError)" in text(call(child, "echo"))


def test_a_child_that_hangs_is_killed_with_all_that_it_started(child: StdioChild, tmp_path: Path) -> None:
    with watched(tmp_path) as pids, recorded() as lines:
        result = call(child, "hang", 3_000)
    assert result["isError"] is True
    assert "within 2 s" in text(result)
    assert lines[0]["outcome"] == "timeout"
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    assert text(call(child, "echo")) == "{}"


def test_a_child_that_stays_after_its_answer_is_killed_too(child: StdioChild, tmp_path: Path) -> None:
    with watched(tmp_path) as pids:
        assert text(call(child, "lingers")) == "done"
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_a_child_that_goes_on_after_its_answer_takes_no_memory(child: StdioChild) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert text(call(child, "goes on")) == "done"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000_000 / 1_024


def test_a_child_may_tidy_up_after_its_answer(child: StdioChild, tmp_path: Path) -> None:
    call(child, "farewell")
    assert (tmp_path / "farewell").read_text() == "gone in peace"


def test_no_child_is_started_when_the_function_has_no_time_left(child: StdioChild) -> None:
    child.server_params.command = "/no/such/python"
    with recorded() as lines:
        assert "no time left" in text(call(child, "echo", 900))
    assert lines[0]["outcome"] == "timeout"


def test_an_answer_that_lambda_would_drop_is_an_error(child: StdioChild) -> None:
    assert len(text(call(child, "huge", bytes=MAX_RESPONSE_BYTES - 1_000))) == MAX_RESPONSE_BYTES - 1_000
    result = call(child, "huge", bytes=MAX_RESPONSE_BYTES)
    assert result["isError"] is True
    assert "Ask for less" in text(result)


def test_what_a_child_complains_of_is_logged_in_its_last_words(child: StdioChild) -> None:
    with recorded() as lines:
        assert text(call(child, "complains")) == "done"
        call(child, "exit")
    stderr = [line["stderr"] for line in lines if "stderr" in line]
    assert stderr[0].endswith("xthe end")
    assert len(stderr[0]) < 10_000
    assert "the reason" in stderr[1]


@pytest.mark.parametrize("method", ["server/discover", "no/such/method", "notifications/initialized", ""])
def test_a_method_that_mcp_1_does_not_know_is_refused_without_a_child(child: StdioChild, method: str) -> None:
    child.server_params.command = "/no/such/python"
    assert ask(child, method)["error"]["code"] == -32601


def deep(levels: int) -> Any:
    return [] if not levels else [deep(levels - 1)]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"name": 7},
        {"name": "echo", "arguments": []},
        {"name": "echo", "arguments": {"half": "\ud800"}},
        {"name": "echo", "arguments": {"number": float("nan")}},
        {"name": "echo", "arguments": {"deep": deep(300)}},
    ],
)
def test_bad_parameters_are_refused_without_a_child(child: StdioChild, params: dict[str, Any]) -> None:
    child.server_params.command = "/no/such/python"
    assert ask(child, "tools/call", **params)["error"]["code"] == -32602


def test_a_child_knows_what_aws_needs_and_nothing_else_of_the_function(
    child: StdioChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed_on = {
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_S3": "http://localhost:1",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost:2",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "container",
        "STDIO_PACKAGE": "mcp-server-time",
        "TZ": "UTC",
    }
    kept = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "AWS_LAMBDA_LOG_GROUP_NAME": "g", "API_KEY": "hunter2"}
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in (passed_on | kept).items():
        monkeypatch.setenv(name, value)
    found = json.loads(text(call(child, "environment")))
    assert found.items() >= passed_on.items()
    # Python itself sets LC_CTYPE where there is no locale.
    assert set(found) - set(passed_on) - {"LC_CTYPE"} == {"MCP_CALLER", "MCP_SECONDS", "PYTHONPATH"}


def test_a_child_of_a_caller_with_credentials_of_its_own_has_those_alone(
    child: StdioChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "the function's own")
    with caller.acting_for(Caller("alice", tenant="acme", session=lambda: Session("id", "secret", "token"))):
        found = json.loads(text(call(child, "environment")))
    assert [found[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")] == [
        "id",
        "secret",
        "token",
    ]
    assert "the function's own" not in found.values()
    assert json.loads(found["MCP_CALLER"])["tenant"] == "acme"


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (CredentialRetrievalError(provider="tenancy", error_msg="no tenant"), "no tenant"),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "arn:aws:iam::1:role/x"}}, "AssumeRole"), "Denied"),
        (ClientError({"Error": {"Code": "Throttling", "Message": "slow"}}, "AssumeRole"), "then retry once"),
        (EndpointConnectionError(endpoint_url="https://sts.aws/arn:1"), "could not be reached (EndpointConn"),
        (ResponseParserError("<html>arn:aws:iam::1:role/x"), "could not be read"),
        (KeyError("Credentials"), "could not be read"),
    ],
    ids=["none", "refused", "throttled", "down", "garbage", "incomplete"],
)
def test_a_caller_whose_own_credentials_cannot_be_had_gets_no_child(
    child: StdioChild, caplog: pytest.LogCaptureFixture, failure: Exception, told: str
) -> None:
    def session() -> Session:
        raise failure

    child.server_params.command = "/no/such/python"
    with recorded() as lines, caller.acting_for(Caller("alice", session=session)):
        result = call(child, "environment")
    assert result["isError"]
    assert told in text(result)
    assert "arn:" not in text(result) + caplog.text
    assert type(failure).__name__ in caplog.text or "AWS refused AssumeRole" in caplog.text
    assert [line["outcome"] for line in lines if "outcome" in line] == ["no_credentials"]


def test_a_list_is_for_callers_without_credentials_too_and_gets_none(
    child: StdioChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    def session() -> Session:
        raise CredentialRetrievalError(provider="tenancy", error_msg="no tenant")

    monkeypatch.setenv("AWS_SESSION_TOKEN", "the function's own")
    with caller.acting_for(Caller("alice", session=session)):
        assert "result" in ask(child, "tools/list")
    assert "AWS_SESSION_TOKEN" not in environment(Caller("alice", session=session), "tools/list", 1)


def test_every_request_is_one_line_with_who_and_how_it_went(child: StdioChild) -> None:
    with recorded() as lines, caller.acting_for(Caller("alice", "people")):
        ask(child, "tools/list")
        ask(child, "server/discover")
    assert [(line["method"], line["outcome"]) for line in lines] == [
        ("tools/list", "ok"),
        ("server/discover", "protocol_error -32601"),
    ]
    assert (lines[0]["sub"], lines[0]["client_id"], lines[0]["jsonrpc_id"]) == ("alice", "people", "seven")
    assert lines[0]["duration_ms"] > 0


def test_a_tool_counts_under_its_name_once_the_child_is_known_to_have_it(child: StdioChild) -> None:
    with recorded() as lines:
        call(child, "fails")
        ask(child, "tools/list")
        call(child, "fails")
        call(child, "echo")
        ask(child, "tools/call", name="refuses")
    metrics = [(line["tool"], line["Errors"]) for line in lines if "_aws" in line]
    assert metrics == [("unknown", [1]), ("fails", [1]), ("echo", [0]), ("unknown", [1])]
    outcomes = [line["outcome"] for line in lines if "outcome" in line]
    assert outcomes == ["tool_error", "ok", "tool_error", "ok", "protocol_error -32099"]


def test_neither_arguments_nor_results_nor_credentials_are_logged(
    child: StdioChild, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "hunter2-in-the-arguments"
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("AWS_SESSION_TOKEN", secret)
    with recorded() as lines, caller.acting_for(Caller("alice", claims={"email": secret})):
        for tool in ("echo", "exit", "noise", "refuses", secret):
            ask(child, "tools/call", name=tool, arguments={"text": secret})
        ask(child, "tools/call", name=secret, arguments={"half": "\ud800" + secret})
        ask(child, "resources/read", uri=f"test://{secret}")
    assert lines
    assert secret not in str(lines) + caplog.text


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with the real entry point, for a `server.py` of one's own."""
    shutil.copy(stdio_main.__file__, tmp_path)
    return tmp_path


SDK_SERVER = """
import os, subprocess, sys
from mcp.server.fastmcp import FastMCP
import caller
import limits

print("printed while it is imported")

def build_server():
    server = FastMCP("test", log_level="ERROR")

    @server.tool()
    def whoami() -> str:
        who = caller.current()
        return f"{who.subject} {who.client_id} {sorted(who.scopes)} {who.claims['email']}"

    @server.tool()
    def left() -> float:
        return limits.remaining_seconds()

    @server.tool()
    def noise() -> str:
        for _ in range(2_000):
            print("printed")
        os.write(1, b"written\\n")
        subprocess.run(["echo", "echoed"], check=True)
        subprocess.run(["echo", "passed on"], stdout=sys.stdout, check=True)
        return f"read: {subprocess.run(['cat'], capture_output=True, check=True).stdout!r}"

    return server
"""


def test_a_tool_knows_its_caller(own: Path) -> None:
    (own / "server.py").write_text(SDK_SERVER)
    alice = Caller("alice", "people", frozenset({"read", "write"}), {"email": "zoë@example.com"})
    with caller.acting_for(alice):
        result = call(StdioChild(own / "stdio_main.py"), "whoami")
    assert text(result) == "alice people ['read', 'write'] zoë@example.com"


def test_a_tool_knows_what_is_left_of_its_time(own: Path) -> None:
    (own / "server.py").write_text(SDK_SERVER)
    serving = StdioChild(own / "stdio_main.py")
    for remaining_ms in (900_000, 60_000):
        left = call(serving, "left", remaining_ms)["structuredContent"]["result"]
        assert remaining_ms / 1000 - 30 < left <= remaining_ms / 1000 - 1


def test_what_a_server_and_its_programs_print_or_read_is_not_the_protocol(own: Path) -> None:
    (own / "server.py").write_text(SDK_SERVER)
    with recorded() as lines:
        result = call(StdioChild(own / "stdio_main.py"), "noise")
    assert text(result) == "read: b''"
    (stderr,) = [line["stderr"] for line in lines if "stderr" in line]
    assert "printed\nprinted\n" in stderr
    for noise in ("written\n", "echoed\n", "passed on\n"):
        assert noise in stderr


def test_a_child_ends_at_its_deadline_without_its_parent(own: Path) -> None:
    (own / "server.py").write_text("while True: pass")
    command = [sys.executable, "stdio_main.py"]
    ended = subprocess.run(
        command, cwd=own, env=environment(Caller(), "tools/call", 0.3), stdin=subprocess.DEVNULL, check=False
    )
    assert ended.returncode == -signal.SIGALRM


def test_the_entry_point_serves_on_ones_own_machine_too(own: Path) -> None:
    (own / "server.py").write_text(SDK_SERVER)
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}
    path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "stdio_main.py"]
    ended = subprocess.run(
        command, cwd=own, env=path, input=json.dumps(hello) + "\n", capture_output=True, text=True, check=True
    )
    assert json.loads(ended.stdout)["result"]["serverInfo"]["name"] == "test"
    assert "printed while it is imported" in ended.stderr
