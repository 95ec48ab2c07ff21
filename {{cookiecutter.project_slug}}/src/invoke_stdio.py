"""JSON-RPC as the payload of lambda:InvokeFunction: one message an event, its answer out."""

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from mcp.types import INVALID_REQUEST, JSONRPCMessage, JSONRPCNotification, JSONRPCRequest, RequestId
from mcp_lambda import RequestHandler
from pydantic import TypeAdapter

import limits

_ID: TypeAdapter[RequestId] = TypeAdapter(RequestId)


class InvokeStdio:
    """A request handler of run-mcp as a Lambda handler; what run-mcp's `lambda_function_client` talks to."""

    def __init__(self, child: RequestHandler) -> None:
        self._child = child

    def __call__(self, event: Any, context: LambdaContext) -> dict[str, Any]:
        """Serve one event. Whatever it holds, the answer is a JSON-RPC message, or {} for a notification.

        Args:
            event: A JSON-RPC message, as an object.
            context: The invocation's context; its remaining time bounds the call.
        """
        try:
            # By way of JSON, whose parser refuses what could not be sent back or on: NaN, half a surrogate pair.
            message = JSONRPCMessage.model_validate_json(json.dumps(event, allow_nan=False)).root
        except (RecursionError, ValueError):
            return _refused(event)
        if isinstance(message, JSONRPCNotification) and "id" not in event:
            return {}
        if not isinstance(message, JSONRPCRequest):
            return _refused(event)
        answer = self._child.handle_request(message, context).model_dump(by_alias=True, exclude_none=True)
        return limits.bounded(answer, message.method)


def _refused(event: Any) -> dict[str, Any]:
    call_id: RequestId | None
    try:
        call_id = _ID.validate_json(json.dumps(event["id"]))
    except (KeyError, RecursionError, TypeError, ValueError):
        call_id = None
    message = "The event is neither a JSON-RPC 2.0 request nor a notification."
    answer = {"jsonrpc": "2.0", "id": call_id, "error": {"code": INVALID_REQUEST, "message": message}}
    # An id as large as an event may be is echoed with more around it.
    return limits.bounded(answer, "an event")
