"""The caller: somebody who has the team's secret, as the authorizer has verified, and nothing else."""

from typing import Any

import pytest

import principal
from caller import Caller


@pytest.mark.parametrize("version", ["current", "previous"])
def test_whoever_has_the_secret_is_the_team(version: str) -> None:
    who = principal.of({"authorizer": {"lambda": {"secret": version}}})
    assert who == Caller(subject="team", claims={"secret": version})


@pytest.mark.parametrize(
    "context",
    [
        None,
        [],
        {},
        {"authorizer": None},
        {"authorizer": {"lambda": None}},
        {"authorizer": {"lambda": {"secret": 5}}},
        {"authorizer": {"jwt": {"claims": {"sub": "alice"}}}},
    ],
)
def test_without_the_authorizer_there_is_nobody(context: Any) -> None:
    assert principal.of(context) == Caller()
