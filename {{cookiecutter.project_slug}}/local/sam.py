"""SAM's part of a template: the file as it stands, and the CloudFormation that it is short for."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
from yaml import YAMLError

from local.identifiers import PSEUDO_PARAMETERS
from local.intrinsics import TemplateError


class _NoManagedPolicies:
    """Stands where SAM would ask IAM for the name of a managed policy that its own list does not have."""

    def load(self) -> dict[str, str]:
        raise TemplateError("A managed policy is not in SAM's list of AWS's own: name it by its ARN.")


def read(path: Path) -> dict[str, Any]:
    """Return the template as it stands in the file, the short forms of functions spelt out. Raises TemplateError."""
    try:
        source = yaml_parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise TemplateError(f"{path} cannot be read: {error}") from error
    resources = source.get("Resources") if isinstance(source, dict) else None
    if not isinstance(resources, dict) or not all(isinstance(r, dict) and "Type" in r for r in resources.values()):
        raise TemplateError(f"{path} is no template: it needs Resources, each with a Type.")
    return dict(source)


def take_code(source: Mapping[str, Any], folder: Path) -> dict[str, Path]:
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


@contextmanager
def _region() -> Iterator[None]:
    # SAM asks boto3 for the region, which would look for it in the caller's AWS configuration.
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = PSEUDO_PARAMETERS["AWS::Region"]
    try:
        yield
    finally:
        del os.environ["AWS_DEFAULT_REGION"]
        if before is not None:
            os.environ["AWS_DEFAULT_REGION"] = before


def translated(source: dict[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Return the template after SAM's transform, without asking AWS for anything. Raises TemplateError."""
    try:
        with _region():
            return dict(transform(source, dict(values), _NoManagedPolicies()))
    except InvalidDocumentException as error:
        reasons = "; ".join(cause.message for cause in error.causes)
        raise TemplateError(f"SAM refuses the template: {reasons}") from error
