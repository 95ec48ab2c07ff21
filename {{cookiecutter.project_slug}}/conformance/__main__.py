"""`python -m conformance`: have the official MCP conformance suite examine this project, served on this machine."""

import argparse
import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from conformance import scenarios
from conformance.proxy import CredentialProxy
from conformance.suite import Finding, Suite, SuiteError
from local import options as served
from local.build import BuildError
from local.intrinsics import TemplateError
from local.listener import Listener
from local.parameters import ParameterError
from local.stack import LocalStack, Settings
from local.tour import Connect

# What sam and the local stack write is there too, and git ignores it.
_FOLDER = Path.cwd() / ".aws-sam/conformance"


def _path(given: str) -> Path:
    """Return what is found from any folder: the suite runs in one of its own."""
    return Path(given).absolute()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m conformance", description="Have the official MCP conformance suite examine this project."
    )
    parser.add_argument("--suite", type=_path, required=True, metavar="PATH", help="its folder node_modules")
    parser.add_argument(
        "--revision", action="append", choices=list(scenarios.BY_REVISION), help="may be repeated (default: all)"
    )
    parser.add_argument(
        "--expected-failures", type=_path, default=Path(__file__).with_name("expected.yaml"), metavar="FILE"
    )
    parser.add_argument(
        "--requirements",
        action="store_true",
        help="all that a revision requires, for a server that has the suite's own tools, resources and prompts",
    )
    served.add(parser)
    return parser.parse_args()


@asynccontextmanager
async def _serving(options: argparse.Namespace, log: list[str]) -> AsyncIterator[tuple[str, Connect]]:
    """Serve the project; yield a URL that asks for no credentials, and how a client of the official SDK connects."""
    settings = Settings(
        project=Path.cwd(),
        runtime=options.runtime,
        sam=options.sam,
        template=options.template,
        port=0,
        parameters=dict(options.parameter),
        log=lambda name, line: log.append(f"{name}: {line}"),
    )
    async with LocalStack(settings) as local:
        url = local.door.url(local.stack)
        async with CredentialProxy(url, local.door.auth(local.stack)) as proxy, Listener(proxy) as listener:
            path = httpx2.URL(url).path
            yield f"http://{listener.authority}{path}", local.door.client(local.stack)[0]


def _told(finding: Finding) -> None:
    """Print how a scenario ended."""
    ended = "warning" if finding.warned else "passed" if finding.passed else "not passed"
    print(f"  {ended if finding.good else 'FAILED':12} {finding.scenario}", flush=True)
    if not finding.good:
        print(finding.words or "The suite checked nothing.")


async def _each(suite: Suite, revision: str, lacking: set[str]) -> bool:
    """Run the scenarios of `revision` for any server; return whether each ended as expected."""
    findings = []
    for name in scenarios.BY_REVISION[revision]:
        if name in lacking:
            print(f"  {'not offered':12} {name}")
        else:
            findings.append(await suite.scenario(name, revision))
            _told(findings[-1])
    return _summed(revision, findings)


async def _required(suite: Suite, revision: str) -> bool:
    """Run all that `revision` requires; return whether it ended as expected."""
    findings, surprises = await suite.requirements(revision)
    for finding in findings:
        _told(finding)
    print(surprises, end="")
    return _summed(revision, findings) and not surprises


def _summed(revision: str, findings: list[Finding]) -> bool:
    """Print how many scenarios passed; return whether all are as they should be."""
    passed, warned, good = (sum(getattr(found, how) for found in findings) for how in ("passed", "warned", "good"))
    with_warning = f", {warned} of them with a warning" if warned else ""
    print(f"{revision}: {passed} of {len(findings)} scenarios passed{with_warning}.", flush=True)
    return bool(findings) and good == len(findings)


async def _main(options: argparse.Namespace) -> int:
    log: list[str] = []
    async with _serving(options, log) as (url, connect):
        suite = Suite(options.suite, url, options.expected_failures, _FOLDER)
        print(await suite.described())
        lacking = await scenarios.lacking(connect)
        good = []
        for revision in options.revision or scenarios.BY_REVISION:
            print(f"\n{revision}")
            run = _required(suite, revision) if options.requirements else _each(suite, revision, lacking)
            good.append(await run)
    (_FOLDER / "functions.log").write_text("\n".join(log), encoding="utf-8")
    if all(good):
        return 0
    print(f"\nWhat each check found is below {_FOLDER}, with what the functions wrote in functions.log.")
    return 1


def main() -> int:
    """Return the exit status: 0 if the suite found nothing but what is expected."""
    options = _options()
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    try:
        return asyncio.run(_main(options))
    except KeyboardInterrupt:
        return 130
    except (BuildError, ParameterError, SuiteError, TemplateError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
