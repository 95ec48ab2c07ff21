"""Lambda runtimes, and when AWS stops updating each."""

from datetime import date

# "Lambda runtimes" in the Lambda developer guide, as of 2026-11: when each identifier loses security updates.
_DEPRECATED_SINCE = {
    "dotnet6": date(2024, 12, 20),
    "dotnet8": date(2026, 11, 10),
    "dotnet9": date(2026, 11, 10),
    "go1.x": date(2024, 1, 8),
    "java8": date(2024, 1, 8),
    "java8.al2": date(2027, 6, 30),
    "java11": date(2027, 6, 30),
    "java17": date(2027, 6, 30),
    "nodejs16.x": date(2024, 6, 12),
    "nodejs18.x": date(2025, 9, 1),
    "nodejs20.x": date(2026, 4, 30),
    "nodejs22.x": date(2027, 4, 30),
    "provided": date(2024, 1, 8),
    "provided.al2": date(2026, 7, 31),
    "python3.8": date(2024, 10, 14),
    "python3.9": date(2025, 12, 15),
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2027, 6, 30),
    "python3.12": date(2028, 10, 31),
    "ruby3.2": date(2026, 3, 31),
    "ruby3.3": date(2027, 3, 31),
}


def is_deprecated(runtime: str | None, today: date) -> bool:
    """Return whether AWS no longer updates `runtime`; False for None, a container image, and for one not listed."""
    return _DEPRECATED_SINCE.get(runtime or "", date.max) <= today
