"""The key of `requestState`: read when it is first needed, shared, rotated; and who may go on with a state."""

import json
import logging
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from mcp import Client
from mcp.server.request_state import AESGCMRequestStateCodec, InvalidRequestState, RequestStateBoundary
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, ElicitRequest, ElicitResult, InputRequiredResult

import aws
import caller
import request_state
from caller import Caller
from example_account import make_functions
from request_state import DOUBTED_SECONDS, FRESH_SECONDS, STALE_SECONDS, SharedKeys, UnavailableError
from server import build_server

FIRST, SECOND, THIRD = (word * 8 for word in ("first-key", "second-key", "third-key"))
# What the SDK calls the question.
QUESTION = "server:_confirm"
ANN = Caller(subject="ann", client_id="desktop")


class Clock:
    """Time that goes on when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Store:
    """The stack's secret in a made-up account, and how often this environment has asked for it."""

    client: Any
    arn: str
    clock: Clock
    reads: list[Any]

    def keys(self) -> SharedKeys:
        """Those of another environment."""
        return SharedKeys(self.clock)

    def rotate(self, value: str) -> None:
        self.client.put_secret_value(SecretId=self.arn, SecretString=value)

    def down(self) -> None:
        """Have Secrets Manager refuse connections from now on."""

        def refuse(**_: Any) -> None:
            raise EndpointConnectionError(endpoint_url="https://secretsmanager")

        aws.client("secretsmanager").meta.events.register_first("before-send.secretsmanager.GetSecretValue", refuse)


@pytest.fixture
def store(account: None, monkeypatch: pytest.MonkeyPatch) -> Store:
    client = boto3.client("secretsmanager")
    arn = client.create_secret(Name="request-state", SecretString=FIRST)["ARN"]
    monkeypatch.setenv("REQUEST_STATE_SECRET", arn)
    reads: list[Any] = []
    events = aws.client("secretsmanager").meta.events
    events.register("before-call.secretsmanager.GetSecretValue", lambda params, **_: reads.append(params["body"]))
    return Store(client, arn, Clock(), reads)


def test_nothing_is_read_before_the_first_state(store: Store) -> None:
    build_server()
    keys = store.keys()
    assert store.reads == []
    assert keys.unseal(keys.seal(b"asked")) == b"asked"
    assert len(store.reads) == 2


def test_what_one_environment_seals_another_opens(store: Store) -> None:
    assert store.keys().unseal(store.keys().seal(b"asked")) == b"asked"


def test_the_keys_are_kept_for_minutes(store: Store) -> None:
    keys = store.keys()
    keys.seal(b"")
    store.clock.now += FRESH_SECONDS
    keys.unseal(keys.seal(b""))
    assert len(store.reads) == 2
    store.clock.now += 1
    keys.seal(b"")
    assert len(store.reads) == 4


def test_a_state_from_before_a_rotation_is_opened_after_it(store: Store) -> None:
    sealed = store.keys().seal(b"asked")
    store.rotate(SECOND)
    rotated = store.keys()
    assert rotated.unseal(sealed) == b"asked"
    with pytest.raises(InvalidRequestState):
        AESGCMRequestStateCodec([FIRST]).unseal(rotated.seal(b"new"))


def test_a_state_from_before_two_rotations_is_refused(store: Store) -> None:
    sealed = store.keys().seal(b"asked")
    store.rotate(SECOND)
    store.rotate(THIRD)
    with pytest.raises(InvalidRequestState):
        store.keys().unseal(sealed)


def test_an_environment_that_does_not_know_a_key_yet_reads_it_at_once(store: Store) -> None:
    behind = store.keys()
    behind.seal(b"")
    store.rotate(SECOND)
    sealed = store.keys().seal(b"asked")
    store.clock.now += DOUBTED_SECONDS + 1
    assert behind.unseal(sealed) == b"asked"


def test_forged_states_cost_a_read_in_some_seconds_and_no_more(store: Store) -> None:
    keys = store.keys()
    forged = AESGCMRequestStateCodec([SECOND]).seal(b"asked")
    for _ in range(50):
        store.clock.now += 0.5
        for token in (forged, "v1.", "", "?"):
            with pytest.raises(InvalidRequestState):
                keys.unseal(token)
    # Two versions at a time.
    assert len(store.reads) <= 2 * (25 / DOUBTED_SECONDS + 1)


