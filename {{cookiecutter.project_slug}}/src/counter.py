"""A counter that a conversation keeps from one call to the next."""

from typing import Annotated

from pydantic import BaseModel, Field

import state
from sdk import MCPServer, ToolAnnotations

_COUNTS = ToolAnnotations.model_validate(
    {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False, "openWorldHint": False}
)
_FORGETS = ToolAnnotations.model_validate(
    {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": True, "openWorldHint": False}
)


class Count(BaseModel):
    """A counter as it stands."""

    handle: str = Field(description="Names this counter; pass it with the next call to count on")
    value: int


class Forgotten(BaseModel):
    """A counter that is no more."""

    handle: str


def add(server: MCPServer) -> None:
    """Register the counter's tools."""

    @server.tool(title="Count up", annotations=_COUNTS)
    def increment_counter(
        handle: Annotated[str | None, Field(description="What an earlier call gave; none to begin")] = None,
    ) -> Count:
        """Add 1 to a counter. Without a handle a new one begins at 1: keep its handle and pass it with each next call.

        Each conversation has a counter of its own. One that is not used for days is gone.
        """
        kept = state.change(handle, lambda value: value + 1) if handle is not None else state.create(1)
        return Count(handle=kept.handle, value=kept.value)

    @server.tool(title="Forget a counter", annotations=_FORGETS)
    def forget_counter(handle: Annotated[str, Field(description="What increment_counter gave")]) -> Forgotten:
        """Delete a counter for good, when the user is done with it."""
        state.delete(handle)
        return Forgotten(handle=handle)
