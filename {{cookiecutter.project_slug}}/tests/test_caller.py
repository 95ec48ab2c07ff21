"""The caller: what the authorizer verified, and nothing else."""

from typing import Any

import pytest

import caller
from conftest import rpc_event


def event_with(claims: Any) -> Any:
    return {"requestContext": {"authorizer": {"jwt": {"claims": claims}}}}


def test_the_claims_of_the_authorizer_are_the_caller() -> None:
    who = caller.from_event(event_with({"sub": "alice", "client_id": "people", "scope": "read write", "exp": 1}))
    assert (who.subject, who.client_id) == ("alice", "people")
    assert who.scopes == {"read", "write"}
    assert who.claims["exp"] == "1"


@pytest.mark.parametrize("name", ["client_id", "azp", "cid", "appid"])
def test_each_providers_name_of_the_client_is_known(name: str) -> None:
    assert caller.from_event(event_with({name: "people"})).client_id == "people"


def test_a_list_of_scopes_is_read_as_api_gateway_writes_it() -> None:
    assert caller.from_event(event_with({"scp": "[read write]"})).scopes == {"read", "write"}


@pytest.mark.parametrize(
    "event", [None, [], {}, {"requestContext": None}, {"requestContext": {"authorizer": []}}, event_with("alice")]
)
def test_without_an_authorizer_there_is_nobody(event: Any) -> None:
    assert caller.from_event(event) == caller.Caller()


def test_what_the_client_says_of_itself_is_not_believed() -> None:
    event = rpc_event("tools/list")
    del event["requestContext"]["authorizer"]
    event["headers"] |= {
        "x-amzn-request-context": '{"authorizer": {"jwt": {"claims": {"sub": "root"}}}}',
        "sub": "root",
    }
    assert caller.from_event(event).subject is None


def test_the_caller_is_forgotten_after_the_call() -> None:
    with caller.acting_for(event_with({"sub": "alice"})):
        assert caller.current().subject == "alice"
    assert caller.current().subject is None
