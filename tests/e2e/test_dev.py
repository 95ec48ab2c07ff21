"""`make dev` and `make tour`: the project's own loop, from its sources."""

import json
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from e2e.conftest import Built, Stack
from e2e.test_refusals import post


class Dev:
    """`python -m local` at work on a copy of the project, so that its sources can be changed."""

    def __init__(self, built: Built, folder: Path) -> None:
        self.project = folder / "project"
        ignored = shutil.ignore_patterns(".aws-sam", "local.log")
        shutil.copytree(built.project, self.project, ignore=ignored)
        command = built.command("--json", "--sam", str(built.tools / "sam/bin/sam"))
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command,
            cwd=self.project,
            env=built.environment(),
            stdout=pipe,
            stderr=pipe,
            text=True,
            bufsize=1,
        )
        assert self.process.stdout
        self.stack = Stack(**json.loads(self.process.stdout.readline()))

    def edit(self, before: str, after: str) -> None:
        server = self.project / "src/server.py"
        text = server.read_text()
        assert before in text
        server.write_text(text.replace(before, after, 1))

    def said(self, expected: str) -> str:
        """Read on until a line of the log has the text, and return the line."""
        assert self.process.stderr
        for line in self.process.stderr:
            if expected in line:
                return line
            assert "eloaded" not in line, line
        raise AssertionError(f"it ended without a word of {expected!r}")

    def tools(self) -> str:
        response = post(self.stack, self.stack.access_token)
        assert response.status_code == 200
        return response.text


@pytest.fixture
def dev(built: Built, tmp_path: Path) -> Iterator[Dev]:
    running = Dev(built, tmp_path)
    with running.process as process:
        yield running
        process.kill()


def test_a_saved_change_is_served_and_a_broken_one_is_not(dev: Dev) -> None:
    assert "Count S3 buckets" in dev.tools()
    dev.edit('title="Count S3 buckets"', 'title="Count the buckets"')
    dev.said("Reloaded.")
    assert "Count the buckets" in dev.tools()
    dev.edit("import account\n", "import acount\n")
    assert "McpFunction" in dev.said("Not reloaded")
    assert "Count the buckets" in dev.tools()
    dev.edit("import acount\n", "import account\n")
    dev.said("Reloaded.")
    assert "Count the buckets" in dev.tools()


def test_the_tool_that_the_readme_shows_works_as_written(dev: Dev) -> None:
    readme = (dev.project / "README.md").read_text()
    example = readme.split("under `_add_tools`:\n\n")[1].split("\n\n- ")[0]
    dev.edit(
        "def _add_tools(server: MCPServer) -> None:\n", f"def _add_tools(server: MCPServer) -> None:\n{example}\n\n"
    )
    dev.said("Reloaded.")
    assert "Greet somebody by name." in dev.tools()


def test_ctrl_c_ends_it_quietly_with_all_that_it_started(dev: Dev) -> None:
    dev.process.send_signal(signal.SIGINT)
    try:
        # Read to the end: a program whose pipe is full does not end.
        _, said = dev.process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        dev.process.send_signal(signal.SIGABRT)
        raise AssertionError(dev.process.communicate()[1]) from None
    assert dev.process.returncode == 0
    assert "Traceback" not in said
    for url in (dev.stack.mcp_url, dev.stack.issuer, dev.stack.aws_endpoint_url):
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(url)


def once(built: Built, *options: str) -> subprocess.CompletedProcess[str]:
    command = built.command("--template", str(built.template), *options)
    return subprocess.run(
        command, cwd=built.project, env=built.environment(), capture_output=True, text=True, check=False
    )


def test_a_port_in_use_is_told_in_a_sentence(built: Built) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = once(built, "--port", str(port))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Port {port} is in use.\n")


def test_a_parameter_that_the_template_refuses_is_told_in_a_sentence(built: Built) -> None:
    done = once(built, "--parameter", "AlarmEmail=nobody")
    assert done.returncode == 1
    assert "AlarmEmail cannot be 'nobody'" in done.stderr
    assert "must be one e-mail address" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_tour_shows_what_answers_and_fails_with_what_does_not(built: Built, tmp_path: Path) -> None:
    good = once(built, "--tour")
    assert good.returncode == 0
    assert "count_s3_buckets" in good.stdout
    assert '{"buckets": 3}' in good.stdout
    broken = built.changed(tmp_path, lambda text: text.replace("app.lambda_handler", "app.lambda_handle"))
    bad = once(built, "--tour", "--template", str(broken))
    assert bad.returncode == 1
    assert "FAILED" in bad.stdout


def test_the_command_for_people_tells_them_how_to_connect(built: Built) -> None:
    command = built.command("--template", str(built.template))
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=built.project, env=built.environment(), stdout=pipe, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        told = ""
        while "Ctrl-C" not in told:
            told += process.stdout.readline()
        process.terminate()
    assert "http://127.0.0.1:" in told
    assert "inspector --cli http" in told
    assert "claude mcp add --transport http" in told
