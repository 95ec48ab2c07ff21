"""The front doors of the local stack, one of which a generated project has as `local/door.py`."""

import importlib.util
import sys
from types import ModuleType

from variants import TEMPLATE


def door(name: str) -> ModuleType:
    """Return a door by endpoint and credential, such as `http-api-oauth`.

    `local.stack` imports it from now on if nobody has imported it before.
    """
    path = TEMPLATE / f"variants/door/{name}.py"
    spec = importlib.util.spec_from_file_location("local.door", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["local.door"] = module
    spec.loader.exec_module(module)
    return module
