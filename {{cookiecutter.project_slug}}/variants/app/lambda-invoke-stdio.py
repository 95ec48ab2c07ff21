"""The Lambda entry point: a JSON-RPC message in, its answer out, and a stdio server's process for each request."""

from typing import Any

import artifact

with artifact.required():
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from child import StdioChild
    from invoke_stdio import InvokeStdio
    from telemetry import logger

_app = InvokeStdio(StdioChild())


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Serve one JSON-RPC message for whoever may invoke the function."""
    return _app(event, context)
