"""Answers: data in the output, or refused before a file is written."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from cookiecutter.exceptions import FailedHookException

from conftest import Bake
from test_source import UniqueKeys
from variants import DEFAULT, MANIFEST, REFUSED, Answers, facts, name_of


@pytest.mark.parametrize(
    "hostile",
    [
        'He said "hello"',
        "It's ours",
        "back\\slash \\n \\u0041",
        '""" + __import__("os").system("false") + """',
        "<script>alert(1)</script> & co",
        "${AWS::AccountId} !Ref x",
        "$(touch pwned) `touch pwned` $HOME",
        "# not a comment: - [x]",
        "Größe 東京 🚀",
        "}} %}",
        "a" * 60,
    ],
)
def test_an_odd_name_is_data(bake: Bake, hostile: str) -> None:
    project = bake(project_name=hostile, project_slug="odd", description=hostile)
    resources = yaml.load((project / "template.yaml").read_text(), UniqueKeys)
    variables = resources["Resources"]["McpFunction"]["Properties"]["Environment"]["Variables"]
    assert resources["Description"] == hostile
    assert variables["SERVER_TITLE"] == hostile
    assert tomllib.loads((project / "samconfig.toml").read_text())
    assert hostile in (project / "README.md").read_text()


@pytest.mark.parametrize("question", ["project_name", "description"])
@pytest.mark.parametrize("bad", ["two\nlines", "a\x00b", "tab\there", " ", "a" * 201, "a {% raw %}", "a {# b #}"])
def test_a_name_that_is_no_line_of_text_is_refused(template: Path, tmp_path: Path, question: str, bad: str) -> None:
    refusal = refuse(template, tmp_path, **{question: bad})
    assert f"- {question} must" in refusal


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "My-Server",
        "1st",
        "a_b",
        "a b",
        "-a",
        "a-",
        "a--b",
        "../up",
        "a/b",
        "/tmp/a",
        "a" * 41,
        "a;b",
        "a'b",
        "ünder",
    ],
)
def test_a_slug_that_cannot_name_a_stack_is_refused(template: Path, tmp_path: Path, slug: str) -> None:
    assert "project_slug" in refuse(template, tmp_path, project_slug=slug)


@pytest.mark.parametrize("slug", ["con", "aux", "nul", "com1", "lpt9"])
def test_a_slug_that_windows_reserves_is_refused(template: Path, tmp_path: Path, slug: str) -> None:
    assert f"Try '{slug}-mcp'" in refuse(template, tmp_path, project_slug=slug)


@pytest.mark.parametrize("answers", REFUSED, ids=name_of)
def test_a_pair_that_cannot_work_is_refused_with_what_to_choose_instead(
    bake: Bake, capfd: pytest.CaptureFixture[str], answers: Answers
) -> None:
    with pytest.raises(FailedHookException):
        bake(**answers)
    told = capfd.readouterr().err
    assert "Nothing was generated:" in told
    for pair in MANIFEST["refused"]:
        if all(answers[question] in choices for question, choices in pair["answers"].items()):
            given = " with ".join(f"{question}={answers[question]}" for question in sorted(pair["answers"]))
            assert f"- {given} cannot work: {pair['reason']} Choose {pair['instead']} instead." in told


def test_a_refused_pair_leaves_no_file(template: Path, tmp_path: Path) -> None:
    refusal = refuse(template, tmp_path, endpoint="lambda-invoke", adapter="web-adapter")
    assert "Choose adapter=in-process, or endpoint=function-url instead." in refusal


@pytest.mark.parametrize(
    "package", ["two words", "git+https://example.com/x", "../x", "-r other.txt", "a>=1", "a;b", "a\nb", "a==", "[x]"]
)
def test_what_cannot_name_a_package_is_refused(template: Path, tmp_path: Path, package: str) -> None:
    refusal = refuse(template, tmp_path, adapter="stdio", stdio_package=package)
    assert "- stdio_package" in refusal
    assert "mcp-server-time" in refusal


@pytest.mark.parametrize("package", ["mcp-server-time", "awslabs.aws-documentation-mcp-server", "a[b,c]==1.2.3"])
def test_a_package_with_extras_and_a_version_is_taken(bake: Bake, package: str) -> None:
    project = bake(adapter="stdio", stdio_package=package)
    for name in ("requirements.in", "requirements.txt"):
        assert package in (project / "src" / name).read_text().splitlines()


def test_an_answer_that_does_not_matter_is_ignored(bake: Bake) -> None:
    assert (bake(stdio_package="no package at all") / "template.yaml").exists()


def refuse(template: Path, folder: Path, **answers: str) -> str:
    """Run the real command with raw answers; assert that it wrote nothing, and return what it said."""
    replay, output = folder / "replay.json", folder / "output"
    context = json.loads((template / "cookiecutter.json").read_text())
    typed = {name: value for name, value in context.items() if not name.startswith("_")}
    typed = {name: value[0] if isinstance(value, list) else value for name, value in typed.items()}
    typed |= {"project_slug": "my-mcp-server"} | answers
    private = {name: value for name, value in facts(DEFAULT | typed).items() if name.startswith("__")}
    private |= {name: value for name, value in context.items() if name.startswith("_") and name[1] != "_"}
    # A replay file carries answers as typed; on the command line cookiecutter would render them first.
    replay.write_text(json.dumps({"cookiecutter": typed | private}))
    command = [sys.executable, "-m", "cookiecutter", str(template), "--replay-file", str(replay), "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert [path for path in folder.rglob("*") if path.is_file()] == [replay]
    return done.stdout + done.stderr


def test_a_choice_that_is_not_offered_is_refused(bake: Bake) -> None:
    with pytest.raises(ValueError, match="the choices are"):
        bake(authorization="basic")


def test_an_answer_to_no_question_is_refused_by_the_tests_own_bake(bake: Bake) -> None:
    with pytest.raises(AssertionError, match="no such question"):
        bake(authorisation="oidc")


def test_every_fault_is_told_at_once(template: Path, tmp_path: Path) -> None:
    refusal = refuse(template, tmp_path, project_name=" ", description="a\nb", project_slug="A")
    assert refusal.count("\n- ") == 3
