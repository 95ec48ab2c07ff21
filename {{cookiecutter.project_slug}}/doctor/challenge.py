"""What a server says in `www-authenticate` when it wants to know who calls."""

import re

_TOKEN = r"[\w!#$%&'*+.^`|~-]+"  # noqa: S105 - the grammar's word for it
_PARAMETER = re.compile(rf'[\s,]*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?=[\s,]|$)")


def bearer(header: str) -> dict[str, str] | None:
    """Return the parameters of the challenge of scheme Bearer, by lower-case name, or None if there is no such.

    The grammar is that of RFC 9110 section 11.6.1: several challenges may share a header, and what is quoted may have
    commas in it. What does not fit the grammar is left out.
    """
    found: dict[str, str] | None = None
    ours, position = False, 0
    while position < len(header):
        if parameter := _PARAMETER.match(header, position):
            if ours and found is not None:
                quoted, plain = parameter[2], parameter[3]
                found.setdefault(parameter[1].lower(), plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
            position = parameter.end()
        elif scheme := _SCHEME.match(header, position):
            ours = scheme[1].lower() == "bearer" and found is None
            found = {} if ours else found
            position = scheme.end()
        else:
            position += 1
    return found
