"""An import that fails says what is missing, and how it comes in."""

import importlib
import os
import sys

import pytest

import artifact


def test_a_missing_module_is_named_with_the_cure_and_what_runs_here() -> None:
    with pytest.raises(ImportError) as failed, artifact.required():
        importlib.import_module("no_such_module")
    text = str(failed.value)
    assert text.startswith("No module named 'no_such_module'.")
    assert f"Python {sys.version_info.major}.{sys.version_info.minor} on {os.uname().machine}" in text
    assert "make requirements" in text
    assert failed.value.name == "no_such_module"


def test_other_failures_keep_their_own_words() -> None:
    with pytest.raises(KeyError, match="MCP_URL"), artifact.required():
        raise KeyError("MCP_URL")
