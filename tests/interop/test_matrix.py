"""Every client at every endpoint with every adapter, as `make build` makes it: what works, and what is turned away."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from interop.clients import CLIENTS, Client, named
from interop.names import identifier
from interop.places import HANDSHAKE, OTHER_PROVIDER, SHAPES, Place
from interop.table import NO_NAME, NOT_SPOKEN
from interop.visits import FailedError, Found, Installed, task

SAMPLES = ["count_s3_buckets", "list_ec2_instances", "list_lambda_functions", "scan_log_group"]
BESIDE_TOOLS = {"resources", "prompts"}
# A client may ask for a stream of the server's own messages; one that never ends would be billed until the timeout.
SERVED = {("POST", 200), ("POST", 202), ("GET", 405)}


@pytest.mark.parametrize("client", CLIENTS, ids=identifier)
@pytest.mark.parametrize("place", SHAPES, ids=identifier, indirect=True, scope="module")
def test_a_client_at_an_endpoint(
    place: Place, client: Client, installed: Installed, record_property: Callable[[str, object], None]
) -> None:
    if client.invokes and place.credential != "invocation":
        shown = NO_NAME
    elif place.credential not in client.shows:
        shown = _is_turned_away(place, client, installed)
    elif spoken := client.revisions & place.revisions:
        shown = _works(place, client, installed, max(spoken))
    else:
        shown = _finds_no_revision(place, client, installed)
    record_property("cell", (client.title, client.package(installed), place.title, place.sdk, shown))


@pytest.mark.parametrize("client", named("Python SDK 2, legacy", "Python SDK 2, 2026-07-28"), ids=identifier)
@pytest.mark.parametrize("place", [OTHER_PROVIDER], ids=identifier, indirect=True, scope="module")
def test_a_gateway_is_no_different_before_another_provider(place: Place, client: Client, installed: Installed) -> None:
    _works(place, client, installed, max(client.revisions))


def _works(place: Place, client: Client, installed: Installed, revision: str) -> str:
    since = place.logged()
    found = client.visit(installed, place, task(place))
    assert found["revision"] == revision
    assert sorted(found["tools"]) == [place.prefix + name for name in SAMPLES]
    _fails_for_the_model_to_read(found["failed"], place)
    _answers(found["good"], place)
    _has_resources_and_prompts(found, place)
    if "streams" in found:
        assert found["streams"] == ([405] if revision == HANDSHAKE else [])
    answered = place.answered(since)
    assert answered
    # A client that tries the newer revision first is told so by an error, and goes on with the older one.
    tried = {("POST", 400)} if client.revisions > place.revisions else set()
    assert answered <= SERVED | tried
    return revision


def _fails_for_the_model_to_read(result: Any, place: Place) -> None:
    (content,) = result["content"]
    assert "ResourceNotFoundException" in content["text"]
    # A Gateway takes a function's answer for a success: the text is all that says otherwise.
    assert '"isError":true' in content["text"] if place.gateway else result["isError"]


def _answers(result: Any, place: Place) -> None:
    assert not result.get("isError")
    (content,) = result["content"]
    assert json.loads(content["text"]) == {"buckets": 3}
    assert result.get("structuredContent") == (None if place.gateway else {"buckets": 3})


def _has_resources_and_prompts(found: Found, place: Place) -> None:
    passed_on = not place.gateway
    if found["capabilities"] is not None:
        assert "tools" in found["capabilities"]
        assert BESIDE_TOOLS & set(found["capabilities"]) == (BESIDE_TOOLS if passed_on else set())
    if passed_on:
        assert "us-east-1" in str(found["resource"]["contents"])
        assert "/app" in str(found["prompt"]["messages"])


def _is_turned_away(place: Place, client: Client, installed: Installed) -> str:
    answered = _refused(place, client, installed)
    posted = {status for method, status in answered if method == "POST"}
    assert posted
    assert posted <= {401, 403}
    # Some look around by other methods, which not every endpoint has.
    assert {status for _, status in answered} <= {401, 403, 404, 405}
    return " ".join(map(str, sorted(posted)))


def _finds_no_revision(place: Place, client: Client, installed: Installed) -> str:
    answered = _refused(place, client, installed)
    assert answered
    assert answered <= SERVED | {("POST", 400)}
    return NOT_SPOKEN


def _refused(place: Place, client: Client, installed: Installed) -> set[tuple[str, int]]:
    since = place.logged()
    with pytest.raises(FailedError):
        client.visit(installed, place, task(place))
    return place.answered(since)
