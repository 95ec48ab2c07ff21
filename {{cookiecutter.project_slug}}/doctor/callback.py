"""The address on this machine to which a browser returns from signing in (RFC 8252 section 7.3)."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic
from urllib.parse import parse_qsl, urlsplit

from doctor.hop import BrokenError

_PATH = "/callback"
_DONE = b"<!doctype html><meta charset=utf-8><title>Done</title><p>Back to the terminal: this page can be closed."


class Callback:
    """Listens at `http://localhost:PORT/callback` from its making until it is closed."""

    def __init__(self, port: int) -> None:
        """Take the port. Raises BrokenError if something else has it."""
        self.uri = f"http://localhost:{port}{_PATH}"
        self._answer: dict[str, str] = {}
        try:
            self._server = HTTPServer(("127.0.0.1", port), self._handler())
        except OSError as error:
            raise BrokenError(
                f"The port {port}, to which sign-in returns, cannot be had: {error.strerror}.",
                "Stop what listens there, or choose another by --callback-port that CallbackUrls has as well.",
            ) from error

    def __enter__(self) -> "Callback":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    def wait(self, seconds: float) -> dict[str, str]:
        """Return the parameters with which the browser came back.

        Raises:
            BrokenError: If it did not within `seconds`.
        """
        deadline = monotonic() + seconds
        while not self._answer and (left := deadline - monotonic()) > 0:
            self._server.timeout = left
            self._server.handle_request()
        if not self._answer:
            raise BrokenError(
                f"Nobody came back from signing in within {seconds:.0f} s.",
                "Open the address above in a browser of this machine; --wait gives more time. Without a browser, put a "
                "token into the environment as MCP_TOKEN.",
            )
        return self._answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        callback = self

        class Handler(BaseHTTPRequestHandler):
            # A connection that says nothing, as browsers open in advance, must not hold up the one that does.
            timeout = 5

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                found = dict(parse_qsl(parts.query))
                taken = parts.path == _PATH and ("code" in found or "error" in found)
                if taken:
                    callback._answer = found
                self.send_response(200 if taken else 404)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(_DONE if taken else b"")

            def log_message(self, *_: object) -> None:
                """Write nothing: the request line has the code."""

        return Handler
