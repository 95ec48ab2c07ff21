"""Every way in: a folder, a git URL, and the SAM CLI."""

import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> str:
    """The template behind a git URL."""
    bare = tmp_path / "template.git"
    run("git", "clone", "--quiet", "--bare", str(commit(template, tmp_path / "work")), str(bare), cwd=tmp_path)
    return f"file://{bare}"


def commit(template: Path, copy: Path) -> Path:
    run("cp", "-r", str(template), str(copy), cwd=template)
    run("git", "init", "--quiet", cwd=copy)
    run("git", "add", "--all", cwd=copy)
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    run("git", *identity, "commit", "--quiet", "--message=template", cwd=copy)
    return copy


def files(project: Path) -> set[Path]:
    return {path.relative_to(project) for path in project.rglob("*") if path.is_file()}


def test_cookiecutter_takes_a_folder_and_a_url_alike(template: Path, repository: str, tmp_path: Path) -> None:
    for source, output in ((str(template), "folder"), (repository, "url")):
        run(str(BIN / "cookiecutter"), "--no-input", "--output-dir", output, source, cwd=tmp_path)
    assert files(tmp_path / "folder/my-mcp-server") == files(tmp_path / "url/my-mcp-server")


def test_sam_init_takes_it_too(template: Path, repository: str, tmp_path: Path) -> None:
    for source, output in ((str(template), "folder"), (repository, "url")):
        arguments = ("--name", "sam-two", "--extra-context", '{"project_slug": "sam-two", "authorization": "oidc"}')
        run(str(BIN / "sam"), "init", "--no-input", "--location", source, "-o", output, *arguments, cwd=tmp_path)
    folder, url = tmp_path / "folder/sam-two", tmp_path / "url/sam-two"
    assert files(folder) == files(url)
    assert "Issuer:" in (url / "template.yaml").read_text()


def test_typed_answers_are_taken_as_typed(template: Path, tmp_path: Path) -> None:
    typed = 'Bob\'s "tools" \\ {x}\n\nOne line\n1\n1\n2\n\n1\n1\n1\n2\n2\n'
    command = [str(BIN / "cookiecutter"), str(template), "--output-dir", str(tmp_path)]
    done = subprocess.run(command, input=typed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (tmp_path / "bob-s-tools-x/template.yaml").read_text()
    assert r'SERVER_TITLE: "Bob\'s \"tools\" \\ {x}"'.replace("\\'", "'") in text
    assert '- "x86_64"' in text
    assert "Issuer:" in text
    assert not (tmp_path / "bob-s-tools-x/.github").exists()
