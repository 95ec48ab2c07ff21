"""A stand-in for the Lambda Web Adapter: runs a web app, and turns each event into a request to it.

The adapter is a layer of programs for Lambda's own machines; it does not run here. This is run in its place, as a
script on its own, with nothing but the standard library:

    python -I web_adapter.py SCRIPT

It follows version 1.0 of the adapter (https://github.com/aws/aws-lambda-web-adapter, src/lib.rs) and the runtime that
the adapter is built on (https://github.com/aws/aws-lambda-rust-runtime) in: AWS_LWA_READINESS_CHECK_PATH,
AWS_LWA_INVOKE_MODE, AWS_LWA_PASS_THROUGH_PATH, the headers that it adds, and the two forms of a response. An event
that is not of payload format 2.0 counts as none from HTTP. It differs in the port, which is always a free one, handed
to the script as AWS_LWA_PORT (and PORT, if the function has that), because several environments share this machine;
and in what a response that breaks off ends with, which is as in the Lambda developer guide.
"""

import base64
import contextlib
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any, NoReturn
from urllib.parse import quote

_INVOCATION = "/2018-06-01/runtime/invocation"
_HOST = "127.0.0.1"
_SERVED = {f"AWS_LWA_{name}" for name in ("PORT", "READINESS_CHECK_PATH", "INVOKE_MODE", "PASS_THROUGH_PATH")}
_CHUNK = 65_536
# What the URL library of the adapter leaves as it is in a path.
_PATH = "/%:@!$&'()*+,;=~[]^|\\"
_CLIENT = ("installationId", "appTitle", "appVersionName", "appVersionCode", "appPackageName")
_NOT_FORWARDED = {"connection", "content-length", "transfer-encoding"}
_TEXT = {"application/json", "application/javascript", "application/xml", "application/yaml"}
_GRACE = 1.0


def _end(code: int) -> NoReturn:
    """End this process with what the script has started: who holds its output open would make it seem alive."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGTERM)
    os._exit(code)


class _App:
    """The script, and the port that it is to listen on; where the script ends, so does this process."""

    def __init__(self, script: str) -> None:
        with socket.create_server((_HOST, 0)) as free:
            self.port: int = free.getsockname()[1]
        variables = {**os.environ, "AWS_LWA_PORT": str(self.port)}
        if "PORT" in variables:
            variables["PORT"] = str(self.port)
        try:
            self._process = subprocess.Popen([script], env=variables)  # noqa: S603 - what is to be run
        except PermissionError:
            sys.exit(f"{script}: Permission denied. The script must be executable, in the artifact too: chmod +x.")
        except OSError as error:
            sys.exit(f"{script} cannot be run: {error.strerror}. It needs a #! line, with LF at its end.")
        self._watch = threading.Thread(target=self._follow, daemon=True)
        self._watch.start()

    def _follow(self) -> None:
        code = self._process.wait()
        print(f"The app has ended with status {code}.", flush=True)
        _end(code if code >= 0 else 128 - code)

    def await_ready(self) -> None:
        """Return when the app answers its readiness check."""
        path = os.environ.get("AWS_LWA_READINESS_CHECK_PATH", "/")
        print(f"The app is to answer GET {path} on AWS_LWA_PORT, which is {self.port} here.", flush=True)
        while True:
            connection = http.client.HTTPConnection(_HOST, self.port)
            try:
                connection.request("GET", path)
                if connection.getresponse().status < 500:  # noqa: PLR2004
                    return
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            time.sleep(0.01)

    def await_end(self) -> None:
        """Give an app that has broken a connection off the time to end: its end is what counts then."""
        self._watch.join(_GRACE)


def _client_context(given: str | None) -> dict[str, Any] | None:
    """Return the client context as the adapter's runtime reads it: raise ValueError for values that are no strings."""
    if not given:
        return None
    context = json.loads(given)
    client = dict.fromkeys(_CLIENT, "") | (context.get("client") or {})
    read = {"client": client, "custom": context.get("custom", {}), "environment": context.get("environment", {})}
    for name, values in read.items():
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise ValueError(f"The adapter cannot read a client context whose {name} has values that are no strings.")
    return read


