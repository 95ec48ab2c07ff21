"""Whether a `file://` URI lies inside one of the folders that a client has opened to servers: its roots.

It compares names and knows no file system, neither links nor which letters it takes for equal. What could be read in
two ways is outside.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

_SCHEME = "file:"
# A percent sign that encodes nothing, and the parts that a path does not have.
_MALFORMED = re.compile(r"%(?![0-9A-Fa-f]{2})|[?#\\]")
# Once decoded, a name that could be decoded again, or that Windows would take for two.
_AMBIGUOUS = re.compile(r"%[0-9A-Fa-f]{2}|\\")
_DRIVE = re.compile(r"[A-Za-z][:|]")


def contain(roots: Iterable[str], uri: str) -> bool:
    """Return whether `uri` is below one of `roots`; a root is not below itself.

    Source: "Roots" in the specification of MCP; RFC 8089, also appendix E on drive letters; RFC 3986, section 2.4: an
    encoded character is decoded once.
    """
    place = _place(uri)
    return place is not None and any(_is_below(place, _place(root)) for root in roots)


def _is_below(place: tuple[str, ...], root: tuple[str, ...] | None) -> bool:
    return root is not None and len(place) > len(root) and place[: len(root)] == root


def _place(uri: str) -> tuple[str, ...] | None:
    """Return the host and the names along the path, or None for what is no `file://` URI that can be trusted."""
    if uri[: len(_SCHEME)].lower() != _SCHEME or _MALFORMED.search(uri):
        return None
    rest = uri[len(_SCHEME) :]
    host, slash, path = rest[2:].partition("/") if rest.startswith("//") else ("", rest[:1], rest[1:])
    try:
        decoded = unquote(path, errors="strict")
    except UnicodeDecodeError:
        return None
    if slash != "/" or _AMBIGUOUS.search(decoded) or not (decoded.isprintable() and host.isprintable()):
        return None
    names = [name for name in decoded.split("/") if name not in ("", ".")]
    # A link may lead anywhere, so that ".." is not undone; Windows drops dots and spaces at the end of a name.
    if any(not name.rstrip(". ") for name in names):
        return None
    if names and _DRIVE.fullmatch(names[0]):
        names[0] = f"{names[0][0].upper()}:"
    host = host.lower()
    return ("" if host == "localhost" else host, *names)
