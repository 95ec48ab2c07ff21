"""Fixtures: Lambda's context, and the name of the package that is the server."""

import os
from pathlib import Path

from lambda_context import Context, anyio_backend, context

__all__ = ["Context", "anyio_backend", "context"]

# As template.yaml has it: the last requirement.
_REQUIREMENTS = Path(__file__).parent.parent / "src/requirements.in"
os.environ["STDIO_PACKAGE"] = _REQUIREMENTS.read_text().split()[-1]
