"""Which program serves a function: the runtime, or an app behind the Lambda Web Adapter's layer.

Source: the adapter's guide, "Zip Packages" (https://github.com/aws/aws-lambda-web-adapter): the layer, the wrapper
and a script as the handler make an adapter together.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from local.intrinsics import TemplateError
from local.template import Resource

# A project that was made for the adapter has it.
_STAND_IN = Path(__file__).with_name("web_adapter.py")
_WRAPPER = "/opt/bootstrap"
_LAYER = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:layer:LambdaAdapterLayer(X86|Arm64):\d+")
_ARCHITECTURES = {"X86": "x86_64", "Arm64": "arm64"}


def retargeted(layers: list[Any], declared: str, machine: str) -> list[Any]:
    """Return a function's layers for the processor `machine` in place of `declared`: an adapter's ARN names its own."""
    marks = {processor: f":layer:LambdaAdapterLayer{name}:" for name, processor in _ARCHITECTURES.items()}
    found: list[Any] = json.loads(json.dumps(layers).replace(marks[declared], marks[machine]))
    return found


def command(resource: Resource, code: Path, runtime: Path) -> list[str]:
    """Return what to run for the function `resource` with its code in the folder `code`.

    `runtime` is an interpreter that has awslambdaric. Raises TemplateError for an adapter that would not work.
    """
    # Not resolved: the link is what makes an interpreter one of a virtual environment.
    return (
        [sys.executable, "-I", str(_STAND_IN), str(code / resource.properties["Handler"])]
        if _adapted(resource)
        else [str(runtime.absolute()), "-m", "awslambdaric", resource.properties["Handler"]]
    )


def _adapted(resource: Resource) -> bool:
    name, properties = resource.logical_id, resource.properties
    variables = properties.get("Environment", {}).get("Variables", {})
    wrapped = variables.get("AWS_LAMBDA_EXEC_WRAPPER") == _WRAPPER
    layers = [layer for layer in properties.get("Layers", []) if "LambdaAdapterLayer" in str(layer)]
    if wrapped and not layers:
        raise TemplateError(f"{name} has AWS_LAMBDA_EXEC_WRAPPER {_WRAPPER}, but not the LambdaAdapterLayer it is in.")
    if not layers:
        return False
    if not _STAND_IN.exists():
        raise TemplateError(f"{name} has the layer {layers[0]}, and this project's local/ has no stand-in for it.")
    if not wrapped:
        raise TemplateError(f"{name} has the layer {layers[0]}, but not AWS_LAMBDA_EXEC_WRAPPER: {_WRAPPER}.")
    found = _LAYER.fullmatch(str(layers[0]))
    if len(layers) > 1 or not found:
        raise TemplateError(f"{name} must name one version of one LambdaAdapterLayer by its ARN, not {layers}.")
    architecture = properties.get("Architectures", ["x86_64"])[0]
    if _ARCHITECTURES[found[1]] != architecture:
        raise TemplateError(f"{name} runs on {architecture}, but its layer {layers[0]} is of the other architecture.")
    return True
