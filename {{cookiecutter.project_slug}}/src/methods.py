"""The one HTTP method that the MCP endpoint takes."""

from starlette.types import ASGIApp, Receive, Scope, Send


class PostOnly:
    """An ASGI application that answers 405 to every method but POST.

    The SDK's stateless transport would answer a GET with a stream that never ends, and bill it until the timeout.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http" or scope["method"] == "POST":
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 405, "headers": [(b"allow", b"POST")]})
        await send({"type": "http.response.body", "body": b""})