def test_a_key_that_was_set_anew_as_it_was_is_one_key(store: Store) -> None:
    sealed = store.keys().seal(b"asked")
    store.rotate(FIRST)
    assert store.keys().unseal(sealed) == b"asked"


def test_while_secrets_manager_is_down_the_copy_is_used_for_a_time(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    keys = store.keys()
    sealed = keys.seal(b"asked")
    store.down()
    store.clock.now += STALE_SECONDS
    assert keys.unseal(sealed) == b"asked"
    assert "EndpointConnectionError" in caplog.text
    store.clock.now += 1
    for refused in (lambda: keys.unseal(sealed), lambda: keys.seal(b"")):
        with pytest.raises(UnavailableError):
            refused()


def test_without_a_copy_nothing_is_sealed_and_the_log_says_why(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    keys = store.keys()
    store.down()
    for _ in range(3):
        with pytest.raises(UnavailableError):
            keys.seal(b"asked")
    assert len(store.reads) == 1
    (line,) = caplog.messages
    assert store.arn in line
    assert "may this role read it" in line


def test_it_works_again_as_soon_as_the_key_can_be_read(store: Store) -> None:
    keys = store.keys()
    store.client.delete_secret(SecretId=store.arn)
    with pytest.raises(UnavailableError):
        keys.seal(b"")
    store.client.restore_secret(SecretId=store.arn)
    store.clock.now += DOUBTED_SECONDS + 1
    assert keys.unseal(keys.seal(b"asked")) == b"asked"


@pytest.mark.parametrize("value", ["too short to be a key", ""])
def test_a_value_that_is_no_key_is_named_in_the_log_and_not_quoted(
    store: Store, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    keys = store.keys()
    sealed = keys.seal(b"asked")
    store.client.put_secret_value(SecretId=store.arn, **({"SecretString": value} if value else {"SecretBinary": b"x"}))
    store.clock.now += FRESH_SECONDS + 1
    assert keys.unseal(sealed) == b"asked"
    (line,) = caplog.messages
    assert "32 characters" in line
    assert "too short" not in line
    with pytest.raises(UnavailableError):
        store.keys().seal(b"")


def test_an_sdk_without_the_boundary_does_not_start() -> None:
    server = build_server()
    server.middleware[:] = [each for each in server.middleware if not isinstance(each, RequestStateBoundary)]
    with pytest.raises(RuntimeError, match="RequestStateBoundary"):
        request_state.share(server)


# What the SDK makes of it: the state of a real tool that asks the user.


async def unasked(context: Any, params: Any) -> ElicitResult:
    raise AssertionError("The rounds are taken one by one.")


@dataclass
class Call:
    """One round of a call."""

    who: Caller = ANN
    function: str = "function-00"
    runtime: str = "python3.13"

    async def __call__(self, state: str | None = None) -> Any:
        """Call a server that nobody has called before; with a state, as a client does that has the user's consent."""
        answers: Any = {QUESTION: ElicitResult(action="accept", content={"reason": "security updates"})}
        arguments = {"function": self.function, "runtime": self.runtime}
        with caller.acting_for(self.who):
            async with Client(build_server(), mode="2026-07-28", elicitation_callback=unasked) as client:
                try:
                    return await client.session.call_tool(
                        "update_function_runtime",
                        arguments,
                        input_responses=answers if state else None,
                        request_state=state,
                        allow_input_required=True,
                    )
                except MCPError as error:
                    refusal = error
        raise refusal

    async def asked(self) -> str:
        """Return the state that comes with the question."""
        result = await self()
        assert isinstance(result, InputRequiredResult)
        assert [type(request) for request in (result.input_requests or {}).values()] == [ElicitRequest]
        assert [*(result.input_requests or {})] == [QUESTION]
        assert result.request_state
        return result.request_state


def runtimes() -> list[str]:
    return sorted(function["Runtime"] for function in boto3.client("lambda").list_functions()["Functions"])


async def refused(call: Call, state: str) -> None:
    """Assert that nobody can go on with `state` by `call`, and that nothing has changed."""
    before = runtimes()
    with pytest.raises(MCPError, match="Invalid or expired requestState") as error:
        await call(state)
    assert error.value.code == INVALID_PARAMS
    assert runtimes() == before


@pytest.mark.anyio
async def test_the_answer_may_go_to_another_environment(store: Store) -> None:
    make_functions("python3.9")
    result = await Call()(await Call().asked())
    assert result.structured_content["outcome"] == "changed"
    assert runtimes() == ["python3.13"]


@pytest.mark.anyio
async def test_the_key_may_be_rotated_before_the_answer(store: Store) -> None:
    make_functions("python3.9")
    state = await Call().asked()
    store.rotate(SECOND)
    assert (await Call()(state)).structured_content["outcome"] == "changed"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "other",
    [
        Call(Caller(subject="bob", client_id="desktop")),
        Call(Caller(subject="ann", client_id="another")),
        Call(Caller(subject="ann", client_id="desktop", tenant="acme")),
        Call(Caller(subject='ann", "desktop')),
        Call(Caller()),
        Call(function="function-01"),
        Call(runtime="python3.14"),
    ],
    ids=["subject", "client", "tenant", "look-alike", "nobody", "function", "runtime"],
)
async def test_a_state_is_for_its_caller_and_its_arguments(store: Store, other: Call) -> None:
    make_functions("python3.9", "python3.9")
    await refused(other, await Call().asked())


@pytest.mark.anyio
async def test_a_state_is_for_its_tenant(store: Store) -> None:
    make_functions("python3.9")
    mine, theirs = (Caller(subject="ann", client_id="desktop", tenant=tenant) for tenant in ("acme", "beta"))
    await refused(Call(theirs), await Call(mine).asked())


@pytest.mark.anyio
async def test_where_nobody_is_known_the_state_is_for_whoever_may_call(store: Store) -> None:
    make_functions("python3.9")
    state = await Call(Caller()).asked()
    await refused(Call(ANN), state)
    assert (await Call(Caller())(state)).structured_content["outcome"] == "changed"


@pytest.mark.anyio
async def test_a_state_of_one_tool_is_refused_by_another(store: Store) -> None:
    make_functions("python3.9")
    state = await Call().asked()
    with caller.acting_for(ANN):
        async with Client(build_server(), mode="2026-07-28") as client:
            with pytest.raises(MCPError, match="Invalid or expired requestState"):
                await client.session.call_tool("count_s3_buckets", {}, request_state=state)


@pytest.mark.anyio
async def test_a_state_that_was_changed_or_has_expired_is_refused(store: Store) -> None:
    make_functions("python3.9")
    codec = AESGCMRequestStateCodec([FIRST])
    state = await Call().asked()
    claims = json.loads(codec.unseal(state))
    assert claims["exp"] - claims["iat"] == request_state.TTL_SECONDS
    expired = claims | {"iat": claims["iat"] - 601, "exp": claims["exp"] - 601}
    middle = len(state) // 2
    tampered = state[:middle] + ("B" if state[middle] == "A" else "A") + state[middle + 1 :]
    unsealed = json.dumps(claims)
    for bad in (codec.seal(json.dumps(expired).encode()), tampered, state[:-1], unsealed, "x"):
        await refused(Call(), bad)
    assert (await Call()(state)).structured_content["outcome"] == "changed"


@pytest.mark.anyio
async def test_without_a_key_a_tool_that_asks_fails_and_the_others_work(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    make_functions("python3.9")
    store.client.delete_secret(SecretId=store.arn)
    with pytest.raises(MCPError, match="Internal error"):
        await Call()()
    assert "may this role read it" in caplog.text
    async with Client(build_server(), mode="2026-07-28") as client:
        reads = len(store.reads)
        assert not (await client.call_tool("count_s3_buckets", {})).is_error
        assert len(store.reads) == reads
    assert logging.getLogger("botocore").level == logging.WARNING
    assert FIRST not in caplog.text
