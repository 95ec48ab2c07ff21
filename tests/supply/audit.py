"""Asks PyPI which vulnerabilities are known of what the functions ship, and of what the template is developed with.

`make audit` runs it. It fails where a package has one, and where PyPI does not say: silence is no all-clear.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from variants import TEMPLATE
from workshop import apart

PIP_AUDIT = "pip-audit>=2.10,<3"


def pinned() -> Iterator[tuple[str, list[str]]]:
    """Yield what each function ships, and what is installed here, with the pins."""
    for path in sorted(TEMPLATE.glob("**/requirements*/*.txt")) + sorted(TEMPLATE.glob("*/requirements.txt")):
        yield str(path.relative_to(TEMPLATE)), path.read_text().splitlines()
    freeze = [str(Path(sys.executable).with_name("uv")), "pip", "freeze", "--quiet", "--python", sys.executable]
    done = subprocess.run(freeze, check=True, capture_output=True, text=True)
    yield "what the template is developed with", done.stdout.splitlines()


def main() -> int:
    """Audit each list, say what was found, and return the exit status."""
    python, status = apart("audit", PIP_AUDIT), 0
    for name, lines in pinned():
        pins = [line for line in lines if "==" in line and not line.startswith("#")]
        print(f"{name}: {len(pins)} packages", flush=True)
        if not pins:
            continue
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(pins))
            file.flush()
            options = (
                "--strict",
                "--no-deps",
                "--disable-pip",
                "--progress-spinner",
                "off",
                "--requirement",
                file.name,
            )
            status |= subprocess.run([python.with_name("pip-audit"), *options], check=False).returncode
    if status:
        print("`make requirements` in a project may raise what has a vulnerability. What PyPI did not know is open.")
    return status


if __name__ == "__main__":
    sys.exit(main())
