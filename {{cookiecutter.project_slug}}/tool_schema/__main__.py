"""`python -m tool_schema`: brings the list of tools in template.yaml up to date, or says that it is not."""

import argparse
import contextlib
import io
import logging
import sys
import traceback
from pathlib import Path

from tool_schema.listing import tools
from tool_schema.payload import current, differing, written
from tool_schema.subset import gateway_tool

TEMPLATE = Path("template.yaml")


def main(arguments: list[str] | None = None) -> int:
    """Write the server's tools into template.yaml of the current folder, and say in one line what changed.

    Returns:
        0, or 1 if `--check` finds a difference, if the server does not start, or if template.yaml has no place for
        the list.
    """
    parser = argparse.ArgumentParser(prog="python -m tool_schema", description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="change nothing; fail if the list is out of date")
    mode.add_argument("--if-missing", action="store_true", help="write the list only if it is empty")
    options = parser.parse_args(arguments)
    try:
        return _run(check=options.check, if_missing=options.if_missing)
    except (OSError, RuntimeError, ValueError) as error:
        if error.__cause__:
            traceback.print_exception(error.__cause__)
        print(error, file=sys.stderr)
        return 1


def _run(*, check: bool, if_missing: bool) -> int:
    # As bytes, because the line endings are to stay what they are.
    template = TEMPLATE.read_bytes().decode()
    present = current(template)
    if if_missing and present:
        return 0
    # What the server records of being asked is no output of this command.
    logging.disable(logging.INFO)
    with contextlib.redirect_stdout(io.StringIO()):
        wanted = [gateway_tool(tool) for tool in tools()]
    changed = differing(present, wanted)
    if not changed:
        print(f"{TEMPLATE} is up to date")
        return 0
    names = ", ".join(changed)
    if check:
        print(f"{TEMPLATE} does not list the server's tools as they are: {names}; run `make schema`", file=sys.stderr)
        return 1
    TEMPLATE.write_bytes(written(template, wanted).encode())
    print(f"{TEMPLATE}: {len(wanted)} {'tool' if len(wanted) == 1 else 'tools'}, {len(changed)} changed: {names}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
