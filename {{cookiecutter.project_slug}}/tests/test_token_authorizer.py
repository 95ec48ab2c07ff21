"""The token authorizer: who has the team's secret may pass, in whatever version it is valid, and nobody else."""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

import bearer
import team_secret
from team_secret import DOUBTED_SECONDS, TeamSecret, UnavailableError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)
MINUTE = 60
FIRST, SECOND, THIRD = (f"{word}0123456789" for word in ("first", "second", "third"))


class Clock:
    """Time that goes on when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Store:
    """The team's secret in a made-up account, what the authorizer knows of it, and how often it has asked."""

    client: Any
    arn: str
    secret: TeamSecret
    clock: Clock
    reads: list[str]

    def rotate(self, value: str) -> None:
        self.client.put_secret_value(SecretId=self.arn, SecretString=value)

    def drop_previous(self) -> None:
        """As the output RevokeCommand does."""
        version = self.client.get_secret_value(SecretId=self.arn, VersionStage="AWSPREVIOUS")["VersionId"]
        self.client.update_secret_version_stage(
            SecretId=self.arn, VersionStage="AWSPREVIOUS", RemoveFromVersionId=version
        )

    def down(self) -> None:
        """Have Secrets Manager refuse connections from now on."""

        def refuse(**_: Any) -> None:
            raise EndpointConnectionError(endpoint_url="https://secretsmanager")

        team_secret._client().meta.events.register_first("before-send.secretsmanager.GetSecretValue", refuse)


@pytest.fixture
def store() -> Iterator[Store]:
    with mock_aws():
        team_secret._client.cache_clear()
        client = boto3.client("secretsmanager")
        arn = client.create_secret(Name="team", SecretString=FIRST)["ARN"]
        clock = Clock()
        reads: list[str] = []
        events = team_secret._client().meta.events
        events.register("before-call.secretsmanager.GetSecretValue", lambda params, **_: reads.append(params["body"]))
        yield Store(client, arn, TeamSecret(arn, clock), clock, reads)
    team_secret._client.cache_clear()


