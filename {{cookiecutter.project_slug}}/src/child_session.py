"""One MCP request of a child process: the handshake, the request, and what the child may ask meanwhile."""

from typing import Any

from mcp.types import (
    LATEST_PROTOCOL_VERSION,
    METHOD_NOT_FOUND,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
)
from pydantic import BaseModel, ValidationError

from child_process import ChildError, ChildProcess

_HANDSHAKE = {
    "protocolVersion": LATEST_PROTOCOL_VERSION,
    "capabilities": {},
    "clientInfo": {"name": "lambda", "version": "1"},
}
# A banner or two is harmless; a child that says no more than this in MCP will say nothing.
_MOST_NOISE_LINES = 1_000


class ChildSession:
    """A session with a child that has just been started; good for one request.

    Not mcp's `ClientSession`: that one logs what it cannot validate, which is what the server said, and it shakes
    hands in its own name, so that a client's `initialize` would be the child's second.
    """

    def __init__(self, child: ChildProcess) -> None:
        self._child = child
        self._noise = 0

    def answer(self, request: JSONRPCRequest) -> JSONRPCResponse | JSONRPCError:
        """Return the child's answer, under the id of the request.

        Raises:
            ChildError: If there is none; see `ChildProcess.receive`.
        """
        if request.method == "initialize":
            found = self._ask(0, request.method, request.params)
        else:
            found = self._ask(0, "initialize", _HANDSHAKE)
            if isinstance(found, JSONRPCResponse):
                self._tell(JSONRPCNotification(jsonrpc="2.0", method="notifications/initialized"))
                found = self._ask(1, request.method, request.params)
        return found.model_copy(update={"id": request.id})

    def _ask(self, number: int, method: str, params: dict[str, Any] | None) -> JSONRPCResponse | JSONRPCError:
        self._tell(JSONRPCRequest(jsonrpc="2.0", id=number, method=method, params=params))
        while True:
            message = self._next()
            if isinstance(message, JSONRPCRequest):
                self._tell(self._reply(message))
            # Some servers answer the number 1 as the text "1".
            elif isinstance(message, JSONRPCResponse | JSONRPCError) and str(message.id) == str(number):
                return message

    def _next(self) -> JSONRPCRequest | JSONRPCNotification | JSONRPCResponse | JSONRPCError:
        while self._noise < _MOST_NOISE_LINES:
            try:
                return JSONRPCMessage.model_validate_json(self._child.receive()).root
            except ValidationError:
                self._noise += 1
        raise ChildError("The server writes what is not MCP where its answer belongs. Do not retry; tell the operator.")

    def _reply(self, request: JSONRPCRequest) -> JSONRPCResponse | JSONRPCError:
        if request.method == "ping":
            return JSONRPCResponse(jsonrpc="2.0", id=request.id, result={})
        error = ErrorData(code=METHOD_NOT_FOUND, message="The client cannot be asked anything during a call.")
        return JSONRPCError(jsonrpc="2.0", id=request.id, error=error)

    def _tell(self, message: BaseModel) -> None:
        self._child.send(message.model_dump_json(by_alias=True, exclude_none=True).encode())
