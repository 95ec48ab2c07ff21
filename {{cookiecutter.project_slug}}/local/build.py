"""`sam build` of the project for the machine and the interpreter that will serve it."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local import layers
from local.sam import read

WORK = Path(".aws-sam", "local")
_FACTS = "import platform, sys; print('python%d.%d' % sys.version_info[:2], platform.machine())"
_MACHINES = {"aarch64": "arm64", "amd64": "x86_64"}


class BuildError(Exception):
    """The project was not built; the message says so in a sentence, after sam's own words."""


async def build(project: Path, sam: Path, runtime: Path, folder: str = "build") -> Path:
    """Build `project` with the SAM CLI `sam` for the interpreter `runtime`; return the path of the built template.

    It lies in `.aws-sam/local/` and `folder`, of which sam deletes what was there before.

    It is the build of the project's own `sam build`, but for the functions' Runtime and Architectures. What it does,
    and where that differs from the target, goes to stderr. Raises BuildError and TemplateError.
    """
    python, machine = await _target(runtime)
    source = read(project / "template.yaml")
    declared = _retarget(source, project, python, machine)
    differs = "" if declared == {f"{python}/{machine}"} else f" (the template says {', '.join(sorted(declared))})"
    print(f"Building for {python}/{machine}{differs} ...", file=sys.stderr, flush=True)
    work = project / WORK
    work.mkdir(parents=True, exist_ok=True)
    derived = work / "template.json"
    derived.write_text(json.dumps(source, default=str), encoding="utf-8")
    command: list[str | Path] = [
        sam,
        "build",
        "--template-file",
        derived,
        "--base-dir",
        project,
        "--build-dir",
        work / folder,
    ]
    command += ["--cache-dir", work / "cache", *_settings(project, source)]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=project,
            env=_environment(sam, runtime),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        raise BuildError(f"The SAM CLI {sam} cannot be started ({error.strerror}).") from error
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        print(output.decode(errors="replace"), file=sys.stderr)
        raise BuildError(f"sam build failed with exit status {process.returncode}; what it said is above.")
    return work / folder / "template.yaml"


async def _target(runtime: Path) -> tuple[str, str]:
    """Return what Lambda calls the interpreter and the machine: ("python3.13", "arm64")."""
    try:
        process = await asyncio.create_subprocess_exec(runtime, "-c", _FACTS, stdout=asyncio.subprocess.PIPE)
    except OSError as error:
        raise BuildError(f"The functions' interpreter {runtime} cannot be started ({error.strerror}).") from error
    output, _ = await process.communicate()
    python, machine = output.decode().split()
    return python, _MACHINES.get(machine.lower(), machine)


def _retarget(source: dict[str, Any], project: Path, python: str, machine: str) -> set[str]:
    """Set every function's Runtime and Architectures; return what they were, as `python3.13/arm64`."""
    shared = source.get("Globals", {}).get("Function", {})
    functions = [
        resource.setdefault("Properties", {})
        for resource in source["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    declared = set()
    for properties in functions:
        merged = {"Architectures": ["x86_64"], **shared, **properties}
        declared.add(f"{merged.get('Runtime')}/{merged['Architectures'][0]}")
        # Absolute, because sam takes the path of a function that it does not build from beside the template.
        code = str(project.absolute() / merged.get("CodeUri", "."))
        properties |= {"Runtime": python, "Architectures": [machine], "CodeUri": code}
        if "Layers" in properties:
            properties["Layers"] = layers.retargeted(properties["Layers"], merged["Architectures"][0], machine)
    return declared


def _settings(project: Path, source: Mapping[str, Any]) -> list[str]:
    """Return the options that stand for what `sam build` in the project would read from beside its template."""
    # sam looks for samconfig.toml beside the template, which is the derived one here.
    config = project / "samconfig.toml"
    options = ["--config-file", str(config)] if config.exists() else []
    builders = {resource.get("Metadata", {}).get("BuildMethod") for resource in source["Resources"].values()}
    return [*options, "--beta-features"] if "python-uv" in builders else options


def _environment(sam: Path, runtime: Path) -> dict[str, str]:
    # For uv, which the development environment has, and for pip's builder, which wants the interpreter by its name.
    folders = [str(tool.absolute().parent) for tool in (Path(sys.executable), sam, runtime)]
    path = os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])
    # Byte code halves a cold start; a copy has other file times than those that the usual kind is compared by.
    byte_code = {"UV_COMPILE_BYTECODE": "1", "PYC_INVALIDATION_MODE": "UNCHECKED_HASH"}
    return {"AWS_DEFAULT_REGION": "us-east-1", **byte_code, **os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0"}
