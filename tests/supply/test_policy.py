"""What checkov finds in every distinct template, in the workflows and among the sources: nothing without its reason.

It reads template.yaml as people have it and as SAM translates it, with the exceptions that stand beside the resources
made unreadable to it. So what it finds is all there is to explain, and an exception of nothing shows as well.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from test_template import translated
from variants import DEFAULT, ROOT, TEMPLATE, TEMPLATES, Answers, facts, name_of, sources
from workshop import apart

Baked = Callable[[Answers], Path]

# Exactly, because a release brings checks, which are to be looked at when the pin is raised.
CHECKOV = "checkov==3.3.30"
EXCEPTION = "checkov:skip="
NO_KEY = "stands for a key where somebody is to be refused, and opens nothing"
MEANT = {
    ("tests/e2e/test_doctor.py", "CKV_SECRET_2"): NO_KEY,
    ("tests/e2e/test_doctor.py", "CKV_SECRET_6"): NO_KEY,
    ("tests/e2e/test_signatures.py", "CKV_SECRET_2"): NO_KEY,
    ("tests/e2e/test_token.py", "CKV_SECRET_6"): "what a test puts into the stand-in for Secrets Manager",
    ("tests/local/test_function_url.py", "CKV_SECRET_6"): NO_KEY,
    ("tests/local/test_registration.py", "CKV_SECRET_6"): "the example of RFC 7636",
    ("tests/interop/places.py", "CKV_SECRET_2"): NO_KEY,
    (f"{TEMPLATE.name}/local/declared.py", "CKV_SECRET_6"): "the name of a variable",
    (
        f"{TEMPLATE.name}/local/signing/door.py",
        "CKV_SECRET_2",
    ): "names of the local stack's two callers, whose keys are random",
    (f"{TEMPLATE.name}/tests/test_child.py", "CKV_SECRET_6"): "what a test looks for in the log",
    (f"{TEMPLATE.name}/tests/test_telemetry.py", "CKV_SECRET_6"): "what a test looks for in the log",
}
WIDE_OPEN = """
  OpenBucket:
    Type: AWS::S3::Bucket
    Properties:
      AccessControl: PublicReadWrite

  OpenPolicy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: "*", Resource: "*"}]
"""
# SAM makes resources of the functions alone, which differ by these; the rest it leaves as it is.
TRANSLATED = {
    tuple(facts(answers)[name] for name in ("endpoint", "adapter", "__authorization")): answers for answers in TEMPLATES
}.values()
# The first test waits until checkov has been installed, and has read everything.
pytestmark = pytest.mark.timeout(900)


class Finding(NamedTuple):
    """A check that a resource fails."""

    resource: str
    check: str


class Scan(NamedTuple):
    """What checkov made of each file of a folder, by its path: what failed, and what it was told to leave out."""

    failed: dict[str, dict[Finding, str]]
    skipped: dict[str, set[Finding]]


@pytest.fixture(scope="session")
def checkov() -> Path:
    return apart("checkov", CHECKOV).with_name("checkov")


def scan(checkov: Path, folder: Path, *frameworks: str) -> Scan:
    """Run checkov on a folder, without its platform or anything else of the network."""
    options = ("--enable-secret-scan-all-files", "--skip-download", "--compact", "--output", "json")
    command: list[str | Path] = [checkov, "--directory", folder, "--framework", *frameworks, *options]
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "LOG_LEVEL": "ERROR"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    # It ends with 1 where it finds something, as with what it was not told to leave out.
    assert done.returncode in {0, 1}, done.stderr
    reports: Any = json.loads(done.stdout)
    found = Scan({}, {})
    for report in reports if isinstance(reports, list) else [reports]:
        assert report["summary"]["parsing_errors"] == 0, report["results"]["parsing_errors"]
        for kind in ("passed_checks", "failed_checks", "skipped_checks"):
            for record in report["results"][kind]:
                path = record["file_path"].lstrip("/")
                finding = Finding(record["resource"].rpartition(".")[2], record["check_id"])
                failed, skipped = found.failed.setdefault(path, {}), found.skipped.setdefault(path, set())
                if kind == "failed_checks":
                    failed[finding] = record["check_name"]
                if kind == "skipped_checks":
                    skipped.add(finding)
    return found


def exceptions(template: str) -> Iterator[Finding]:
    """Yield each exception of a template.yaml.

    Raises:
        AssertionError: If one has no reason.
    """
    resource = ""
    for line in template.splitlines():
        if heading := re.fullmatch(r"  (\w+):", line):
            resource = heading[1]
        if EXCEPTION in line:
            written = re.fullmatch(rf"    # {EXCEPTION}(CKV\w+): [A-Z].+\.", line)
            assert written, f"{line.strip()} of {resource} is not an exception with a sentence that says why"
            yield Finding(resource, written[1])


def differences(name: str, failed: dict[Finding, str], explained: set[Finding]) -> Iterator[str]:
    """Yield what is wrong with a template's findings beside its exceptions."""
    for each in failed.keys() - explained:
        yield f"{name}: {each}, {failed[each]}: mend it, or say beside it why not"
    for each in explained - failed.keys():
        yield f"{name}: {each} is excepted but not found: take the exception away"


