"""What makes licences fail, with packages that are made for it; real ones are read in test_artifacts.py."""

import re
from pathlib import Path

import pytest

from supply import licences


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("# Nothing yet.\n")
    return tmp_path


def ship(artifact: Path, *metadata: str, name: str = "example") -> None:
    """Put a package into the artifact as an installer would."""
    folder = artifact / f"{name}-1.0.dist-info"
    folder.mkdir()
    lines = ["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *metadata]
    (folder / "METADATA").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    "metadata",
    [
        ["License-Expression: GPL-3.0-only"],
        ["License-Expression: MIT AND LGPL-2.1-or-later"],
        ["License-Expression: LicenseRef-Proprietary"],
        ["License: as in the file LICENSE"],
        ["Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)"],
        ["Classifier: License :: OSI Approved :: BSD License"],
        ["Classifier: License :: OSI Approved :: MIT License", "Classifier: License :: OSI Approved :: ISC License"],
        [],
    ],
    ids=" ".join,
)
def test_a_package_with_another_licence_or_none_that_can_be_told_fails(artifact: Path, metadata: list[str]) -> None:
    ship(artifact, *metadata)
    with pytest.raises(AssertionError, match=r"example 1\.0 has the licence .* not allowed yet"):
        licences.shipped(artifact)


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: apache-2.0 OR GPL-2.0-only", "Apache-2.0 OR GPL-2.0-only"),
        ("License: MIT", "MIT"),
        ("Classifier: License :: OSI Approved :: MIT License", "MIT"),
    ],
)
def test_a_licence_is_told_by_expression_field_or_classifier(artifact: Path, metadata: str, licence: str) -> None:
    ship(artifact, metadata)
    assert [each.licence for each in licences.shipped(artifact)] == [licence]


def test_what_is_pinned_for_older_pythons_than_lambdas_is_left_out(artifact: Path) -> None:
    ship(artifact, "License-Expression: GPL-3.0-only", name="backport")
    (artifact / "requirements.txt").write_text("backport==1.0 ; python_full_version < '3.12'  # via example\n")
    assert licences.shipped(artifact) == []


def test_nothing_is_allowed_or_read_in_its_text_that_is_not_shipped() -> None:
    pages = licences.written("v1") + licences.written("v2")
    assert licences.ALLOWED.keys() <= set(re.findall(r"[\w.-]+", pages))
    assert all(f"| {name} |" in pages for name in licences.READ)
