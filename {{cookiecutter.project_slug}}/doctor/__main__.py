"""`python -m doctor`: walk the way of an MCP client to a server, and say where it breaks."""

import argparse
import os
import sys
from collections.abc import Mapping

from connect import outputs
from doctor.plan import OUTPUT, Plan
from doctor.report import Report


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m doctor",
        description="Walk the way of an MCP client to the deployed server, and say where it breaks.",
    )
    parser.add_argument("target", nargs="?", help=f"what clients are given: the stack's output {OUTPUT}")
    parser.add_argument("--stack", help=f"read {OUTPUT} and more from the outputs of this stack, with AWS credentials")
    parser.add_argument("--region", help="region of the stack (default: where it was deployed to)")
    parser.add_argument("--tool", metavar="NAME", help="call this tool, without arguments (default: a harmless one)")
    Plan.add_options(parser)
    options = parser.parse_args()
    if not options.target and not options.stack:
        parser.error(f"give the {OUTPUT}, or the stack to read it from by --stack")
    return options


def _found(options: argparse.Namespace) -> Mapping[str, str]:
    """Return the stack's outputs, or none if the target was given. Raises OutputsError."""
    if options.target:
        return {}
    found = outputs.read(options.stack, options.region)
    if OUTPUT not in found:
        raise outputs.OutputsError(f"The stack {options.stack} has no output {OUTPUT}: it is not one of this project.")
    return found


def main() -> int:
    """Walk, and return the exit status: 0 if nothing is broken, 1 if something is, 2 for wrong usage."""
    options = _options()
    try:
        found = _found(options)
    except ModuleNotFoundError as error:
        print(f"This Python has no {error.name} to read the stack with: use `make doctor`.", file=sys.stderr)
        return 1
    except outputs.OutputsError as error:
        print(error, file=sys.stderr)
        return 1
    target = options.target or found[OUTPUT]
    report = Report()
    report.say(f"The way of a client to {target}")
    report.say()
    plan = Plan(target, found, options, report)
    report.walk(plan.hops())
    return report.end(plan.beyond)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read the output has seen enough; without this, Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
