"""The Lambda targets of an AgentCore Gateway, and the tools that they offer."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcp.types import Tool

from local.identifiers import PSEUDO_PARAMETERS
from local.intrinsics import TemplateError
from local.policies import ACCOUNT, ACTION, decided, statements
from local.template import Resource, Stack

SERVICE = "bedrock-agentcore.amazonaws.com"
_HERE = f"{PSEUDO_PARAMETERS['AWS::Region']}:{ACCOUNT}"
_NAME = re.compile(r"([0-9a-zA-Z][-]?){1,100}")
_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_KEYS = frozenset(["Type", "Properties", "Required", "Items", "Description"])
_TOOL_KEYS = frozenset(["Name", "Description", "InputSchema", "OutputSchema"])
_CREDENTIALS = [{"CredentialProviderType": "GATEWAY_IAM_ROLE"}]


@dataclass(frozen=True)
class TargetTool:
    """A tool as the gateway offers it, and the function behind it.

    `function` is a logical id and `arn` what the gateway calls it by; `missing` says which permission the gateway
    lacks for that, if any.
    """

    tool: Tool
    target_id: str
    function: str
    arn: str
    missing: str | None


def tools(stack: Stack, gateway: Resource) -> dict[str, TargetTool]:
    """Return the tools of the targets of `gateway` by the name that clients see: target, three underscores, tool.

    Source: Bedrock AgentCore developer guide, "AWS Lambda function targets" and "Understand how AgentCore Gateway
    tools are named"; the forms are those of the resource types' schemas. Raises TemplateError for what CloudFormation
    or the service would refuse, and for targets that are no Lambda function.
    """
    found: dict[str, TargetTool] = {}
    for target in stack.of_type("AWS::BedrockAgentCore::GatewayTarget"):
        if target.properties.get("GatewayIdentifier") not in (gateway.ref, _arn(gateway)):
            raise TemplateError(f"GatewayIdentifier of {target.logical_id} is not the gateway {gateway.logical_id}.")
        for offered in _offered(stack, gateway, target):
            if offered.tool.name in found:
                raise TemplateError(f"{target.logical_id} has more than one tool {offered.tool.name}.")
            found[offered.tool.name] = offered
    if not found:
        raise TemplateError(f"The gateway {gateway.logical_id} has no target.")
    return found


def _offered(stack: Stack, gateway: Resource, target: Resource) -> Iterator[TargetTool]:
    name, properties = str(target.properties.get("Name")), target.properties
    if not _NAME.fullmatch(name):
        raise TemplateError(f"Name of {target.logical_id} is {name!r}: letters, digits and single hyphens are allowed.")
    if properties.get("CredentialProviderConfigurations") != _CREDENTIALS:
        raise TemplateError(f"CredentialProviderConfigurations of {target.logical_id} must be one GATEWAY_IAM_ROLE.")
    configuration = properties.get("TargetConfiguration", {}).get("Mcp", {}).get("Lambda")
    if not configuration:
        raise TemplateError(f"{target.logical_id} has no TargetConfiguration.Mcp.Lambda: all that is served here.")
    function, arn = stack.function_called(str(configuration.get("LambdaArn")), f"LambdaArn of {target.logical_id}")
    if arn != configuration["LambdaArn"]:
        raise TemplateError(f"LambdaArn of {target.logical_id} is no ARN of a function.")
    declared = configuration.get("ToolSchema", {}).get("InlinePayload")
    if not declared:
        raise TemplateError(f"{target.logical_id} has no tools in ToolSchema.InlinePayload.")
    missing = _missing(stack, gateway, arn)
    for tool in declared:
        made = _tool(tool, f"{name}___", target.logical_id)
        yield TargetTool(made, target.ref.rpartition("|")[2], function.logical_id, arn, missing)


def _tool(declared: Any, prefix: str, where: str) -> Tool:
    if not isinstance(declared, Mapping):
        raise TemplateError(f"A tool of {where} is no object.")
    if absent := sorted({"Name", "Description", "InputSchema"} - declared.keys()):
        raise TemplateError(f"A tool of {where} has no {absent[0]}.")
    place = f"Tool {declared['Name']} of {where}"
    if unknown := sorted(declared.keys() - _TOOL_KEYS):
        raise TemplateError(f"{place} has a {unknown[0]}, which a tool definition may not have.")
    schemas = {key: _schema(declared[key], f"{key} of {place}") for key in declared.keys() - {"Name", "Description"}}
    if wrong := sorted(key for key, schema in schemas.items() if schema["type"] != "object"):
        raise TemplateError(f"{wrong[0]} of {place} must be of Type object.")
    return Tool(
        name=prefix + str(declared["Name"]),
        description=str(declared["Description"]),
        input_schema=schemas["InputSchema"],
        output_schema=schemas.get("OutputSchema"),
    )


def _schema(declared: Any, where: str) -> dict[str, Any]:
    """Return a SchemaDefinition as JSON Schema."""
    if not isinstance(declared, Mapping) or declared.get("Type") not in _TYPES:
        raise TemplateError(f"{where} needs a Type, which is one of {', '.join(_TYPES)}.")
    if unknown := sorted(declared.keys() - _KEYS):
        raise TemplateError(f"{where} has {unknown[0]}; a schema may have {', '.join(sorted(_KEYS))} alone.")
    members, required = declared.get("Properties", {}), declared.get("Required", [])
    if not isinstance(members, Mapping) or not isinstance(required, list):
        raise TemplateError(f"Properties of {where} must be an object, and Required a list.")
    schema = {key.lower(): declared[key] for key in declared.keys() - {"Properties", "Items"}}
    if "Properties" in declared:
        schema["properties"] = {name: _schema(member, f"{name} in {where}") for name, member in members.items()}
    if "Items" in declared:
        schema["items"] = _schema(declared["Items"], f"an item in {where}")
    return schema


def _missing(stack: Stack, gateway: Resource, arn: str) -> str | None:
    """Return what keeps the gateway from calling the function by exactly this ARN.

    Of the role's policies the inline ones are read, which are where the template has them.
    """
    role = _role(stack, gateway)
    context = {"aws:sourceaccount": ACCOUNT, "aws:sourcearn": _arn(gateway)}
    trust = statements(role.properties.get("AssumeRolePolicyDocument", {}), role.logical_id)
    trusting = [statement for statement in trust if SERVICE in statement.services]
    if not decided(trusting, "sts:AssumeRole", "", context):
        return f"the role {role.logical_id} does not trust {SERVICE}"
    inline = [
        statement
        for policy in role.properties.get("Policies", [])
        for statement in statements(policy["PolicyDocument"], role.logical_id)
    ]
    context = {"aws:resourceaccount": ACCOUNT}
    if not decided(inline, ACTION, arn, context):
        return f"no inline policy of {role.logical_id} allows {ACTION} on {arn}"
    return None


def _role(stack: Stack, gateway: Resource) -> Resource:
    arn = str(gateway.properties.get("RoleArn"))
    for role in stack.of_type("AWS::IAM::Role"):
        if arn == f"arn:aws:iam::{ACCOUNT}:role/{role.ref}":
            return role
    raise TemplateError(f"RoleArn of {gateway.logical_id} is {arn!r}, which is no role of the template.")


def _arn(gateway: Resource) -> str:
    return f"arn:aws:bedrock-agentcore:{_HERE}:gateway/{gateway.ref}"
