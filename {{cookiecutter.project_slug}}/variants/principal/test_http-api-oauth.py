"""The caller: what API Gateway's authorizer has verified, and nothing else."""

from typing import Any

import pytest

import principal
from caller import Caller


def claimed(claims: Any) -> Any:
    return {"authorizer": {"jwt": {"claims": claims}}}


def test_the_claims_of_the_authorizer_are_the_caller() -> None:
    who = principal.of(claimed({"sub": "alice", "client_id": "people", "scope": "read write", "exp": 1}))
    assert (who.subject, who.client_id) == ("alice", "people")
    assert who.scopes == {"read", "write"}
    assert who.claims["exp"] == "1"


@pytest.mark.parametrize("name", ["client_id", "azp", "cid", "appid"])
def test_each_providers_name_of_the_client_is_known(name: str) -> None:
    assert principal.of(claimed({name: "people"})).client_id == "people"


def test_a_list_of_scopes_is_read_as_api_gateway_writes_it() -> None:
    assert principal.of(claimed({"scp": "[read write]"})).scopes == {"read", "write"}


@pytest.mark.parametrize("context", [None, [], {}, {"authorizer": None}, {"authorizer": []}, claimed("alice")])
def test_without_an_authorizer_there_is_nobody(context: Any) -> None:
    assert principal.of(context) == Caller()
