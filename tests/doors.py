"""The front doors of the local stack, one of which a generated project has as `local/door.py`."""

import importlib.util
import sys
from types import ModuleType

from variants import TEMPLATE


def door(endpoint: str) -> ModuleType:
    """Return the door of an endpoint, which `local.stack` imports from now on if nobody has imported it before."""
    path = TEMPLATE / "variants/endpoint" / endpoint / "door.py"
    spec = importlib.util.spec_from_file_location("local.door", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["local.door"] = module
    spec.loader.exec_module(module)
    return module
