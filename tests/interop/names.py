"""Readable names of tests."""

from interop.clients import Client
from interop.places import title
from variants import Answers


def identifier(value: Client | Answers) -> str:
    """Return what a client or a shape is called in the name of a test."""
    text = value.title if isinstance(value, Client) else title(value)
    return text.replace(", ", "-").replace(" ", "-")
