"""What the programs that serve this project are told on their command line."""

import argparse
from pathlib import Path


def add(parser: argparse.ArgumentParser) -> None:
    """Have `parser` take what to serve, and what to serve it with."""
    parser.add_argument("--template", type=Path, help="a built template to serve, in place of building the project")
    parser.add_argument("--runtime", type=Path, default=Path(".tools/runtime/bin/python"), metavar="PYTHON")
    parser.add_argument("--sam", type=Path, default=Path(".tools/sam/bin/sam"), metavar="PATH")
    parser.add_argument("--parameter", type=_pair, action="append", default=[], metavar="K=V", help="may be repeated")


def _pair(given: str) -> tuple[str, str]:
    name, is_one, value = given.partition("=")
    if not is_one:
        raise argparse.ArgumentTypeError("--parameter is written K=V")
    return name, value
