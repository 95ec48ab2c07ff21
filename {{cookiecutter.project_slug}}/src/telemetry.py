"""What an operator sees of each call: one structured log line, and metrics by tool. Never arguments, never results."""

import logging

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

import caller

logger = Logger()
metrics = Metrics()

# At INFO the MCP SDK writes the text of failed results, which can quote what a caller sent, and botocore mere noise.
for _library in ("mcp", "botocore"):
    logging.getLogger(_library).setLevel(logging.WARNING)

# Every value of a metric's dimension is billed, so a name that a caller made up must not become one.
UNKNOWN_TOOL = "unknown"
# A caller chooses these texts; no honest one is longer.
_LONGEST_TEXT = 128


def record(method: str, tool: str | None, request_id: str | int | None, outcome: str, duration_ms: float) -> None:
    """Write the line of one message, and the metrics of one call if `tool` is given.

    `tool` is the name of one that exists, or UNKNOWN_TOOL. An `outcome` other than `ok` counts as an error.
    """
    who = caller.current()
    duration_ms = round(duration_ms, 2)
    logger.info(
        "mcp call",
        method=method[:_LONGEST_TEXT],
        tool=tool,
        jsonrpc_id=None if request_id is None else str(request_id)[:_LONGEST_TEXT],
        sub=who.subject,
        client_id=who.client_id,
        tenant=who.tenant,
        outcome=outcome,
        duration_ms=duration_ms,
    )
    if tool:
        metrics.add_dimension("tool", tool)
        metrics.add_metric("Calls", MetricUnit.Count, 1)
        metrics.add_metric("Errors", MetricUnit.Count, int(outcome != "ok"))
        metrics.add_metric("Duration", MetricUnit.Milliseconds, duration_ms)
        metrics.flush_metrics()
