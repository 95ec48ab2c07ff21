"""What the tests put into the empty account."""

import time

import boto3


def make_functions(*runtimes: str) -> None:
    """Make a Lambda function for each runtime, with a secret in its environment."""
    role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    for number, runtime in enumerate(runtimes):
        boto3.client("lambda").create_function(
            FunctionName=f"function-{number:02}",
            Runtime=runtime,  # type: ignore[arg-type]  # moto knows runtimes that the stubs have dropped
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
            Environment={"Variables": {"PASSWORD": "hunter2"}},
        )


def write_log(group: str, *texts: str) -> None:
    """Make a log group with these events."""
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now, "message": text} for text in texts]
    )