@pytest.fixture
def authorize(store: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The Lambda entry point, for a request with this header."""
    monkeypatch.setitem(os.environ, "SECRET_ARN", store.arn)
    import authorizer

    monkeypatch.setattr(authorizer, "_secret", store.secret)
    return lambda header: authorizer.lambda_handler({"version": "2.0", "headers": {"authorization": header}}, None)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_secret_lets_pass_by_a_scheme_of_any_case(authorize: Any, scheme: str) -> None:
    assert authorize(f"{scheme} {FIRST}") == {"isAuthorized": True, "context": {"secret": "current"}}


@pytest.mark.parametrize("token", [SECOND, FIRST[:-1], FIRST + "0", FIRST.upper(), "x"])
def test_another_token_does_not(authorize: Any, token: str) -> None:
    assert authorize(f"Bearer {token}") == {"isAuthorized": False}


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        FIRST,
        f"Basic {FIRST}",
        f"Bearer{FIRST}",
        f"Bearer {FIRST} {FIRST}",
        f"Bearer {FIRST},Bearer {FIRST}",
        f"Bearer {SECOND}, Bearer {FIRST}",
        f"Bearer {FIRST},",
        f"Bearer {FIRST}\n",
        f"Bearer {FIRST}\x00",
        f"Bearer \u0130{FIRST}",
        f"Bearer {FIRST}{' ' * bearer.LONGEST_HEADER}",
    ],
)
def test_a_header_that_is_not_one_bearer_token_does_not(authorize: Any, store: Store, header: str) -> None:
    assert authorize(header) == {"isAuthorized": False}
    assert store.reads == []


def test_the_token_is_looked_for_in_its_header_alone(store: Store) -> None:
    event = {
        "headers": {"x-authorization": f"Bearer {FIRST}", "cookie": FIRST},
        "queryStringParameters": {"access_token": FIRST, "authorization": f"Bearer {FIRST}"},
        "identitySource": [f"Bearer {FIRST}"],
        "cookies": [FIRST],
    }
    assert bearer.token(event) is None


@given(json_values)
def test_whatever_the_event_is_there_is_a_token_or_none(event: Any) -> None:
    for shape in (event, {"headers": event}, {"headers": {"authorization": event}}):
        assert bearer.token(shape) is None or isinstance(shape, dict)


@given(st.text())
def test_whatever_the_header_holds_what_comes_out_could_be_compared(header: str) -> None:
    found = bearer.token({"headers": {"authorization": f"Bearer {header}"}})
    assert found is None or (found in header and found.isascii())


@pytest.mark.parametrize("event", [None, [], {}, "Bearer", {"headers": None}, {"headers": []}, {"headers": {}}])
def test_an_event_that_is_no_request_may_not_pass(authorize: Any, event: Any) -> None:
    import authorizer

    assert authorizer.lambda_handler(event, None) == {"isAuthorized": False}


def test_after_a_rotation_the_new_secret_works_soon_and_the_one_before_it_still_does(store: Store) -> None:
    assert store.secret.version_of(FIRST) == "current"
    store.rotate(SECOND)
    store.clock.now += DOUBTED_SECONDS + 1
    assert store.secret.version_of(SECOND) == "current"
    assert store.secret.version_of(FIRST) == "previous"


def test_the_secret_before_the_previous_one_does_not_work(store: Store) -> None:
    assert store.secret.version_of(FIRST) == "current"
    store.rotate(SECOND)
    store.rotate(THIRD)
    store.clock.now += MINUTE + 1
    assert [store.secret.version_of(token) for token in (FIRST, SECOND, THIRD)] == [None, "previous", "current"]


def test_a_previous_secret_that_was_dropped_does_not_work(store: Store) -> None:
    store.rotate(SECOND)
    assert store.secret.version_of(FIRST) == "previous"
    store.drop_previous()
    store.clock.now += MINUTE + 1
    assert [store.secret.version_of(token) for token in (FIRST, SECOND)] == [None, "current"]


def test_a_new_line_at_the_end_of_a_secret_is_no_part_of_it(store: Store) -> None:
    store.rotate(f"{SECOND}\n")
    assert store.secret.version_of(SECOND) == "current"


def test_nothing_is_read_before_there_is_a_token_and_then_not_again_for_a_minute(store: Store) -> None:
    assert store.reads == []
    for _ in range(3):
        assert store.secret.version_of(FIRST)
        store.clock.now += MINUTE / 3
    assert len(store.reads) == 2
    store.clock.now += 1
    assert store.secret.version_of(FIRST)
    assert len(store.reads) == 4


def test_a_flood_of_wrong_tokens_does_not_become_one_of_calls(store: Store) -> None:
    for number in range(1000):
        assert store.secret.version_of(f"guess{number}") is None
        store.clock.now += 0.01
    assert len(store.reads) == 2 * len(range(0, 10, DOUBTED_SECONDS))


def test_a_flood_while_secrets_manager_is_down_does_not_become_one_of_calls(store: Store) -> None:
    store.down()
    for _ in range(100):
        with pytest.raises(UnavailableError):
            store.secret.version_of(FIRST)
    assert len(store.reads) == 1


def test_while_secrets_manager_is_down_the_last_copy_serves_for_five_minutes_and_no_longer(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    assert store.secret.version_of(FIRST) == "current"
    store.down()
    store.clock.now = 5 * MINUTE
    assert store.secret.version_of(FIRST) == "current"
    assert store.secret.version_of(SECOND) is None
    assert f"no value of {store.arn} (EndpointConnectionError)" in caplog.text
    store.clock.now += 1
    with pytest.raises(UnavailableError):
        store.secret.version_of(FIRST)


def test_without_a_secret_nobody_may_pass_and_the_log_says_why(
    store: Store, authorize: Any, caplog: pytest.LogCaptureFixture
) -> None:
    store.client.delete_secret(SecretId=store.arn, ForceDeleteWithoutRecovery=True)
    with pytest.raises(UnavailableError):
        authorize(f"Bearer {FIRST}")
    assert f"no value of {store.arn} (ResourceNotFoundException)" in caplog.text


@pytest.mark.parametrize("value", [{"SecretBinary": b"x"}, {"SecretString": " \n"}], ids=["binary", "blank"])
def test_a_value_that_nobody_can_send_is_named_in_the_log_and_the_last_copy_serves(
    store: Store, authorize: Any, caplog: pytest.LogCaptureFixture, value: dict[str, Any]
) -> None:
    assert store.secret.version_of(FIRST) == "current"
    store.client.put_secret_value(SecretId=store.arn, **value)
    store.clock.now += MINUTE + 1
    assert store.secret.version_of(FIRST) == "current"
    assert f"The value of {store.arn} is no text, or blank" in caplog.text
    with pytest.raises(UnavailableError):
        TeamSecret(store.arn, store.clock).version_of(FIRST)


def test_no_log_has_a_secret_even_at_its_most_talkative(
    store: Store, authorize: Any, caplog: pytest.LogCaptureFixture
) -> None:
    store.rotate(SECOND)
    with caplog.at_level(logging.DEBUG):
        for token in (FIRST, SECOND, THIRD):
            answer = authorize(f"Bearer {token}")
            assert token not in json.dumps(answer)
    assert not [token for token in (FIRST, SECOND, THIRD) if token in caplog.text]
