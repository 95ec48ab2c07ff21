"""What callers keep: read back as it was, changed by one at a time, gone in time, and nobody else's."""

import math
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

import aws
import caller
import handles
import limits
import state
from caller import Caller
from handles import NotFoundError
from sdk import ResourceError
from state import ConflictError, Kept, ValueRefusedError
from state_table import StateTable

ALICE = Caller(subject="alice", client_id="people")
NEVER = "n" * 32
DAY = 86_400
# Each way to what is under a handle.
WAYS: dict[str, Callable[[str], Any]] = {
    "read": state.read,
    "update": lambda handle: state.update(Kept(handle, 1, None), "theirs"),
    "change": lambda handle: state.change(handle, lambda _: "theirs"),
    "delete": state.delete,
}


@pytest.fixture
def table(account: None) -> StateTable:
    return StateTable()


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def way(request: pytest.FixtureRequest) -> Any:
    return request.param


def not_found(way: Callable[[Any], Any], handle: Any) -> str:
    """Go that way, and return the words in which nothing was found."""
    with pytest.raises(NotFoundError) as refused:
        way(handle)
    return str(refused.value)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are made, none of which lasts."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


def test_what_is_kept_is_read_back_as_it_was(table: StateTable) -> None:
    text = "naïve ☃ \U0001f600 \ud800 \x00"
    values: list[Any] = [None, False, 0, "", [], {}, -1.5, 10**30, text, {"a": [1, {"b": None}], "": text}]
    for value in values:
        kept = state.create(value)
        assert kept.value == value
        assert state.read(kept.handle) == kept
        changed = state.update(kept, [value])
        assert state.read(kept.handle) == changed
        assert changed.value == [value]


def test_a_value_is_kept_as_json_says_it_and_not_as_the_object_that_was_given(table: StateTable) -> None:
    given = {"items": (1, 2)}
    kept = state.create(given)
    assert kept.value == state.read(kept.handle).value == {"items": [1, 2]}


def test_each_value_has_a_handle_of_its_own_that_nobody_can_guess(table: StateTable) -> None:
    handles = {state.create("the same").handle for _ in range(100)}
    assert len(handles) == 100
    assert all(re.fullmatch(r"[\w-]{32}", handle, re.ASCII) for handle in handles)


def test_of_two_that_have_read_the_same_only_the_first_writes(table: StateTable) -> None:
    read = state.create(1)
    state.update(read, 2)
    with pytest.raises(ConflictError, match=r"changed nothing\. Retry"):
        state.update(read, 3)
    assert state.read(read.handle).value == 2


def test_a_value_that_is_deleted_is_gone(table: StateTable, way: Callable[[str], Any]) -> None:
    handle = state.create(1).handle
    state.delete(handle)
    assert table.items() == []
    with pytest.raises(NotFoundError):
        way(handle)
    assert table.items() == []


def test_a_change_is_made_to_what_others_have_written_in_the_meantime(table: StateTable, pauses: list[float]) -> None:
    handle = state.create(0).handle
    others = iter([10, 20, 30])

    def add(value: int) -> int:
        if (other := next(others, None)) is not None:
            state.update(state.read(handle), other)
        return value + 1

    assert state.change(handle, add).value == 31
    assert state.read(handle).value == 31
    assert len(pauses) == 3
    assert all(0 <= pause <= longest for pause, longest in zip(pauses, (0.1, 0.2, 0.4), strict=True))


def test_a_change_that_is_too_late_each_time_changes_nothing_and_may_be_retried(
    table: StateTable, pauses: list[float]
) -> None:
    handle = state.create(0).handle

    def add(value: int) -> int:
        state.update(state.read(handle), value + 10)
        return value + 1

    with pytest.raises(ConflictError, match=r"changed nothing\. Retry"):
        state.change(handle, add)
    assert state.read(handle).value == 80
    assert len(pauses) == 7
    assert sum(pauses) <= 5


