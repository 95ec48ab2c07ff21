"""A package of PyPI, `mcp-server-time`, at every endpoint: what is said of the samples holds for what others wrote."""

from dataclasses import replace

import pytest

from interop.clients import named
from interop.names import identifier
from interop.places import PACKAGES, Place
from interop.visits import Installed, task

TOOL = "get_current_time"
CLIENTS = named("Python SDK 2, legacy", "Python SDK 2, auto", "mcp-proxy-for-aws", "run-mcp, invoking")


@pytest.mark.parametrize("place", PACKAGES, ids=identifier, indirect=True)
def test_a_package_is_listed_and_called_cold_and_warm_and_its_failure_is_told(
    place: Place, installed: Installed
) -> None:
    name = place.prefix + TOOL
    asked = replace(
        task(place), failing=(name, {"timezone": "Nowhere/Land"}), good=(name, {"timezone": "Europe/Oslo"}), resource=""
    )
    for client in (client for client in CLIENTS if place.credential in client.shows):
        found = client.visit(installed, place, asked)
        assert found["revision"] == max(client.revisions & place.revisions)
        assert name in found["tools"]
        # The package has neither, and a Gateway would not pass them on.
        assert {"resources", "prompts"}.isdisjoint(found["capabilities"])
        failed, good = found["failed"], found["good"]
        # A Gateway takes a function's answer for a success: the text is all that says otherwise.
        assert failed.get("isError") or '"isError":true' in failed["content"][0]["text"]
        assert not good.get("isError")
        assert "Europe/Oslo" in good["content"][0]["text"]
