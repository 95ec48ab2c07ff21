"""A SAM template as this machine serves it: translated, its parameters set, its references resolved."""

import importlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from local import parameters as template_parameters
from local.identifiers import PSEUDO_PARAMETERS, text
from local.intrinsics import NO_VALUE, Resolver, TemplateError

# Not by an import statement: its types are a package of their own, without which strict type checks would fail.
_YAML_ERROR: type[Exception] = importlib.import_module("yaml").YAMLError
_FUNCTION_ARN = re.compile(r"arn:[\w-]+:lambda:[\w-]*:\d*:function:[\w-]+(?::[\w$-]+)?")


@dataclass(frozen=True)
class Resource:
    """A resource of the stack, its properties resolved; `ref` is what `Ref` gives for it."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    ref: str


@dataclass(frozen=True)
class Stack:
    """What a deployment of the template would create.

    `code` has the folder of each function by logical id. `functions` has the logical id of the function behind each
    ARN that can be called: the function's own, its aliases' and its versions'.
    """

    resources: Mapping[str, Resource]
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    code: Mapping[str, Path]
    functions: Mapping[str, str]

    def of_type(self, kind: str) -> list[Resource]:
        """Return the resources of a type, such as `AWS::Lambda::Function`."""
        return [resource for resource in self.resources.values() if resource.type == kind]

    def referred(self, kind: str, reference: str, by: str) -> Resource:
        """Return the resource of type `kind` that `reference`, the value of a `Ref` found at `by`, stands for.

        Raises TemplateError if there is none.
        """
        for resource in self.of_type(kind):
            if resource.ref == reference:
                return resource
        raise TemplateError(f"{by} is {reference!r}, which is no {kind} of the template.")

    def function_called(self, uri: str, by: str) -> tuple[Resource, str]:
        """Return the function that an integration URI found at `by` calls, and the ARN by which it does.

        The URI is the ARN of a function, a version or an alias, by itself or inside an API Gateway
        `…:lambda:path/2015-03-31/functions/<arn>/invocations`. Raises TemplateError if it is none of this template.
        """
        found = _FUNCTION_ARN.search(uri)
        if not found or found[0] not in self.functions:
            raise TemplateError(f"{by} is {uri!r}, which names no function, version or alias of the template.")
        return self.resources[self.functions[found[0]]], found[0]

    def relocated(self, origins: Mapping[str, str]) -> "Stack":
        """Return the stack with each key of `origins`, the beginning of a URL, replaced wherever a string has it."""
        if not origins:
            return self
        longest_first = sorted(origins, key=len, reverse=True)
        known = re.compile(f"(?:{'|'.join(map(re.escape, longest_first))})" + r"(?![\w-]|\.\w)")

        def moved(value: Any) -> Any:
            if isinstance(value, str):
                return known.sub(lambda origin: origins[origin[0]], value)
            if isinstance(value, list):
                return [moved(item) for item in value]
            if isinstance(value, Mapping):
                return {name: moved(item) for name, item in value.items()}
            return value

        resources = {
            name: replace(resource, properties=moved(resource.properties), ref=moved(resource.ref))
            for name, resource in self.resources.items()
        }
        return replace(self, resources=resources, outputs=moved(self.outputs), parameters=moved(self.parameters))


class _NoManagedPolicies:
    """Stands where SAM would ask IAM for the name of a managed policy that its own list does not have."""

    def load(self) -> dict[str, str]:
        raise TemplateError("A managed policy is not in SAM's list of AWS's own: name it by its ARN.")


def read(path: Path) -> dict[str, Any]:
    """Return the template as it stands in the file, the short forms of functions spelt out. Raises TemplateError."""
    try:
        source = yaml_parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, _YAML_ERROR) as error:
        raise TemplateError(f"{path} cannot be read: {error}") from error
    resources = source.get("Resources") if isinstance(source, dict) else None
    if not isinstance(resources, dict) or not all(isinstance(r, dict) and "Type" in r for r in resources.values()):
        raise TemplateError(f"{path} is no template: it needs Resources, each with a Type.")
    return dict(source)


def load(path: Path, overrides: Mapping[str, str] | None = None, stand_ins: Mapping[str, str] | None = None) -> Stack:
    """Return the stack that the (built) SAM template at `path` describes, resolved to values shaped as on AWS.

    `overrides` are parameter values, held to the template's constraints; `stand_ins` are not. Raises TemplateError
    and parameters.ParameterError.
    """
    source = read(path)
    values = template_parameters.evaluate(source.get("Parameters", {}), overrides or {}, stand_ins or {})
    code = _take_code(source, path.parent)
    # SAM asks boto3 for the region, which would look for it in the caller's AWS configuration.
    os.environ.setdefault("AWS_DEFAULT_REGION", PSEUDO_PARAMETERS["AWS::Region"])
    try:
        translated = transform(source, dict(values), _NoManagedPolicies())
    except InvalidDocumentException as error:
        reasons = "; ".join(cause.message for cause in error.causes)
        raise TemplateError(f"SAM refuses {path}: {reasons}") from error
    return _resolved(translated, values, code)


def _take_code(source: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Return each function's folder; leave S3 locations in the template, which is all that the translator takes."""
    code = {}
    shared = source.get("Globals", {}).get("Function", {})
    default = shared.pop("CodeUri", None)
    for logical_id, resource in source["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource.setdefault("Properties", {})
        local = properties.get("CodeUri", default)
        if not isinstance(local, str) or "://" in local:
            raise TemplateError(f"CodeUri of {logical_id} is {local!r}: only a folder can be served here.")
        code[logical_id] = (folder / local).resolve()
        properties["CodeUri"] = f"s3://local/{logical_id}"
    return code


def _resolved(translated: Mapping[str, Any], values: Mapping[str, str], code: Mapping[str, Path]) -> Stack:
    resolver = Resolver(translated, values)
    resources = {}
    functions: dict[str, str] = {}
    for logical_id, declared in translated["Resources"].items():
        if not resolver.present(logical_id):
            continue
        try:
            properties = resolver.value(declared.get("Properties", {}))
            identity = resolver.identity(logical_id)
            resources[logical_id] = Resource(logical_id, declared["Type"], properties, identity.ref)
            if declared["Type"] == "AWS::Lambda::Function":
                functions[identity.attribute("Arn")] = logical_id
        except TemplateError as error:
            raise TemplateError(f"{logical_id}: {error}") from error
    for resource in resources.values():
        if resource.type in {"AWS::Lambda::Alias", "AWS::Lambda::Version"}:
            functions[resource.ref] = functions[resource.ref.rpartition(":")[0]]
    outputs = {
        name: text(found)
        for name, output in translated.get("Outputs", {}).items()
        if ("Condition" not in output or resolver.condition(output["Condition"]))
        and (found := resolver.value(output["Value"])) is not NO_VALUE
    }
    return Stack(resources, outputs, values, code, functions)
