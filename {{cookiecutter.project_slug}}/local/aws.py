"""A stand-in for AWS: moto's server on a loopback port, with a small made-up account in it."""

import asyncio
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from threading import Lock, Thread
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

REGION = "us-east-1"
KEY_ID, SECRET_KEY = "local-not-a-key", "local-not-a-secret"
# One of the public images that moto knows.
IMAGE = "ami-12c6146b"
INSTANCES = {"web-1": "running", "web-2": "running", "worker-1": "running", "batch-1": "stopped", "bastion": "stopped"}
FUNCTIONS = {
    "invoices": "python3.9",
    "notifications": "nodejs22.x",
    "orders": "python3.14",
    "payments": "python3.13",
    "thumbnails": "nodejs16.x",
}
BUCKETS = {
    "example-invoices": {"2026/10/1001.txt": "10 widgets", "2026/10/1002.txt": "3 gadgets"},
    "example-logs": {},
    "example-website": {"index.html": "<h1>Example</h1>"},
}
LOGS = {
    "/aws/lambda/orders": (
        (55, "INFO order 1001 accepted"),
        (34, "INFO order 1002 accepted"),
        (21, "ERROR order 1003 refused: no stock for widget"),
        (8, "INFO order 1004 accepted"),
    ),
    "/aws/lambda/payments": (
        (54, "INFO payment for order 1001 captured"),
        (33, "WARNING payment for order 1002 retried"),
        (32, "ERROR payment for order 1002 failed: card expired"),
        (3, "ERROR payment provider timed out after 3000 ms"),
    ),
}


class _Handler(WSGIRequestHandler):
    """A request handler that writes no line for each request."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the name is werkzeug's
        """Write nothing."""


class LocalAws:
    """An AWS endpoint while it is entered; only one at a time, as moto keeps one set of accounts in a process.

    `endpoint_url` serves every service that moto knows, S3 included, and `environment` is all that an AWS SDK needs
    to use it and nothing else. Entering takes a few seconds, and forgets what an earlier one was told.
    """

    endpoint_url: str
    environment: Mapping[str, str]

    async def __aenter__(self) -> Self:
        """Serve the made-up account on a free port."""
        application = _atomic(_paged(DomainDispatcherApplication(create_backend_app)))
        self._server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.endpoint_url = f"http://127.0.0.1:{self._server.port}"
        self.environment = {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }
        try:
            await asyncio.to_thread(self._fill)
        except BaseException:
            self._stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop serving."""
        await asyncio.to_thread(self._stop)

    def _fill(self) -> None:
        # https://docs.getmoto.org/en/latest/docs/server_mode.html#reset-api
        connection = HTTPConnection("127.0.0.1", self._server.port)
        connection.request("POST", "/moto-api/reset")
        connection.getresponse().read()
        connection.close()
        seed(self.endpoint_url, now=datetime.now(UTC))

    def _stop(self) -> None:
        self._server.shutdown()
        self._thread.join()


def seed(endpoint_url: str, *, now: datetime) -> None:
    """Make what the constants of this module name, with log events in the hour before `now`."""
    session: Any = boto3.Session(aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET_KEY, region_name=REGION)

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=endpoint_url)

    _seed_instances(client("ec2"))
    _seed_functions(client("iam"), client("lambda"))
    _seed_buckets(client("s3"))
    _seed_logs(client("logs"), now)


def _seed_instances(ec2: Any) -> None:
    for name, state in INSTANCES.items():
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        made = ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, TagSpecifications=tags)
        if state == "stopped":
            ec2.stop_instances(InstanceIds=[made["Instances"][0]["InstanceId"]])


def _seed_functions(iam: Any, functions: Any) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="example-function", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    for name, runtime in FUNCTIONS.items():
        functions.create_function(
            FunctionName=name, Runtime=runtime, Role=role, Handler="app.handler", Code={"ZipFile": code.getvalue()}
        )


def _seed_buckets(s3: Any) -> None:
    for bucket, objects in BUCKETS.items():
        s3.create_bucket(Bucket=bucket)
        for key, text in objects.items():
            s3.put_object(Bucket=bucket, Key=key, Body=text.encode())


def _seed_logs(logs: Any, now: datetime) -> None:
    for group, events in LOGS.items():
        stream = f"{now:%Y/%m/%d}/[$LATEST]local"
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        timed = [
            {"timestamp": int((now - timedelta(minutes=minutes)).timestamp() * 1000), "message": message}
            for minutes, message in events
        ]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=timed)


def _atomic(application: WSGIApplication) -> WSGIApplication:
    """Have DynamoDB's requests wait for each other, because moto 5.2 changes an item attribute by attribute.

    Without it a condition would not hold until the write, and a read could find half of one. On AWS a conditional write
    of an item is atomic ("Working with items and attributes" in the DynamoDB developer guide).
    """
    lock = Lock()

    def ordered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB_"):
            return application(environ, start_response)
        with lock:
            return application(environ, start_response)

    return ordered


def _paged(application: WSGIApplication) -> WSGIApplication:
    """Add the pages of Lambda's ListFunctions, which moto 5.2 answers all at once.

    Without them, code that follows `NextMarker` would never run here. Pages have at most 50 functions
    (https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html).
    """

    def paged(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET" or environ["PATH_INFO"].rstrip("/") != "/2015-03-31/functions":
            return application(environ, start_response)
        query = dict(parse_qsl(environ["QUERY_STRING"]))
        first = int(query.pop("Marker", 0))
        after = first + min(int(query.pop("MaxItems", 50)), 50)
        response = Response.from_app(application, {**environ, "QUERY_STRING": urlencode(query)})
        functions = json.loads(response.get_data())["Functions"]
        marker = str(after) if after < len(functions) else None
        response.set_data(json.dumps({"Functions": functions[first:after], "NextMarker": marker}))
        return response(environ, start_response)

    return paged
