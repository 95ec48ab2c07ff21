"""What the URL of an MCP server must look like, and how two URLs that should be equal differ."""

from urllib.parse import SplitResult, urlsplit

from doctor.hop import BrokenError

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_USE = "Use the URL as the stack's output McpUrl spells it"


def split(url: str) -> SplitResult:
    """Return the parts of a URL that anybody may have written; what is none is all path."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", url, "", "")


def is_loopback(url: str) -> bool:
    """Return whether a URL is on this machine."""
    return split(url).hostname in _LOOPBACK


def is_secure(url: str) -> bool:
    """Return whether a token, code or secret may be sent to a URL: by https, or within this machine."""
    scheme = split(url).scheme
    return scheme == "https" or (scheme == "http" and is_loopback(url))


def origin(url: str) -> str:
    """Return scheme, host and port."""
    parts = split(url)
    return f"{parts.scheme}://{parts.netloc}"


def checked(url: str) -> str:
    """Return in words that a URL can be that of this project's server.

    Clients send it as `resource` (RFC 8707) and compare it with the metadata character by character, so that even a
    slash more makes another server of it.

    Raises:
        BrokenError: If it cannot be.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BrokenError(f"{url} is no URL: {error}.", f"{_USE}.") from error
    if not parts.hostname or parts.username or port == 0:
        raise BrokenError(f"{url} names no host, or more than a host.", f"{_USE}: https://HOST/mcp.")
    if not is_secure(url):
        raise BrokenError(
            f"The scheme is {parts.scheme}, and a token may travel over https alone.", f"Write https://{parts.netloc}…"
        )
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise BrokenError("The URL has a query or a fragment.", f"{_USE}, up to /mcp.")
    if parts.path != "/mcp":
        raise BrokenError(*_path_fault(parts))
    return f"{parts.scheme}, path /mcp"


def _path_fault(parts: SplitResult) -> tuple[str, str]:
    right = f"{parts.scheme}://{parts.netloc}/mcp"
    if parts.path in {"", "/"}:
        return "The URL is that of the host alone; the server is at /mcp.", f"Use {right}."
    if parts.path.rstrip("/") == "/mcp":
        return (
            "The URL ends in a slash, which makes it another one: API Gateway has no such route, and no token is "
            "issued for it.",
            f"Use {right}.",
        )
    if parts.path.rstrip("/").endswith("/mcp"):
        stage = parts.path.rstrip("/").removesuffix("/mcp")
        return (
            f"The URL has {stage} in front of /mcp, like a stage of API Gateway. Clients look for the sign-in "
            "documents at the root of the host, where a stage cannot put them.",
            f"Use {right}: this project's API has the stage $default, which is not in the path. With a custom domain, "
            "map it without a path (parameter DomainName).",
        )
    return f"The path is {parts.path}; the server is at /mcp.", f"Use {right}."


def difference(found: str, wanted: str) -> str:
    """Return in words how a URL differs from the one that it should equal."""
    theirs, ours = split(found), split(wanted)
    told = []
    if theirs.scheme != ours.scheme:
        told.append(f"the scheme is {theirs.scheme or 'missing'}, not {ours.scheme}")
    if theirs.netloc != ours.netloc:
        same = theirs.netloc.lower() == ours.netloc.lower()
        told.append("the host has capital letters" if same else f"the host is {theirs.netloc}, not {ours.netloc}")
    if theirs.path != ours.path:
        told.append(_paths(theirs.path, ours.path))
    if (theirs.query, theirs.fragment) != (ours.query, ours.fragment):
        told.append("it has another query or fragment")
    return ", and ".join(told) or "it is spelled otherwise"


def _paths(theirs: str, ours: str) -> str:
    if theirs == f"{ours}/":
        return "it has a slash at its end"
    if f"{theirs}/" == ours:
        return "it lacks the slash at its end"
    if ours.strip("/") and theirs.endswith(ours):
        return f"it has the stage or path {theirs.removesuffix(ours)} in front of {ours}"
    return f"the path is {theirs or 'missing'}, not {ours or 'none'}"