def _lambda_context(head: http.client.HTTPMessage) -> dict[str, Any]:
    """Return what `lambda_runtime::Context` is in JSON."""
    return {
        "request_id": head["Lambda-Runtime-Aws-Request-Id"],
        "deadline": int(head["Lambda-Runtime-Deadline-Ms"]),
        "invoked_function_arn": head["Lambda-Runtime-Invoked-Function-Arn"],
        "xray_trace_id": head["Lambda-Runtime-Trace-Id"],
        "client_context": _client_context(head["Lambda-Runtime-Client-Context"]),
        "identity": None,
        "tenant_id": None,
        "env_config": {
            "function_name": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
            "memory": int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]),
            "version": os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
            "log_stream": os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", ""),
            "log_group": os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", ""),
        },
    }


def _bytes(value: Any) -> bytes:
    # Not in ASCII, as serde_json writes it: what is outside of it arrives as UTF-8.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _is_http(event: Any) -> bool:
    context = event.get("requestContext") if isinstance(event, dict) else None
    return isinstance(context, dict) and isinstance(context.get("http"), dict)


def _sent(app: _App, event: Any, context: dict[str, Any]) -> http.client.HTTPConnection:
    """Send the request that `event` is to the app."""
    connection = http.client.HTTPConnection(_HOST, app.port)
    headers: dict[str, bytes]
    if _is_http(event):
        path, query = quote(event["rawPath"], safe=_PATH), event.get("rawQueryString")
        method, target = event["requestContext"]["http"]["method"], f"{path}?{query}" if query else path
        headers = {name.lower(): str(value).encode() for name, value in (event.get("headers") or {}).items()}
        if event.get("cookies"):
            headers["cookie"] = "; ".join(event["cookies"]).encode()
        text = event.get("body") or ""
        body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
        request_context = event["requestContext"]
    else:
        method, target = "POST", os.environ.get("AWS_LWA_PASS_THROUGH_PATH", "/events")
        headers, body = {"content-type": b"application/json"}, _bytes(event)
        request_context = None
    # In the place of whatever the client sent by these names.
    headers["x-amzn-request-context"] = _bytes(request_context)
    headers["x-amzn-lambda-context"] = _bytes(context)
    headers["x-amzn-trace-id"] = str(context["xray_trace_id"]).encode()
    headers.setdefault("host", f"{_HOST}:{app.port}".encode())
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        if name not in _NOT_FORWARDED:
            connection.putheader(name, value)
    connection.putheader("content-length", str(len(body)))
    connection.endheaders(body)
    return connection


def _head(response: http.client.HTTPResponse) -> dict[str, Any]:
    headers: dict[str, str] = {}
    cookies = []
    for name, value in response.getheaders():
        lower = name.lower()
        if lower == "set-cookie":
            cookies.append(value)
        elif lower != "transfer-encoding":
            headers[lower] = f"{headers[lower]}, {value}" if lower in headers else value
    return {"statusCode": response.status, "headers": headers, "cookies": cookies}


class _Watch:
    """Closes the connection to the app when the runtime API answers before it has heard the whole response."""

    def __init__(self, runtime: socket.socket, app: socket.socket) -> None:
        self.gone = False
        self._runtime, self._app = runtime, app
        self._ended, self._ending = socket.socketpair()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        ready, _, _ = select.select([self._runtime, self._ended], [], [])
        if self._ended not in ready:
            self.gone = True
            with contextlib.suppress(OSError):
                self._app.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        self._ending.close()
        self._thread.join()
        self._ended.close()


