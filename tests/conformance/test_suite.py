"""How what the suite did is read: a suite that checks nothing must not look like one that finds nothing."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from conformance.suite import Finding, Suite, SuiteError

# It is called as `node SCRIPT server … -o FOLDER …`, and does what the file beside it says.
NODE = f"""#!{sys.executable}
import json, pathlib, sys
if sys.argv[1] == "--version":
    sys.exit(print("v22.1.0"))
plan = json.loads(pathlib.Path(__file__).with_name("plan.json").read_text())
for scenario, statuses in plan["checks"].items():
    folder = pathlib.Path(sys.argv[sys.argv.index("-o") + 1]) / f"server-{{scenario}}-2026-11-27T21-58-19-363Z"
    folder.mkdir(parents=True)
    (folder / "checks.json").write_text(json.dumps([{{"status": status}} for status in statuses]))
print("at length === SUMMARY === in short")
sys.exit(plan["status"])
"""


def suite(folder: Path, checks: dict[str, list[str]], status: int = 0) -> Suite:
    """Return a suite that requires `ping` and `json-schema-2020-12` and ends as told."""
    package = folder / "modules/@modelcontextprotocol/conformance"
    (package / "requirements").mkdir(parents=True)
    (package / "package.json").write_text('{"version": "1.2.3"}')
    (package / "requirements/2026-07-28.yaml").write_text("server: [ping, json-schema-2020-12]\n")
    node = folder / "modules/.bin/node"
    node.parent.mkdir()
    node.write_text(NODE)
    node.chmod(0o755)
    node.with_name("plan.json").write_text(json.dumps({"checks": checks, "status": status}))
    return Suite(folder / "modules", "http://127.0.0.1:1/mcp", folder / "expected.yaml", folder / "out")


def required(made: Suite) -> tuple[list[Finding], str]:
    return asyncio.run(made.requirements("2026-07-28"))


def test_what_was_checked_and_not_found_wrong_passes(tmp_path: Path) -> None:
    findings, surprises = required(suite(tmp_path, {"ping": ["SUCCESS"], "json-schema-2020-12": ["INFO", "WARNING"]}))
    assert [(found.scenario, found.passed, found.warned) for found in findings] == [
        ("ping", True, False),
        ("json-schema-2020-12", True, True),
    ]
    assert not surprises


def test_a_failure_that_was_expected_is_good_and_not_passed(tmp_path: Path) -> None:
    findings, _ = required(suite(tmp_path, {"ping": ["SUCCESS"], "json-schema-2020-12": ["SUCCESS", "FAILURE"]}))
    assert [(found.good, found.passed) for found in findings] == [(True, True), (True, False)]


@pytest.mark.parametrize(
    "checks", [{}, {"ping": ["SUCCESS"]}, {"ping": ["SUCCESS"], "json-schema-2020-12": ["SKIPPED"]}]
)
def test_a_required_scenario_that_checked_nothing_is_not_good(tmp_path: Path, checks: dict[str, list[str]]) -> None:
    findings, _ = required(suite(tmp_path, checks))
    assert not findings[-1].good
    assert not findings[-1].passed


def test_what_was_not_expected_is_told_in_the_suites_words(tmp_path: Path) -> None:
    _, surprises = required(suite(tmp_path, {"ping": ["FAILURE"]}, status=1))
    assert surprises.strip() == "in short"


@pytest.mark.parametrize(("checks", "status"), [({}, 0), ({"ping": ["SUCCESS"]}, 1), ({"tools-list": ["SUCCESS"]}, 0)])
def test_a_single_scenario_is_good_only_if_it_checked_something_and_the_suite_says_so(
    tmp_path: Path, checks: dict[str, list[str]], status: int
) -> None:
    assert not asyncio.run(suite(tmp_path, checks, status).scenario("ping", "2026-07-28")).good


def test_a_node_that_is_too_old_is_named_with_what_is_needed(tmp_path: Path) -> None:
    made = suite(tmp_path, {})
    assert asyncio.run(made.described()) == "MCP conformance suite 1.2.3, Node 22.1.0"
    node = tmp_path / "modules/.bin/node"
    node.write_text(node.read_text().replace("v22.1.0", "v20.20.2"))
    with pytest.raises(SuiteError, match=r"needs Node 22 or newer, `node` is v20\.20\.2"):
        asyncio.run(made.described())
