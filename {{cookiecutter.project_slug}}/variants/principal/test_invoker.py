"""The caller: the tenant that the invoking program names, as Lambda passes it on."""

from types import SimpleNamespace
from typing import Any

import pytest

import principal
from caller import Caller


def invoked(tenant_id: Any = None, custom: Any = None) -> Any:
    return SimpleNamespace(tenant_id=tenant_id, client_context=SimpleNamespace(custom=custom))


def test_lambdas_own_tenant_id_names_the_tenant() -> None:
    assert principal.of(invoked("acme")) == Caller(claims={"tenant": "acme"}, tenant="acme")


def test_without_isolation_the_client_context_does() -> None:
    assert principal.of(invoked(custom={"tenant": "acme"})) == Caller(claims={"tenant": "acme"}, tenant="acme")


def test_the_client_context_does_not_outdo_the_tenant_whose_environment_it_is() -> None:
    assert principal.of(invoked("acme", {"tenant": "beta"})).tenant == "acme"
    assert principal.of(invoked("", {"tenant": "beta"})).tenant is None


@pytest.mark.parametrize(
    "context",
    [
        None,
        SimpleNamespace(),
        SimpleNamespace(client_context=None),
        invoked(),
        invoked(custom=[]),
        invoked(custom={}),
        invoked(custom={"tenant": None}),
        invoked(custom={"tenant": 7}),
        invoked(custom={"tenant": ["acme"]}),
    ],
)
def test_who_names_no_tenant_has_none(context: Any) -> None:
    assert principal.of(context) == Caller()
