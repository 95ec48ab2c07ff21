"""What is measured, built: code, the request that it answers, and what a good answer is."""

import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import catalog, events
from benchmarks.emulator import Function
from benchmarks.events import ADD, SUM, AnswerError
from benchmarks.projects import HANDLERS, Project, built, installed

_WITHOUT_BYTE_CODE = {catalog.RUN_MCP, catalog.AWSLABS, catalog.MANGUM}
_DOCUMENT = "/.well-known/oauth-protected-resource"
_ONE_TOOL = HANDLERS / "one_tool/server.py"


@dataclass(frozen=True)
class Subject:
    """A function, and an event whose answer `check` takes: it raises AnswerError for one that is not good.

    `artifact` is the folder that is shipped, where it is one of its own.
    """

    name: str
    function: Function
    event: bytes
    check: Callable[[bytes], None]
    artifact: Path | None = None

    @property
    def process_for_each_call(self) -> bool:
        """Whether a call is slow enough that a few tell as much as many."""
        return catalog.ENTRIES[self.name].process_for_each_call


@dataclass(frozen=True)
class Stage:
    """All subjects, and the project of the default answers with the one tool."""

    subjects: list[Subject]
    default: Project


def build() -> Stage:
    """Generate, build and install everything below build/benchmark."""
    _say("the default answers, with the samples")
    generated = built(catalog.GENERATED, {})
    host = generated.host
    answers = {
        catalog.IN_PROCESS: {},
        catalog.WEB_ADAPTER: {"adapter": "web-adapter"},
        catalog.STDIO: {"adapter": "stdio"},
        catalog.LAMBDA_INVOKE: {"endpoint": "lambda-invoke"},
    }
    projects = {}
    for name, chosen in answers.items():
        _say(f"{name}, with the one tool")
        projects[name] = built(name, chosen, _ONE_TOOL)
    default = projects[catalog.IN_PROCESS]
    subjects = [_ours(name, project) for name, project in projects.items()]
    in_process = subjects[0]
    modern = events.over_http(events.message(revision=events.MODERN, **ADD["params"], method=ADD["method"]), host)
    subjects += [
        replace(in_process, name=catalog.MODERN, event=modern, artifact=None),
        replace(
            in_process,
            name=catalog.SYNC_TOOL,
            function=prepended(in_process.function, HANDLERS / "sync_tool"),
            artifact=None,
        ),
        _with_samples(generated),
        Subject(
            catalog.WELL_KNOWN,
            generated.function("WellKnownFunction"),
            events.document(_DOCUMENT, host),
            _is_metadata,
            generated.stack.code["WellKnownFunction"],
        ),
    ]
    subjects += _others(default)
    order = list(catalog.ENTRIES)
    return Stage(sorted(subjects, key=lambda subject: order.index(subject.name)), default)


def check_without_byte_code(subjects: Iterable[Subject]) -> None:
    """Raise AnswerError if a start has written byte code: the next one would be faster than any on AWS."""
    for subject in subjects:
        if subject.name in _WITHOUT_BYTE_CODE and subject.artifact and any(subject.artifact.rglob("*.pyc")):
            raise AnswerError(f"There is byte code in {subject.artifact}, which is to be read-only.")


def prepended(function: Function, folder: Path, **variables: str) -> Function:
    """Return the function with the modules of `folder` in front of its own."""
    path = os.pathsep.join([str(folder), str(function.code)])
    return replace(function, code=folder, variables={**function.variables, "PYTHONPATH": path, **variables})


def _ours(name: str, project: Project) -> Subject:
    by_invocation = name == catalog.LAMBDA_INVOKE
    event = events.by_invocation(ADD) if by_invocation else events.over_http(ADD, project.host)
    return Subject(name, project.function(), event, _is_sum, project.stack.code["McpFunction"])


def _with_samples(project: Project) -> Subject:
    event = events.over_http(events.message("tools/list"), project.host)
    return Subject(catalog.GENERATED, project.function(), event, _lists_tools, project.stack.code["McpFunction"])


def _others(project: Project) -> Iterable[Subject]:
    event = events.over_http(ADD, project.host)
    for name in (catalog.BARE, catalog.SDK, catalog.RUN_MCP, catalog.AWSLABS, catalog.MANGUM):
        _say(name)
        code = installed(name.replace("-", "_"), project.runtime)
        function = project.foreign(code)
        if name == catalog.SDK:
            dependencies = replace(function, code=project.stack.code["McpFunction"])
            function = prepended(dependencies, code)
        yield Subject(name, function, event, _is_sum, None if name == catalog.SDK else code)


def _is_sum(answer: bytes) -> None:
    if (found := events.text_of(answer)) != SUM:
        raise AnswerError(f"The tool answers {found!r}, and not {SUM!r}.")


def _lists_tools(answer: bytes) -> None:
    if not events.result_of(answer).get("tools"):
        raise AnswerError(f"This lists no tools: {answer[:1000]!r}")


def _is_metadata(answer: bytes) -> None:
    found = json.loads(answer)
    if found.get("statusCode") != 200 or "authorization_servers" not in json.loads(found["body"]):  # noqa: PLR2004
        raise AnswerError(f"This is no protected resource metadata: {answer[:1000]!r}")


def _say(what: str) -> None:
    print(f"Building {what} ...", file=sys.stderr, flush=True)
