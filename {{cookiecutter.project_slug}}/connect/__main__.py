"""`python -m connect`: print how each client connects to the deployed stack."""

import argparse
import sys

from connect.clients import OPTIONS, guide
from connect.guide import Deployed
from connect.outputs import OutputsError, read, region_name


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m connect", description="Print how each MCP client connects to the deployed stack."
    )
    parser.add_argument("--stack", required=True, help="name of the stack")
    parser.add_argument("--region", help="where it is (default: where it was deployed to)")
    parser.add_argument("--client", metavar="NAME", help="print for this one alone, and nothing but what it takes")
    for name, text in OPTIONS.items():
        parser.add_argument(f"--{name}", help=text)
    return parser.parse_args()


def _main() -> int:
    options = _options()
    try:
        region = region_name(options.region or None)
        extra = {name: getattr(options, name.replace("-", "_")) for name in OPTIONS}
        told = guide(Deployed(options.stack, region, read(options.stack, region), extra))
    except OutputsError as error:
        print(error, file=sys.stderr)
        return 1
    if not options.client:
        print(told.text())
        return 0
    way = next((way for way in told.ways if way.client == options.client), None)
    if way is None:
        known = ", ".join(way.client for way in told.ways)
        print(f"There is no way for {options.client} to connect. There is one for: {known}.", file=sys.stderr)
        return 2
    # Not with the content, which may be going into the file.
    if way.note:
        print(way.note, file=sys.stderr)
    print(way.content)
    return 0


sys.exit(_main())
