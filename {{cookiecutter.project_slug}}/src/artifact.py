"""What the function ships with: an import that fails says what is missing, and how it comes in."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def required() -> Iterator[None]:
    """Have what is imported in the block fail with words that an operator can act on, which Lambda's runtime logs.

    Raises:
        ImportError: If something is missing, or was built for another processor or Python.
    """
    try:
        yield
    except ImportError as error:
        here = f"Python {sys.version_info.major}.{sys.version_info.minor} on {os.uname().machine}"
        raise ImportError(
            f"{error}. The artifact lacks it, or has it for something else than {here}. Name it in src/requirements.in "
            "and run `make requirements`; let Runtime and Architectures in template.yaml be what runs here; then run "
            "`make build` and deploy.",
            name=error.name,
            path=error.path,
        ) from error
