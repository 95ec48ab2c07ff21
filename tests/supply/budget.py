"""How large an artifact may be: a tenth above what it is, so that a dependency that creeps in shows."""

from pathlib import Path
from typing import NamedTuple

from samcli.lib.package.utils import make_zip_with_lambda_permissions


class Size(NamedTuple):
    """Bytes in millions, byte code included."""

    unzipped: float
    zipped: float


# By the line of the SDK: what is built on each ships the same packages, but for a package that was named.
BUDGETS = {"v2": Size(51, 17.6), "v1": Size(162, 66.5)}
# Of what a stdio server's users ship: run-mcp and all that it brings.
SHARE = 0.40


def unzipped(artifact: Path) -> float:
    """Return the size of everything below a folder in MB."""
    return sum(path.stat().st_size for path in artifact.rglob("*") if path.is_file()) / 1e6


def zipped(artifact: Path, folder: Path) -> float:
    """Return the size in MB of the archive that `sam deploy` uploads, which is left in `folder`."""
    return Path(make_zip_with_lambda_permissions(str(folder / artifact.name), str(artifact))).stat().st_size / 1e6
