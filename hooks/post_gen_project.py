"""Keeps the files of the chosen variant, drops the others, and says what to do next."""

import json
import shutil
from pathlib import Path
from typing import Any

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")


def prune(answers: dict[str, Any], project: Path) -> None:
    """Apply the manifest `_variants` of cookiecutter.json to the rendered project."""
    manifest = answers["_variants"]
    for path, source in manifest["alternatives"].items():
        chosen = project / source.format(**answers)
        # Not every choice has the file: where there is no HTTP, nothing reads the caller from a request.
        if chosen.exists():
            (project / path).parent.mkdir(exist_ok=True)
            chosen.rename(project / path)
    for path, needed in manifest["only"].items():
        target = project / path
        if any(answers[question] not in choices for question, choices in needed.items()):
            shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
    shutil.rmtree(project / "variants")


prune(ANSWERS, Path.cwd())
print(
    f"""
{ANSWERS["project_slug"]} is made. Next:

  cd {ANSWERS["project_slug"]}
  make dev                     # run it here, without AWS
  make deploy ARGS=--guided    # put it on AWS (or: sam build && sam deploy --guided)
"""
)