def test_a_change_does_not_outlast_its_call(table: StateTable, pauses: list[float]) -> None:
    handle = state.create(0).handle

    def add(value: int) -> int:
        state.update(state.read(handle), value + 10)
        return value + 1

    with limits.lasting(0), pytest.raises(ConflictError):
        state.change(handle, add)
    assert state.read(handle).value == 10
    assert pauses == []


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem"])
def test_a_write_that_botocore_repeats_because_its_answer_was_lost_counts_once(
    table: StateTable, pauses: list[float], operation: str
) -> None:
    table.lose_the_next_answer(operation)
    kept = state.create(1)
    assert state.change(kept.handle, lambda value: value + 1).value == 2
    assert state.read(kept.handle).value == 2
    assert len(table.items()) == 1
    assert [name for name, _ in table.sent] == ["PutItem", "GetItem", "UpdateItem", "GetItem"]


def test_what_has_expired_is_gone_though_dynamodb_has_not_deleted_it_yet(
    table: StateTable, way: Callable[[str], Any]
) -> None:
    kept = state.create("mine")
    table.age(0)
    before = table.items()
    with pytest.raises(NotFoundError):
        way(kept.handle)
    with pytest.raises(NotFoundError):
        state.update(kept, "again")
    assert table.items() == before


def test_a_value_expires_so_many_days_after_its_last_change(table: StateTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DAYS", "2")
    kept = state.create(1)
    assert abs(int(table.items()[0]["expires"]["N"]) - time.time() - 2 * DAY) < 60
    table.age(60)
    state.update(kept, 2)
    assert abs(int(table.items()[0]["expires"]["N"]) - time.time() - 2 * DAY) < 60
    table.age(60)
    state.read(kept.handle)
    assert int(table.items()[0]["expires"]["N"]) - time.time() <= 60


def test_a_value_of_the_largest_size_is_kept_and_a_larger_one_is_refused_unsent(table: StateTable) -> None:
    largest = "x" * 63_998
    kept = state.create(largest)
    table.sent.clear()
    with pytest.raises(ValueRefusedError, match=r"64,001 bytes, and 64,000 is the limit"):
        state.create(f"{largest}x")
    with pytest.raises(ValueRefusedError, match=r"64,001 bytes, and 64,000 is the limit"):
        state.update(kept, f"{largest}x")
    assert table.sent == []
    assert state.read(kept.handle).value == largest


def test_the_size_is_that_in_bytes_and_not_in_characters(table: StateTable) -> None:
    with pytest.raises(ValueRefusedError, match="limit"):
        state.create("☃" * 30_000)


def test_what_is_no_json_is_refused_unsent(table: StateTable) -> None:
    itself: list[Any] = []
    itself.append(itself)
    for value in (math.nan, math.inf, [-math.inf], {1}, {"a": object()}, {(1, 2): 3}, b"bytes", itself):
        with pytest.raises(ValueRefusedError, match="no JSON"):
            state.create(value)
    assert table.sent == []


BAD_HANDLES = {
    "empty": "",
    "too short": "n" * 31,
    "too long": "n" * 33,
    "4 kB": "n" * 4096,
    "a line end behind it": "n" * 32 + "\n",
    "another alphabet": "n" * 31 + "/",
    "a separator": "n" * 31 + "#",
    "unicode digits": "٣" * 32,
    "unicode letters": "é" * 32,
    "full width": "\uff4e" * 32,
    "a zero byte": "n" * 31 + "\x00",
    "a lone surrogate": "n" * 31 + "\ud800",
    "none": None,
    "a number": 32,
    "bytes": b"n" * 32,
    "a list": ["n"] * 32,
    "a dict": {"S": NEVER},
}


def test_a_handle_that_no_server_minted_is_not_found_without_a_question(
    table: StateTable, way: Callable[[Any], Any]
) -> None:
    told = {name: not_found(way, handle) for name, handle in BAD_HANDLES.items()}
    assert table.sent == []
    assert told == dict.fromkeys(BAD_HANDLES, not_found(way, NEVER))


OTHERS = {
    "another subject": Caller(subject="bob", client_id="people"),
    "another client": Caller(subject="alice", client_id="machines"),
    "no client": Caller(subject="alice"),
    "no subject": Caller(client_id="people"),
    "nobody": Caller(),
    "the two the other way round": Caller(subject="people", client_id="alice"),
    "the two in one": Caller(subject='alice", "people'),
    "the two with a comma": Caller(subject="alice,people"),
    "another case": Caller(subject="Alice", client_id="people"),
    "other claims": Caller(subject="mallory", claims={"sub": "alice", "client_id": "people"}),
    "the same in a tenant": Caller(subject="alice", client_id="people", tenant="acme"),
    "the same in an empty tenant": Caller(subject="alice", client_id="people", tenant=""),
}


def test_anothers_handle_is_not_found_in_the_same_words_as_one_that_never_was(
    table: StateTable, way: Callable[[str], Any]
) -> None:
    with caller.acting_for(ALICE):
        kept = state.create("mine")
    told, never = {}, {}
    for name, other in OTHERS.items():
        with caller.acting_for(other):
            told[name], never[name] = (not_found(way, handle) for handle in (kept.handle, NEVER))
    assert told == never == dict.fromkeys(OTHERS, never["nobody"])
    with caller.acting_for(ALICE):
        assert state.read(kept.handle) == kept


def test_the_same_caller_finds_its_values_again_with_other_scopes_and_claims(table: StateTable) -> None:
    with caller.acting_for(ALICE):
        kept = state.create("mine")
    later = Caller(subject="alice", client_id="people", scopes=frozenset({"write"}), claims={"exp": "2"})
    with caller.acting_for(later):
        assert state.read(kept.handle) == kept


def test_a_tenant_leads_the_key_and_two_tenants_share_nothing(table: StateTable, way: Callable[[str], Any]) -> None:
    acme, other = (Caller(subject="alice", client_id="people", tenant=tenant) for tenant in ("acme", "other"))
    with caller.acting_for(acme):
        handle = state.create("mine").handle
    with caller.acting_for(other), pytest.raises(NotFoundError):
        way(handle)
    ((owner,),) = ([item["owner"]["S"]] for item in table.items())
    assert re.fullmatch(r"acme#[0-9a-f]{64}", owner)
    with caller.acting_for(acme):
        assert state.read(handle).value == "mine"


def test_where_nobody_is_known_the_handle_alone_is_the_way(table: StateTable) -> None:
    assert state.read(state.create("anybody's").handle).value == "anybody's"
    assert re.fullmatch(r"[0-9a-f]{64}", table.items()[0]["owner"]["S"])


def test_only_what_the_role_allows_is_asked_of_dynamodb_and_reads_are_consistent(table: StateTable) -> None:
    kept = state.create(1)
    state.change(kept.handle, lambda value: value + 1)
    state.delete(kept.handle)
    assert [name for name, _ in table.sent] == ["PutItem", "GetItem", "UpdateItem", "DeleteItem"]
    assert {params["TableName"] for _, params in table.sent} == {"state"}
    assert table.sent[1][1]["ConsistentRead"] is True


@pytest.mark.usefixtures("account")
def test_what_dynamodb_refuses_is_told_in_words() -> None:
    with pytest.raises(ResourceError, match=r"AWS refused PutItem \(ResourceNotFoundException\)"):
        state.create(1)


def test_an_item_that_is_not_as_this_server_writes_it_is_told_and_logged_with_its_place(
    table: StateTable, caplog: pytest.LogCaptureFixture
) -> None:
    kept = state.create(1)
    owner, handle = handles.place(kept.handle)
    item = {"owner": {"S": owner}, "handle": {"S": handle}, "expires": {"N": "9999999999"}}
    aws.client("dynamodb").put_item(TableName="state", Item=item)
    with pytest.raises(ResourceError, match=r"AWS's answer could not be read \(KeyError\)"):
        state.read(kept.handle)
    assert "KeyError at state.py" in caplog.text