class _Runtime:
    """The runtime API as far as the adapter needs it."""

    def __init__(self, app: _App) -> None:
        self._app = app
        self._authority = os.environ["AWS_LAMBDA_RUNTIME_API"]
        self._streams = os.environ.get("AWS_LWA_INVOKE_MODE", "buffered").lower() == "response_stream"

    def serve(self) -> None:
        """Take an event after the other, until there is nobody to ask."""
        while True:
            connection = http.client.HTTPConnection(self._authority)
            connection.request("GET", f"{_INVOCATION}/next")
            response = connection.getresponse()
            if response.status != 200:  # noqa: PLR2004
                return
            event, head = json.loads(response.read()), response.headers
            connection.close()
            self._path = f"{_INVOCATION}/{head['Lambda-Runtime-Aws-Request-Id']}"
            try:
                self._handle(event, head)
            except (OSError, ValueError, http.client.HTTPException) as error:
                if not isinstance(error, ValueError):
                    self._app.await_end()
                self._post("error", {"errorType": type(error).__name__, "errorMessage": str(error)})

    def _handle(self, event: Any, head: http.client.HTTPMessage) -> None:
        upstream = _sent(self._app, event, _lambda_context(head))
        try:
            # The response takes the socket out of the connection where the app does not keep it alive.
            opened = upstream.sock
            response = upstream.getresponse()
            if self._streams:
                self._stream(response, opened)
            else:
                self._post("response", _buffered(response, whole=_is_http(event)))
        finally:
            upstream.close()

    def _post(self, kind: str, payload: Any) -> None:
        connection = http.client.HTTPConnection(self._authority)
        connection.request("POST", f"{self._path}/{kind}", _bytes(payload))
        connection.getresponse().read()
        connection.close()

    def _stream(self, response: http.client.HTTPResponse, opened: socket.socket) -> None:
        connection = http.client.HTTPConnection(self._authority)
        connection.putrequest("POST", f"{self._path}/response")
        connection.putheader("Content-Type", "application/vnd.awslambda.http-integration-response")
        connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.putheader("Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")
        connection.endheaders()
        watch = _Watch(connection.sock, opened)
        trailers = b""
        try:
            prelude = _head(response)
            prelude["headers"].setdefault("content-type", "application/octet-stream")
            connection.send(_framed(_bytes(prelude) + bytes(8)))
            for chunk in _chunks(response):
                connection.send(_framed(chunk))
        except (OSError, http.client.HTTPException) as error:
            trailers = _trailers(error)
        finally:
            watch.end()
        if trailers and not watch.gone:
            self._app.await_end()
        # Whoever has gone hears no more of it.
        with contextlib.suppress(OSError, http.client.HTTPException):
            if not watch.gone:
                connection.send(b"0\r\n" + trailers + b"\r\n")
                connection.getresponse().read()
        connection.close()


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Give the body as it comes; raise IncompleteRead if it breaks off."""
    # Counted here: before Python 3.13 `read1` does not, and waits for more than there is.
    left = response.length
    while left != 0:
        chunk = response.read1(_CHUNK if left is None else min(_CHUNK, left))
        if not chunk:
            if left is not None:
                raise http.client.IncompleteRead(b"", left)
            return
        left = None if left is None else left - len(chunk)
        yield chunk


def _framed(chunk: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(chunk), chunk)


def _trailers(error: Exception) -> bytes:
    body = base64.b64encode(f"{type(error).__name__}: the app's response broke off.".encode())
    return (
        b"Lambda-Runtime-Function-Error-Type: Runtime.StreamError\r\n"
        b"Lambda-Runtime-Function-Error-Body: " + body + b"\r\n"
    )


def _buffered(response: http.client.HTTPResponse, *, whole: bool) -> Any:
    """Return the result of an event: a response of format 2.0, or of an event that is not HTTP's the body's JSON."""
    body, head = response.read(), _head(response)
    text = body.decode("utf-8", "replace") if _is_text(head["headers"]) else None
    if whole:
        content = base64.b64encode(body).decode() if text is None else text
        return {**head, "body": content, "isBase64Encoded": text is None}
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None


def _is_text(headers: dict[str, str]) -> bool:
    """Return whether the runtime sends a body as it is, and not in base64 (lambda-http/src/response.rs)."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    plain = kind.startswith("text") or kind in _TEXT or kind.endswith(("+xml", "+yaml", "+json"))
    return plain and "content-encoding" not in headers


def main() -> None:
    """Run the script that is named on the command line, and serve events with it."""
    for name in sorted(name for name in os.environ if name.startswith("AWS_LWA_") and name not in _SERVED):
        print(f"{name} has no effect here: the stand-in for the adapter does not know it.", flush=True)
    app = _App(sys.argv[1])
    # For the others of the group; not ignored, which the script would inherit.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    try:
        app.await_ready()
        _Runtime(app).serve()
    except BaseException:  # noqa: BLE001 - nothing may leave the app behind
        traceback.print_exc()
        _end(1)
    _end(0)


if __name__ == "__main__":
    main()
