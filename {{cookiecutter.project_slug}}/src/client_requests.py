"""Which requests are worth a process: those that MCP 1.x knows, with parameters that it can read."""

import json
from typing import get_args

from mcp.shared.exceptions import McpError
from mcp.types import INVALID_PARAMS, METHOD_NOT_FOUND, ClientRequestType, ErrorData, JSONRPCRequest
from pydantic import ValidationError
from pydantic_core import from_json

_KINDS = {get_args(kind.model_fields["method"].annotation)[0]: kind for kind in get_args(ClientRequestType)}


def check(request: JSONRPCRequest) -> None:
    """Refuse what no server could serve.

    Raises:
        McpError: With METHOD_NOT_FOUND or INVALID_PARAMS, as JSON-RPC 2.0 has them.
    """
    kind = _KINDS.get(request.method)
    if kind is None:
        raise McpError(ErrorData(code=METHOD_NOT_FOUND, message="This server's revision of MCP lacks the method."))
    message = request.model_dump(include={"method", "params"}, exclude_none=True)
    try:
        kind.model_validate(message)
        # The SDK's servers never answer what their JSON parser refuses: NaN, half a surrogate pair, 200 levels.
        from_json(json.dumps(message, ensure_ascii=False).encode(), allow_inf_nan=False)
    except ValidationError as error:
        wrong = ", ".join(sorted({".".join(map(str, item["loc"])) for item in error.errors(include_input=False)}))
        raise McpError(ErrorData(code=INVALID_PARAMS, message=f"Missing or mistyped: {wrong[:500]}.")) from None
    except (ValueError, RecursionError):
        raise McpError(ErrorData(code=INVALID_PARAMS, message="The parameters are no JSON that MCP carries.")) from None
