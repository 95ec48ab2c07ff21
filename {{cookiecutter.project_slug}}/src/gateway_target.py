"""What an Amazon Bedrock AgentCore Gateway tells a Lambda target beside the tool's arguments.

Source: "Add a Lambda function target" in the Amazon Bedrock AgentCore developer guide. The gateway turns whatever the
function returns into the text of the result, and hides what it raises from the model.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

import limits

_TOOL_NAME = "bedrockAgentCoreToolName"
# A gateway prefixes the name of each tool with its target's.
_SEPARATOR = "___"


class NotFromGatewayError(Exception):
    """An invocation that names no tool as a gateway does; the text says what is missing."""


def tool_name(context: LambdaContext) -> str:
    """Return the name of the tool that the gateway calls, without the target's name.

    Raises:
        NotFromGatewayError: If there is no client context, or no name of the form `target___tool` in it.
    """
    # The runtime client leaves out what the caller has not sent, and does not check what it has.
    custom = getattr(getattr(context, "client_context", None), "custom", None)
    name = custom.get(_TOOL_NAME) if isinstance(custom, dict) else None
    if not isinstance(name, str):
        raise NotFromGatewayError(
            f"This function is a target of an AgentCore Gateway, and the client context has no {_TOOL_NAME}."
        )
    _, separator, tool = name.partition(_SEPARATOR)
    if not separator or not tool:
        raise NotFromGatewayError(f"{_TOOL_NAME} must have the form target{_SEPARATOR}tool.")
    return tool


def told(result: dict[str, Any]) -> dict[str, Any]:
    """Return what the model is to read of a tool's result: the structured answer where there is one, else all of it.

    In the place of one that Lambda would drop is a result that says so.
    """
    structured: dict[str, Any] | None = result.get("structuredContent")
    read = structured if structured is not None and not result.get("isError") else result
    found = limits.size(read)
    if found <= limits.MAX_RESPONSE_BYTES:
        return read
    too_large: dict[str, Any] = limits.too_large("tools/call", None, found)["result"]
    return too_large


def refused(code: int, message: str) -> dict[str, Any]:
    """Return a tool's result that tells the model of a JSON-RPC error."""
    return error(f"The call was refused ({code}): {message}")


def error(message: str) -> dict[str, Any]:
    """Return a tool's result that tells the model of an error."""
    return {"content": [{"type": "text", "text": message}], "isError": True}
