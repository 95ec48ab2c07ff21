"""Who did what to which resource, and how it ended: one log line for each call that changes something."""

import caller
from telemetry import logger

# A caller chooses some of these texts; no honest one is longer.
_LONGEST_TEXT = 256


def record(action: str, resource: str, outcome: str, **details: str) -> None:
    """Write the line of one change, or of one that was refused or failed.

    Args:
        action: What was to be done, by the name of the tool.
        resource: What it was to be done to.
        outcome: How it ended: "changed", "declined", "cancelled" or "failed".
        details: What else an auditor needs, such as `reason`; never arguments as they came.
    """
    who = caller.current()
    texts = {"action": action, "resource": resource, "outcome": outcome} | details
    bounded = {name: text[:_LONGEST_TEXT] for name, text in texts.items()}
    logger.info("audit", extra=bounded | {"sub": who.subject, "client_id": who.client_id, "tenant": who.tenant})
