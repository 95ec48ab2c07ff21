"""Renders that are kept in git, so that a reviewer sees what a change does to the output.

`make golden` writes them anew.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from variants import DEFAULT, PACKAGE, Answers

GOLDEN = Path(__file__).parent / "golden"
SHAPES: dict[str, Answers] = {
    "http-api-cognito": DEFAULT,
    "http-api-oidc": DEFAULT | {"authorization": "oidc", "ci": "none"},
    "http-api-token": DEFAULT | {"authorization": "token", "ci": "none"},
    "http-api-dynamodb-assume-role": DEFAULT | {"state": "dynamodb", "tenancy": "assume-role", "ci": "none"},
    "function-url-web-adapter": DEFAULT | {"endpoint": "function-url", "adapter": "web-adapter"},
    "agentcore-gateway": DEFAULT | {"endpoint": "agentcore-gateway"},
    "lambda-invoke-package": DEFAULT | {"endpoint": "lambda-invoke", "adapter": "stdio", "stdio_package": PACKAGE},
}
KEPT = ("template.yaml", "README.md")


@pytest.mark.parametrize("shape", SHAPES)
def test_the_output_is_the_one_that_was_reviewed(baked: Callable[[Answers], Path], shape: str) -> None:
    project, golden = baked(SHAPES[shape]), GOLDEN / shape
    listing = "".join(sorted(f"{path.relative_to(project)}\n" for path in project.rglob("*") if path.is_file()))
    now = {"files.txt": listing, **{name: (project / name).read_text() for name in KEPT}}
    if os.environ.get("UPDATE_GOLDEN"):
        for name, text in now.items():
            (golden / name).parent.mkdir(parents=True, exist_ok=True)
            (golden / name).write_text(text)
    for name, text in now.items():
        assert text == (golden / name).read_text(), f"{shape}/{name} has changed; if you mean it: make golden"
