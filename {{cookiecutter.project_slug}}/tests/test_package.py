"""Which command of which package is the server, and how it is run."""

import sys
from pathlib import Path

import pytest

import server
from server import NoServerError, build_server

SCRIPTS = """[console_scripts]
{}
[other]
not-a-command = example_main:main
"""
MAIN = """
import sys

def main():
    print(sys.argv)
    return 3

async def serve():
    print("served")

def quits():
    sys.exit("no licence")
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path, with a module to be run; distributions are added with `declare`."""
    (tmp_path / "example_main.py").write_text(MAIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["stdio_main.py", "--left-over"])
    monkeypatch.delitem(sys.modules, "example_main", raising=False)
    return tmp_path


def declare(folder: Path, *commands: str, name: str = "example.mcp-server") -> None:
    information = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(SCRIPTS.format("\n".join(commands)))


@pytest.mark.parametrize(
    "requirement",
    [
        "example.mcp-server",
        "Example_MCP.server",
        "example.mcp-server[http]==1.0",
        "example.mcp-server>=1 ; sys_platform",
    ],
)
def test_the_only_command_is_run_as_if_on_the_command_line(
    install: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], requirement: str
) -> None:
    declare(install, "serve-it = example_main:main")
    monkeypatch.setenv("STDIO_PACKAGE", requirement)
    monkeypatch.setattr(server, "ARGUMENTS", ["--local-timezone", "UTC"])
    with pytest.raises(SystemExit) as ended:
        build_server().run("stdio")
    assert ended.value.code == 3
    assert capsys.readouterr().out == "['serve-it', '--local-timezone', 'UTC']\n"


def test_of_several_commands_the_one_of_the_packages_own_name_is_run(
    install: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(install, "other = example_main:main", "example_mcp_server = example_main:serve")
    monkeypatch.setenv("STDIO_PACKAGE", "example.mcp-server")
    with pytest.raises(SystemExit) as ended:
        build_server().run("stdio")
    assert ended.value.code is None
    assert capsys.readouterr().out == "served\n"


def test_a_command_may_end_the_process_with_a_message(install: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(install, "serve-it = example_main:quits")
    monkeypatch.setenv("STDIO_PACKAGE", "example.mcp-server")
    with pytest.raises(SystemExit, match="no licence"):
        build_server().run("stdio")


def test_several_commands_of_other_names_are_listed(install: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(install, "two = example_main:main", "one = example_main:main")
    monkeypatch.setenv("STDIO_PACKAGE", "example.mcp-server")
    with pytest.raises(NoServerError, match="It installs: one, two"):
        build_server()


def test_a_package_without_a_command_is_no_server(install: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(install)
    monkeypatch.setenv("STDIO_PACKAGE", "example.mcp-server")
    with pytest.raises(NoServerError, match="It installs: none"):
        build_server()


@pytest.mark.parametrize("requirement", ["no-such-package", "", "@"])
def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, requirement: str) -> None:
    monkeypatch.setenv("STDIO_PACKAGE", requirement)
    with pytest.raises(NoServerError, match="not installed"):
        build_server()


def test_a_package_serves_over_stdio_only(install: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(install, "serve-it = example_main:main")
    monkeypatch.setenv("STDIO_PACKAGE", "example.mcp-server")
    with pytest.raises(ValueError, match="sse"):
        build_server().run("sse")
