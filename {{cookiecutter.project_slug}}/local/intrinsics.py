"""CloudFormation's intrinsic functions and conditions, evaluated for a template that SAM has translated."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from local.identifiers import PSEUDO_PARAMETERS, Identity, text

NO_VALUE = object()
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
_LITERAL = re.compile(r"\$\{!([^}]*)\}")


class TemplateError(ValueError):
    """The template says something that CloudFormation would refuse, or that cannot be served here."""


class Resolver:
    """Resolves values of a translated template to what they would be on AWS.

    The functions and their rules are those of the CloudFormation template reference, "Intrinsic functions"; the ones
    that need a transform of their own or another stack raise TemplateError.
    """

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        """`parameters` holds a value for every parameter that the template declares."""
        self._template = template
        self._parameters = parameters
        self._under_way: list[str] = []
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self.condition,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": lambda of: of[0].join(text(item) for item in self.value(of[1])),
            "Fn::Select": self._select,
            "Fn::Split": lambda of: self.value(of[1]).split(of[0]),
            "Fn::If": lambda of: self.value(of[1] if self.condition(of[0]) else of[2]),
            "Fn::Equals": lambda of: text(self.value(of[0])) == text(self.value(of[1])),
            "Fn::Not": lambda of: not self.value(of[0]),
            "Fn::And": lambda of: all(self.value(item) for item in of),
            "Fn::Or": lambda of: any(self.value(item) for item in of),
            "Fn::FindInMap": self._find_in_map,
            "Fn::Base64": lambda of: base64.b64encode(text(self.value(of)).encode()).decode(),
        }

    def present(self, logical_id: str) -> bool:
        """Return whether the template has the resource and its condition, if any, holds."""
        resource = self._template["Resources"].get(logical_id)
        return resource is not None and ("Condition" not in resource or self.condition(resource["Condition"]))

    def condition(self, name: str) -> bool:
        """Return whether the condition `name` holds."""
        conditions = self._template.get("Conditions", {})
        if name not in conditions:
            raise TemplateError(f"The template has no condition {name}.")
        with self._guard(f"condition {name}"):
            return bool(self.value(conditions[name]))

    def identity(self, logical_id: str) -> Identity:
        """Return what other resources see of a resource that is present."""
        if not self.present(logical_id):
            raise TemplateError(f"The template has no parameter or resource {logical_id}, or its condition is false.")
        resource = self._template["Resources"][logical_id]
        properties = resource.get("Properties", {})

        def property_of(name: str) -> object:
            if name not in properties:
                return None
            with self._guard(f"{logical_id}.{name}"):
                found = self.value(properties[name])
            return None if found is NO_VALUE else found

        return Identity(resource["Type"], logical_id, property_of)

    def value(self, value: Any) -> Any:
        """Return `value` with every function in it evaluated, and without members that are AWS::NoValue."""
        if isinstance(value, list):
            return [found for item in value if (found := self.value(item)) is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            # A policy statement has a member Condition too, an object: only a name is a reference to a condition.
            if name in self._functions and (name != "Condition" or isinstance(argument, str)):
                return self._functions[name](argument)
            if name.startswith("Fn::"):
                raise TemplateError(f"{name} is not evaluated here.")
        return {name: found for name, item in value.items() if (found := self.value(item)) is not NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in PSEUDO_PARAMETERS:
            return PSEUDO_PARAMETERS[name]
        if name in self._parameters:
            listed = "List" in self._template["Parameters"][name]["Type"]
            given = self._parameters[name]
            return [item.strip() for item in given.split(",")] if listed else given
        return self.identity(name).ref

    def _get_att(self, of: str | list[Any]) -> str:
        logical_id, _, attribute = of.partition(".") if isinstance(of, str) else (of[0], ".", self.value(of[1]))
        try:
            return self.identity(logical_id).attribute(attribute)
        except KeyError:
            raise TemplateError(f"{logical_id} has no attribute {attribute}.") from None

    def _sub(self, of: str | list[Any]) -> str:
        pattern, given = (of, {}) if isinstance(of, str) else (of[0], self.value(of[1]))

        def variable(found: re.Match[str]) -> str:
            name = found[1].strip()
            if name in given:
                return text(given[name])
            return text(self._get_att(name) if "." in name else self._ref(name))

        return _LITERAL.sub(r"${\1}", _VARIABLE.sub(variable, pattern))

    def _select(self, of: list[Any]) -> Any:
        index, items = int(self.value(of[0])), self.value(of[1])
        if not 0 <= index < len(items):
            raise TemplateError(f"Fn::Select has no item {index} among {len(items)}.")
        return items[index]

    def _find_in_map(self, of: list[Any]) -> Any:
        keys = [text(self.value(key)) for key in of[:3]]
        found = self._template.get("Mappings", {})
        for key in keys:
            if key not in found:
                raise TemplateError(f"Fn::FindInMap has no {'.'.join(keys)}.")
            found = found[key]
        return found

    @contextmanager
    def _guard(self, what: str) -> Iterator[None]:
        if what in self._under_way:
            raise TemplateError(f"{what} depends on itself: {' -> '.join([*self._under_way, what])}.")
        self._under_way.append(what)
        try:
            yield
        finally:
            self._under_way.pop()
