"""A client's transport over lambda:InvokeFunction: one JSON-RPC message an invocation."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp.types import INTERNAL_ERROR, ErrorData, JSONRPCError, JSONRPCRequest, jsonrpc_message_adapter

_Received = MemoryObjectReceiveStream[SessionMessage | Exception]
_Sent = MemoryObjectSendStream[SessionMessage]


@asynccontextmanager
async def invoke_transport(
    functions: Any, function_name: str, options: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[_Received, _Sent]]:
    """Send each message by `functions`, a boto3 client for Lambda, and hand on what the function returns.

    `options` go with each invocation, such as the `TenantId` that it is for.
    """
    into_client, from_server = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    into_server, from_client = anyio.create_memory_object_stream[SessionMessage](0)

    def invoke(payload: bytes) -> bytes:
        response = functions.invoke(FunctionName=function_name, Payload=payload, **(options or {}))
        answer: bytes = response["Payload"].read()
        if "FunctionError" in response:
            raise RuntimeError(f"The function failed: {answer.decode()}")
        return answer

    async def send() -> None:
        async with from_client, into_client:
            async for sent in from_client:
                payload = sent.message.model_dump_json(by_alias=True, exclude_none=True).encode()
                try:
                    answer = await anyio.to_thread.run_sync(invoke, payload)
                    # What answers a notification is no message.
                    if json.loads(answer):
                        await into_client.send(SessionMessage(jsonrpc_message_adapter.validate_json(answer)))
                except Exception as error:  # noqa: BLE001 - whatever goes wrong is for who waits for an answer
                    if isinstance(sent.message, JSONRPCRequest):
                        told = ErrorData(code=INTERNAL_ERROR, message=f"{type(error).__name__}: {error}")
                        failed = JSONRPCError(jsonrpc="2.0", id=sent.message.id, error=told)
                        await into_client.send(SessionMessage(failed))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send)
        yield from_server, into_server
        tasks.cancel_scope.cancel()
