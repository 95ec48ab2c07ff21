"""The generated project checks itself, and passes as generated."""

import subprocess
from pathlib import Path

import pytest

from conftest import Bake
from variants import Answers, name_of, shapes
from workshop import Workshop


@pytest.mark.parametrize("answers", shapes(), ids=name_of)
def test_its_own_checks_pass_and_leave_the_tree_clean(bake: Bake, answers: Answers) -> None:
    project = bake(**answers)
    workshop = Workshop(project, answers["python_version"])
    # Where the server is a package, this is what asks it for its tools.
    workshop.make("setup")
    commit_all(project)
    output = workshop.make("check")
    assert " passed" in output
    assert "skipped" not in output
    assert git(project, "status", "--porcelain") == ""


def test_a_fault_in_the_code_fails_its_checks(bake: Bake) -> None:
    for path, before, after in (
        ("src/server.py", "READ_ONLY)", "READ_ONLY )"),
        ("src/server.py", "buckets=account.count_buckets()", "buckets=account.count_bucket()"),
        ("well_known/protected_resource.py", '/mcp"', '/mpc"'),
        ("template.yaml", "McpLogGroup.Arn", "McpLogGrup.Arn"),
    ):
        project = bake()
        text = (project / path).read_text()
        assert before in text
        (project / path).write_text(text.replace(before, after, 1))
        with pytest.raises(AssertionError, match="Error"):
            Workshop(project, "3.13").make("check")


def test_a_changed_tool_that_the_gateway_was_not_told_of_fails_its_checks(bake: Bake) -> None:
    project = bake(endpoint="agentcore-gateway")
    server = project / "src/server.py"
    server.write_text(server.read_text().replace("Count the S3 buckets in the account", "Count all buckets"))
    workshop = Workshop(project, "3.13")
    with pytest.raises(AssertionError, match="make schema"):
        workshop.make("check")
    assert "1 changed: count_s3_buckets" in workshop.make("schema")
    workshop.make("check")


def commit_all(project: Path) -> None:
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message=made")


def git(project: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=project, check=True, capture_output=True, text=True).stdout
