"""How large the folder of a function is, as it lies on Lambda and as it is uploaded."""

import tempfile
import zipfile
from pathlib import Path


def unzipped_mb(folder: Path) -> float:
    """Return the size of everything below `folder`."""
    return sum(path.stat().st_size for path in _files(folder)) / 1e6


def zipped_mb(folder: Path) -> float:
    """Return the size of the archive that `sam deploy` would upload."""
    with tempfile.TemporaryFile() as file:
        # As SAM does it: samcli/lib/package/utils.py, make_zip.
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for path in _files(folder):
                archive.write(path, path.relative_to(folder))
        return file.tell() / 1e6


def byte_code(folder: Path) -> set[Path]:
    """Return the compiled modules below `folder`."""
    return {path for path in _files(folder) if path.suffix == ".pyc"}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