def covering(explained: dict[str, set[Finding]]) -> list[str]:
    """Return a few names between which every exception that there is occurs."""
    chosen, left = [], set().union(*explained.values())
    while left:
        most = max(explained, key=lambda name: len(explained[name] & left))
        chosen.append(most)
        left -= explained[most]
    return chosen


@pytest.fixture(scope="module")
def explained(baked: Baked) -> dict[str, set[Finding]]:
    """The exceptions of each template."""
    return {name_of(answers): set(exceptions((baked(answers) / "template.yaml").read_text())) for answers in TEMPLATES}


@pytest.fixture(scope="module")
def found(
    checkov: Path, baked: Baked, explained: dict[str, set[Finding]], tmp_path_factory: pytest.TempPathFactory
) -> Scan:
    """What one run of checkov, which is slow to start, finds in all that the tests ask of it."""
    folder = tmp_path_factory.mktemp("templates")
    for kind in ("plain", "translated", "excepted", "broken"):
        (folder / kind).mkdir()
    for answers in TEMPLATES:
        name, project = name_of(answers), baked(answers)
        text = (project / "template.yaml").read_text()
        plain = text.replace(EXCEPTION, "an exception: ")
        (folder / f"plain/{name}.yaml").write_text(plain)
        if answers in TRANSLATED:
            (folder / f"translated/{name}.json").write_text(json.dumps(translated(project), indent=1))
        if name in covering(explained):
            (folder / f"excepted/{name}.yaml").write_text(text)
        if answers == DEFAULT:
            (folder / "broken/open.yaml").write_text(plain.replace("\nOutputs:", f"{WIDE_OPEN}\nOutputs:"))
    return scan(checkov, folder, "cloudformation")


@pytest.mark.parametrize("form", ["plain", "translated"])
def test_every_finding_is_explained_beside_its_resource_and_every_explanation_is_of_one(
    found: Scan, explained: dict[str, set[Finding]], form: str
) -> None:
    scanned = {Path(path).stem: failed for path, failed in found.failed.items() if path.startswith(f"{form}/")}
    assert set(scanned) == {name_of(answers) for answers in (TEMPLATES if form == "plain" else TRANSLATED)}
    wrong = [line for name, failed in scanned.items() for line in differences(name, failed, explained[name])]
    assert not wrong, "\n".join(sorted(wrong))


def test_a_finding_without_an_exception_and_an_exception_without_a_finding_would_be_named() -> None:
    bucket, topic = Finding("OpenBucket", "CKV_AWS_20"), Finding("AlarmTopic", "CKV_AWS_26")
    assert list(differences("it", {bucket: "Ensure", topic: "Ensure"}, {topic})) == [
        f"it: {bucket}, Ensure: mend it, or say beside it why not"
    ]
    assert list(differences("it", {}, {topic})) == [f"it: {topic} is excepted but not found: take the exception away"]


def test_checkov_reads_the_exceptions_where_they_stand(found: Scan, explained: dict[str, set[Finding]]) -> None:
    read = {path: found.skipped[path] for path in found.skipped if path.startswith("excepted/")}
    assert read == {f"excepted/{name}.yaml": explained[name] for name in covering(explained)}
    assert not [found.failed[path] for path in read if found.failed[path]]


def test_what_is_wide_open_would_be_found(found: Scan) -> None:
    usual = found.failed[f"plain/{name_of(DEFAULT)}.yaml"]
    more = found.failed["broken/open.yaml"].keys() - usual.keys()
    assert {resource for resource, _ in more} == {"OpenBucket", "OpenPolicy"}


def test_an_exception_without_a_reason_would_be_found() -> None:
    with pytest.raises(AssertionError, match="AlarmTopic"):
        list(exceptions(f"  AlarmTopic:\n    # {EXCEPTION}CKV_AWS_26\n"))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git tracks but for the kept renders, with a workflow and a key that are wrong on purpose."""
    folder = tmp_path_factory.mktemp("repository")
    for path in sources():
        if not path.is_relative_to("tests/golden"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, folder / path)
    workflow = folder / "broken/.github/workflows/open.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(
        "on: push\npermissions: write-all\njobs:\n  open:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
    )
    # Put together, so that it is not found here.
    (folder / "broken/key.py").write_text(f'aws_access_key_id = "AKIA{"Z5GQ4HLR7WVNP3XT"}"\n')
    return folder


def test_the_workflows_and_the_sources_hold_nothing_that_is_not_meant(checkov: Path, repository: Path) -> None:
    """The workflows are the template's own and those of a generated project, which are not rendered."""
    found = scan(checkov, repository, "github_actions", "secrets")
    workflows = {path.relative_to(repository) for path in repository.glob("**/.github/workflows/*.yml")}
    assert len(workflows) == 5
    assert {str(path) for path in workflows} <= set(found.failed)
    wrong = {(path, check) for path, failed in found.failed.items() for _, check in failed}
    planted = {("broken/.github/workflows/open.yml", "CKV2_GHA_1"), ("broken/key.py", "CKV_SECRET_2")}
    assert wrong == MEANT.keys() | planted
    assert not any(found.skipped.values())
