"""Licences of what an artifact ships, by what each package says of itself, and the page that lists them."""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

PAGE = Path(__file__).with_name("LICENCES.md")
HEADINGS = {"v2": "in-process and web-adapter", "v1": "stdio"}

PERMISSIVE = "asks for its notice to be kept, at most"
ALLOWED = {
    "Apache-2.0": PERMISSIVE,
    "BSD-2-Clause": PERMISSIVE,
    "BSD-3-Clause": PERMISSIVE,
    "ISC": PERMISSIVE,
    "MIT": PERMISSIVE,
    "MIT-0": PERMISSIVE,
    "MPL-2.0": "asks for the source of its own files if they are changed, and they are shipped as they are",
    "PSF-2.0": PERMISSIVE,
    "Unlicense": PERMISSIVE,
}
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
# Whose metadata leaves it open; read in the licence text that it ships.
READ = {"pyperclip": "BSD-3-Clause", "python-dateutil": "Apache-2.0 OR BSD-3-Clause"}


class Shipped(NamedTuple):
    """A package in an artifact."""

    name: str
    version: str
    licence: str
    said_by: str
    has_text: bool


def shipped(artifact: Path) -> list[Shipped]:
    """Return what an artifact ships, but for what no Python of Lambda's needs.

    Raises:
        AssertionError: If a package's licence is unknown, or not one of `ALLOWED`.
    """
    found = {canonicalize_name(each.name): each for each in distributions(path=[str(artifact)])}
    for name in _not_on_lambda(artifact / "requirements.txt"):
        found.pop(name, None)
    return [_read(found[name]) for name in sorted(found)]


def _not_on_lambda(requirements: Path) -> Iterator[NormalizedName]:
    """Yield what is pinned for older Pythons alone, which is built here where there is none of Lambda's."""
    for line in requirements.read_text().splitlines():
        if pin := line.partition("#")[0].strip():
            requirement = Requirement(pin)
            on_lambda = {"python_full_version": "3.12.0", "python_version": "3.12"}
            if requirement.marker and not requirement.marker.evaluate(on_lambda):
                yield canonicalize_name(requirement.name)


def _read(package: Distribution) -> Shipped:
    licence, said_by = _licence(package)
    # Either of two that are joined by OR will do; what is more involved than that is for a person to read.
    choices = [choice.split(" AND ") for choice in licence.split(" OR ")]
    allowed = any(all(part in ALLOWED for part in choice) for choice in choices)
    assert allowed, f"{package.name} {package.version} has the licence {licence or '(none)'}, which is not allowed yet"
    texts = [path for path in package.files or [] if re.match(r"licen[cs]e|copying|notice", path.name, re.IGNORECASE)]
    return Shipped(package.name, package.version, licence, said_by, bool(texts))


def _licence(package: Distribution) -> tuple[str, str]:
    """Return the licence as an SPDX expression, or a blank, and what says so."""
    if read := READ.get(canonicalize_name(package.name)):
        return read, "its text"
    for field in ("License-Expression", "License"):
        try:
            return canonicalize_license_expression(package.metadata[field] or ""), f"`{field}`"
        except InvalidLicenseExpression:
            pass
    classifiers = [
        classifier.rpartition(" :: ")[2]
        for classifier in package.metadata.get_all("Classifier") or []
        if classifier.startswith("License ::")
    ]
    known = [CLASSIFIERS.get(classifier, "") for classifier in classifiers]
    return (known[0] if len(known) == 1 else ""), "classifier"


def section(packages: list[Shipped]) -> str:
    """Return the table of what ships."""
    rows = [
        f"| {each.name} | {each.version} | {each.licence} | {each.said_by} | {'yes' if each.has_text else 'no'} |"
        for each in packages
    ]
    return "\n".join(["| package | version | licence | says so | text shipped |", "|---|---|---|---|---|", *rows])


def written(sdk: str) -> str:
    """Return the table of the page for a line of the SDK."""
    return _sections()[HEADINGS[sdk]].strip()


def write(sdk: str, table: str) -> None:
    """Write the table into the page in place of the one that is there."""
    sections = _sections() | {HEADINGS[sdk]: table}
    PAGE.write_text("\n## ".join([_beginning(), *(f"{name}\n\n{text.strip()}\n" for name, text in sections.items())]))


def _beginning() -> str:
    return PAGE.read_text().partition("\n## ")[0]


def _sections() -> dict[str, str]:
    parts = [part.partition("\n") for part in PAGE.read_text().split("\n## ")[1:]]
    return {heading: text for heading, _, text in parts}
