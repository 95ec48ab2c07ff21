"""The id of a JSON-RPC message, under which it is answered: what nobody could be answered under is refused."""

import json
from typing import Any

REFUSAL = "The id of a request must be a string or an integer."


def lacks_id(message: Any) -> bool:
    """Return whether a message has an id that is none.

    JSON-RPC 2.0 allows null and fractions, MCP allows neither ("Requests" in its base protocol). Its SDKs take such a
    request for a notification, for whose answer the caller would wait in vain.
    """
    if not isinstance(message, dict) or "id" not in message:
        return False
    call_id = message["id"]
    if isinstance(call_id, str):
        # Half of a surrogate pair, which JSON can escape, and the UTF-8 of an answer cannot hold.
        return any("\ud800" <= character <= "\udfff" for character in call_id)
    return not isinstance(call_id, int) or isinstance(call_id, bool)


def body_lacks_id(body: bytes) -> bool:
    """Return whether the body of a request is such a message; what is no JSON is not, and for others to refuse."""
    try:
        return lacks_id(json.loads(body))
    except (ValueError, RecursionError):
        return False
