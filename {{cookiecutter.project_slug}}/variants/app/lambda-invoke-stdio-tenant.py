"""The Lambda entry point: a JSON-RPC message in, its answer out, and a process for each request of a tenant."""

from typing import Any

import artifact

with artifact.required():
    from aws_lambda_powertools.utilities.typing import LambdaContext

    import caller
    import principal
    from child import StdioChild
    from invoke_stdio import InvokeStdio
    from telemetry import logger

_app = InvokeStdio(StdioChild())


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Serve one JSON-RPC message for the tenant that the invoking program names."""
    with caller.acting_for(principal.of(context)):
        return _app(event, context)
