"""What a start spends on imports, from what Python says with PYTHONPROFILEIMPORTTIME."""

import re
from collections import Counter

# Self and cumulative time in microseconds, then the module, indented by depth.
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)")
_STANDARD_LIBRARY = "the standard library"
_FEWEST_MS = 3.0


def modules(log: str) -> dict[str, float]:
    """Return the milliseconds that each module's own code took."""
    return {name: int(microseconds) / 1000 for microseconds, name in _LINE.findall(log)}


def by_package(log: str, standard: frozenset[str]) -> dict[str, float]:
    """Return the milliseconds by package, the most expensive first and what is cheap together as `others`."""
    spent: Counter[str] = Counter()
    for name, milliseconds in modules(log).items():
        package = name.partition(".")[0]
        spent[_STANDARD_LIBRARY if package in standard else package] += milliseconds  # type: ignore[assignment]
    shown = {name: round(took, 1) for name, took in spent.most_common() if took >= _FEWEST_MS}
    rest = sum(took for name, took in spent.items() if name not in shown)
    return {**shown, "others": round(rest, 1)}
