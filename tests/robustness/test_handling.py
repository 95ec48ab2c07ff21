"""Each fault has a test that fails once what handles the fault is taken away; this takes it away, and sees that.

`make robustness` runs it. CI has no time for it: most of them want an artifact of their own.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import Bake
from robustness.conftest import PYTHON
from variants import ROOT, TEMPLATE
from workshop import Workshop

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Handling:
    """Code that handles a fault.

    Attributes:
        path: The file with the code, in a project, or below the template's folder of projects.
        code: The code, which is there once.
        without: What stands in its place once it is gone.
        test: The file of the tests that must then fail, all that are chosen.
        chosen: Which of its tests: a `-k` expression of pytest.
    """

    path: str
    code: str
    without: str
    test: str
    chosen: str


_FAULTS = "tests/e2e/test_faults.py"
_NEVER = "except ZeroDivisionError as error:"
_KINDS = "(BotoCoreError, ClientError, ResponseParserError, AttributeError, LookupError, TypeError, ValueError)"
_REFUSED = (
    '    _logger.warning("AWS refused %s: %s (HTTP %s, request %s)", error.operation_name, code, status, request)\n'
)


def _aws(code: str, without: str, chosen: str) -> Handling:
    return Handling("src/aws_failures.py", code, without, _FAULTS, chosen)


# What the tests see from outside, of a built server.
BUILT = {
    "AWS limits the rate": _aws('    "TooManyRequestsException": _THROTTLED,\n', "", "refusal and throttled"),
    "AWS is down": _aws("advice = _IN_TROUBLE", 'advice = ""', "refusal and down"),
    "AWS denies": _aws("_ADVICE.get(code)", 'details.get("Message", "")', "refusal and denied"),
    "the clock is wrong": _aws('    "InvalidSignatureException": _UNTRUSTED,\n', "", "refusal and skewed"),
    "a refusal has no line": _aws(_REFUSED, "", "refusal"),
    "AWS answers what cannot be read": _aws(
        _KINDS, "(BotoCoreError, ClientError)", "answer_that_is_none or botocore_cannot_read"
    ),
    "AWS cannot be reached": _aws(_KINDS, _KINDS.replace("BotoCoreError, ", ""), "not_there or connection_that_breaks"),
    "a failure has no line": _aws(
        '    _logger.warning("%s: %s at %s", what, name, _place(error))\n', "", "answer_that_is_none or not_there"
    ),
    "AWS hangs": Handling("src/aws.py", "read_timeout=6", "read_timeout=60", _FAULTS, "hangs"),
    "in a process of its own": _aws(
        "_ADVICE.get(code)", 'details.get("Message", "")', "process_of_its_own or official"
    ),
    "an import fails": Handling(
        "src/artifact.py", "except ImportError as error:", _NEVER, _FAULTS, "another_processor or stdio_server_lacks"
    ),
    "an answer is larger than Lambda carries": Handling(
        "src/limits.py", "MAX_RESPONSE_BYTES = 6_291_556", "MAX_RESPONSE_BYTES = 62_915_560", _FAULTS, "carries"
    ),
    "a request to a process is larger than is read": Handling(
        "src/http_stdio.py",
        "len(body) > DEFAULT_MAX_REQUEST_BODY_SIZE",
        "len(body) > 2 * DEFAULT_MAX_REQUEST_BODY_SIZE",
        _FAULTS,
        "up_to_its_limit and stdio and 413",
    ),
    "the provider has a new key": Handling(
        "local/sign_in/jwks.py",
        "if kid not in self._keys or monotonic()",
        "if not self._keys or monotonic()",
        "tests/local/test_authorizer.py",
        "again_for_a_new_one",
    ),
}

_SECRET, _SECRETS = "token_authorizer/team_secret.py", "tests/test_token_authorizer.py"
_KEY, _KEYS = "src/request_state.py", "tests/test_request_state.py"
_HTTP = "tests/test_http_in_process.py"
_UNREADABLE = "except (AttributeError, KeyError, TypeError, ValueError, ResponseParserError):"
_TOKEN, _STATE, _TENANTS = {"authorization": "token"}, {"state": "dynamodb"}, {"tenancy": "assume-role"}

# What the tests of a project with these answers see in memory.
IN_MEMORY = {
    "the team's secret is missing": (
        _TOKEN,
        Handling(_SECRET, "except (BotoCoreError, ClientError) as error:", _NEVER, _SECRETS, "without_a_secret"),
    ),
    "Secrets Manager is down": (
        _TOKEN,
        Handling(_SECRET, "except (BotoCoreError, ClientError) as error:", _NEVER, _SECRETS, "last_copy and five"),
    ),
    "the team's secret is none": (
        _TOKEN,
        Handling(_SECRET, _UNREADABLE, "except ZeroDivisionError:", _SECRETS, "nobody_can_send"),
    ),
    "the team's secret is rotated": (
        _TOKEN,
        Handling(_SECRET, " or self._match(presented, DOUBTED_SECONDS)", "", _SECRETS, "after_a_rotation"),
    ),
    "the key of requestState is missing": (
        _STATE,
        Handling(_KEY, "except (BotoCoreError, ClientError) as error:", _NEVER, _KEYS, "without_a_copy"),
    ),
    "the key of requestState is none": (
        _STATE,
        Handling(_KEY, _UNREADABLE, "except ZeroDivisionError:", _KEYS, "no_key_is_named"),
    ),
    "the key of requestState is rotated": (
        _STATE,
        Handling(_KEY, "return self._not_older_than(DOUBTED_SECONDS).unseal(token)", "raise", _KEYS, "does_not_know"),
    ),
    "a tenant's credentials cannot be had": (
        _TENANTS | {"adapter": "stdio"},
        Handling(
            "src/child_environment.py",
            "except aws_failures.kinds() as error:",
            _NEVER,
            "tests/test_child.py",
            "cannot_be_had",
        ),
    ),
    "a call outlasts the function": (
        {},
        Handling("src/serving.py", "if not done:\n        call.cancel()", "if not done:", _HTTP, "outlasts"),
    ),
    "half of a surrogate pair": (
        {},
        Handling("src/sdk.py", "_explicit_annotations, _in_unicode]", "_explicit_annotations]", _HTTP, "surrogate"),
    ),
    "a request under an id that is none": (
        {},
        Handling("src/serving.py", "if envelope.body_lacks_id(body):", "if False:", _HTTP, "under_an_id and 2025"),
    ),
}


@pytest.fixture(scope="module")
def repository(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository, with the environments of this one."""
    copy = shutil.copytree(template, tmp_path_factory.mktemp("copy") / "repository")
    (copy / ".tools").symlink_to(ROOT / ".tools")
    # Its tests ask git what belongs to it.
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    return copy


