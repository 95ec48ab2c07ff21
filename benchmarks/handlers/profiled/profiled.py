"""The server's handler under Python's profiler; the event `null` asks where the calls so far have spent their time."""

import cProfile
import pstats
import sys
from collections import Counter
from pathlib import Path

import app

_PROFILE = cProfile.Profile()
_calls = 0


def lambda_handler(event, context):
    """Serve a call, or return the milliseconds of an average call by package."""
    global _calls  # noqa: PLW0603 - it counts
    if event is None:
        return _by_package()
    _calls += 1
    _PROFILE.enable()
    try:
        return app.lambda_handler(event, context)
    finally:
        _PROFILE.disable()


def _by_package():
    spent = Counter()
    for (file, _, _), (_, _, own, _, _) in pstats.Stats(_PROFILE).stats.items():
        spent[_package(file)] += own * 1000 / _calls
    return dict(spent.most_common())


def _package(file):
    if file.startswith("~"):
        return "built-in functions"
    path, folder = Path(file), Path(app.__file__).parent
    if not path.is_relative_to(folder):
        return "the runtime client" if path.is_relative_to(sys.prefix) else "the standard library"
    package = path.relative_to(folder).parts[0]
    return "this project's own modules" if package.endswith(".py") else package
