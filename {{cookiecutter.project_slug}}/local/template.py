"""A SAM template as this machine serves it: translated, its parameters set, its references resolved."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from local import sam
from local.identifiers import Identity, text
from local.intrinsics import NO_VALUE, Resolver, TemplateError
from local.parameters import evaluate

_URLS = {"AWS::BedrockAgentCore::Gateway": "GatewayUrl", "AWS::Lambda::Url": "FunctionUrl"}
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

    @property
    def guards(self) -> frozenset[str]:
        """The logical ids of the functions that decide who may call: those of Lambda authorizers."""
        uris = {
            authorizer.logical_id: str(authorizer.properties.get("AuthorizerUri"))
            for authorizer in self.of_type("AWS::ApiGatewayV2::Authorizer")
            if authorizer.properties.get("AuthorizerType") == "REQUEST"
        }
        return frozenset(
            self.function_called(uri, f"AuthorizerUri of {name}")[0].logical_id for name, uri in uris.items()
        )

    @property
    def domain_names(self) -> list[str]:
        """The names that AWS would serve the template's APIs, function URLs and gateways at."""
        own = [
            f"{api.ref}.execute-api.us-east-1.amazonaws.com"
            for api in self.of_type("AWS::ApiGatewayV2::Api")
            if not api.properties.get("DisableExecuteApiEndpoint")
        ]
        own += [
            Identity(kind, resource.logical_id, resource.properties.get).attribute(attribute).split("/")[2]
            for kind, attribute in _URLS.items()
            for resource in self.of_type(kind)
        ]
        return own + [domain.ref for domain in self.of_type("AWS::ApiGatewayV2::DomainName")]

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


def load(path: Path, overrides: Mapping[str, str] | None = None, stand_ins: Mapping[str, str] | None = None) -> Stack:
    """Return the stack that the (built) SAM template at `path` describes, resolved to values shaped as on AWS.

    `overrides` are parameter values, held to the template's constraints; `stand_ins` are not. Raises TemplateError
    and parameters.ParameterError.
    """
    source = sam.read(path)
    values = evaluate(source.get("Parameters", {}), overrides or {}, stand_ins or {})
    code = sam.take_code(source, path.parent)
    return _resolved(sam.translated(source, values), values, code)


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