@pytest.fixture(scope="module")
def project(bake: Bake) -> Callable[[dict[str, str]], Workshop]:
    """Return a function that makes a project, one for the same answers."""
    made: dict[str, Workshop] = {}

    def once(answers: dict[str, str]) -> Workshop:
        if (key := repr(answers)) not in made:
            made[key] = Workshop(bake(**answers), PYTHON)
            made[key].make("setup")
        return made[key]

    return once


@contextmanager
def gone(handling: Handling, folder: Path) -> Iterator[None]:
    """Take the handling out of a project, or of the template, while the block runs."""
    file = folder / handling.path
    text = file.read_text()
    assert text.count(handling.code) == 1
    file.write_text(text.replace(handling.code, handling.without))
    try:
        yield
    finally:
        file.write_text(text)


def seen(handling: Handling, python: str | Path, folder: Path) -> None:
    """Run the tests that must fail, and see that each does so by itself, and not by what it is set up with."""
    command = [python, "-m", "pytest", "-p", "no:cacheprovider", "-rA", handling.test, "-k", handling.chosen]
    # Byte code is taken for that of its source by the second, and files change more often here.
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    outcomes = re.findall(r"^(PASSED|FAILED|ERROR|SKIPPED) .*::", done.stdout, re.MULTILINE)
    assert set(outcomes) == {"FAILED"}, done.stdout + done.stderr


@pytest.mark.parametrize("fault", BUILT)
def test_a_fault_that_is_not_handled_any_more_is_found_at_a_built_server(repository: Path, fault: str) -> None:
    with gone(BUILT[fault], repository / TEMPLATE.name):
        seen(BUILT[fault], sys.executable, repository)


@pytest.mark.parametrize("fault", IN_MEMORY)
def test_a_fault_that_is_not_handled_any_more_is_found_in_memory(
    project: Callable[[dict[str, str]], Workshop], fault: str
) -> None:
    answers, handling = IN_MEMORY[fault]
    workshop = project(answers)
    with gone(handling, workshop.project):
        seen(handling, workshop.venv / "bin/python", workshop.project)
