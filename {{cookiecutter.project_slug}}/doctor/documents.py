"""JSON documents at well-known addresses, as clients fetch and take them."""

from typing import Any

from doctor.hop import BrokenError
from doctor.web import Response, exchange


def fetched(url: str) -> Response:
    """Get a document as a client does, without a token. Raises BrokenError if there is no answer."""
    return exchange("GET", url, {"accept": "application/json"})


def read(response: Response, what: str, cure: str) -> dict[str, Any]:
    """Return the JSON object that was answered; `what` names it, `cure` says what a missing one needs.

    Raises:
        BrokenError: If a client could make nothing of the answer.
    """
    at = f"At {response.url}"
    if response.header("location") and response.status // 100 == 3:  # noqa: PLR2004
        raise BrokenError(
            f"{at} there is a redirect to {response.header('location')}, which clients need not follow for {what}.",
            "Serve the document at that address itself.",
        )
    if response.status != 200:  # noqa: PLR2004
        raise BrokenError(f"{at} the answer is {response.status}, not {what}: {response.text}", cure)
    if response.is_html:
        raise BrokenError(
            f"{at} there is an HTML page, not {what}: something else answers there, such as a website's fallback page.",
            "Let nothing but this project's API answer below /.well-known/ of the host.",
        )
    try:
        document = response.json()
    except ValueError as error:
        raise BrokenError(f"{at} the answer is not JSON: {error}.", cure) from error
    if not isinstance(document, dict):
        raise BrokenError(f"{at} there is JSON, but no object, so that it is not {what}.", cure)
    if "json" not in response.header("content-type").lower():
        stated = response.header("content-type") or "missing"
        raise BrokenError(
            f"{at} the content type is {stated}, and clients may take {what} for something else.",
            "Serve it as application/json.",
        )
    return document


def texts(document: dict[str, Any], name: str) -> list[str]:
    """Return a member that is a list of texts; whatever is not a text is left out."""
    found = document.get(name)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []
