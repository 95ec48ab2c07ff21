"""The environment variables of a function.

Source: Lambda developer guide, "Defined runtime environment variables".
"""

from pathlib import Path

from local.identifiers import PSEUDO_PARAMETERS, text
from local.template import Resource

_REGION = PSEUDO_PARAMETERS["AWS::Region"]


def defined(resource: Resource, code: Path, runtime: Path) -> dict[str, str]:
    """Return what Lambda defines for the code of `resource`, and then the function's own variables."""
    properties = resource.properties
    logging = properties.get("LoggingConfig", {})
    variables = {
        # On AWS too the first `python3` on it is the runtime's own.
        "PATH": f"{runtime.absolute().parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": str(code),
        # /var/task is read-only on AWS; a build that is served here stays as it was built.
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(code),
        # As on AWS, where boto3 is in it; here there is no such folder, and the interpreter has its own boto3.
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": properties["Handler"],
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{properties['Runtime']}",
        "AWS_REGION": _REGION,
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_LAMBDA_FUNCTION_NAME": resource.ref,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(properties.get("MemorySize", 128)),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": logging.get("LogGroup", f"/aws/lambda/{resource.ref}"),
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_LAMBDA_LOG_FORMAT": logging.get("LogFormat", "Text"),
    }
    if "ApplicationLogLevel" in logging:
        variables["AWS_LAMBDA_LOG_LEVEL"] = logging["ApplicationLogLevel"]
    own = properties.get("Environment", {}).get("Variables", {})
    return variables | {name: text(value) for name, value in own.items()}
