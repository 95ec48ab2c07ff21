"""Tools that ask back, on a built project whose calls take turns between two execution environments."""

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import boto3
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.request_state import AESGCMRequestStateCodec
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CreateMessageResult,
    ElicitResult,
    InputRequiredResult,
    ListRootsResult,
    Root,
    TextContent,
)

from conftest import Bake
from e2e.callers import Bearer, connected, signer
from e2e.conftest import Built, Stack
from local.aws import FUNCTIONS, KEY_ID, LOGS, REGION, SECRET_KEY
from local.invoke.transport import invoke_transport
from workshop import ARCHITECTURE

pytestmark = pytest.mark.anyio

FUNCTION, LOG_GROUP = next(iter(FUNCTIONS)), next(iter(LOGS))
NEWEST = "2026-07-28"
UPDATE = "update_function_runtime"
REASON = "security updates"
# A run of the tests changes the one function again and again, each time to what it is not.
RUNTIMES = ("python3.13", "python3.14")

Connect = Callable[..., Any]


@pytest.fixture(scope="module")
def built(bake: Bake) -> Built:
    return Built(bake(state="dynamodb", architecture=ARCHITECTURE))


@pytest.fixture(scope="module")
def stack(built: Built) -> Iterator[Stack]:
    with built.serve(None, "--environments", "2", "--take-turns") as running:
        yield running


def aws(stack: Stack, service: str) -> Any:
    """Return a client of the account that the stack's functions have."""
    session: Any = boto3.Session(aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET_KEY, region_name=REGION)
    return session.client(service, endpoint_url=stack.aws_endpoint_url)


def runtime(stack: Stack) -> str:
    return str(aws(stack, "lambda").get_function_configuration(FunctionName=FUNCTION)["Runtime"])


def change(stack: Stack) -> dict[str, str]:
    """Return the arguments of a change that is one."""
    return {"function": FUNCTION, "runtime": next(each for each in RUNTIMES if each != runtime(stack))}


def key(stack: Stack) -> tuple[str, str]:
    """Return the ARN and the value of the secret that seals."""
    store = aws(stack, "secretsmanager")
    (arn,) = [each["ARN"] for each in store.list_secrets()["SecretList"] if "RequestState" in each["Name"]]
    return arn, store.get_secret_value(SecretId=arn)["SecretString"]


def audited(built: Built) -> list[dict[str, Any]]:
    """Return what an auditor finds in the function's log."""
    lines = [line.partition(" | ") for line in (built.project / "local.log").read_text().splitlines()]
    said = [json.loads(text) for name, _, text in lines if name == "McpFunction" and text.startswith("{")]
    return [line for line in said if line.get("message") == "audit"]


class User:
    """Consents to each question, after doing something else."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.questions: list[str] = []
        self._meanwhile = meanwhile

    async def __call__(self, context: Any, params: Any) -> ElicitResult:  # noqa: ARG002 - as the SDK calls it
        self.questions.append(params.message)
        self._meanwhile()
        return ElicitResult(action="accept", content={"reason": REASON})


async def summarize(_: Any, params: Any) -> CreateMessageResult:
    shown = json.loads(params.messages[0].content.text)
    return CreateMessageResult(
        role="assistant", content=TextContent(type="text", text=f"{len(shown)} events"), model="small-model"
    )


async def list_roots(_: Any) -> ListRootsResult:
    return ListRootsResult(roots=[Root.model_validate({"uri": "file:///work"})])


async def test_every_tool_that_asks_gets_its_answer_in_another_environment(stack: Stack, built: Built) -> None:
    user, wanted, before = User(), change(stack), runtime(stack)
    async with connected(
        stack, NEWEST, elicitation_callback=user, sampling_callback=summarize, list_roots_callback=list_roots
    ) as client:
        # Twice: the first call of an environment is the one that reads the key.
        for _ in range(2):
            summary = await client.call_tool("summarize_log_group", {"log_group": LOG_GROUP, "minutes": 1440})
            exported = await client.call_tool("export_functions", {"uri": "file:///work/functions.csv"})
            outside = await client.call_tool("export_functions", {"uri": "file:///work/../functions.csv"})
        changed = await client.call_tool(UPDATE, wanted)
    assert summary.structured_content["summary"] == f"{len(LOGS[LOG_GROUP])} events"
    assert exported.structured_content["functions"] == len(FUNCTIONS)
    assert FUNCTION in exported.structured_content["text"]
    assert outside.is_error
    assert user.questions == [f"Change the runtime of {FUNCTION} from {before} to {wanted['runtime']}?"]
    assert changed.structured_content["outcome"] == "changed"
    assert runtime(stack) == wanted["runtime"]
    line = audited(built)[-1]
    assert (line["action"], line["resource"], line["outcome"]) == (UPDATE, FUNCTION, "changed")
    assert line["reason"] == REASON
    assert line["sub"]
    assert line["client_id"] == stack.client_id


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_a_user_who_does_not_consent_changes_nothing(stack: Stack, built: Built, action: Any) -> None:
    async def refuse(*_: Any) -> ElicitResult:
        return ElicitResult(action=action)

    before = runtime(stack)
    async with connected(stack, NEWEST, elicitation_callback=refuse) as client:
        result = await client.call_tool(UPDATE, change(stack))
    outcome = {"decline": "declined", "cancel": "cancelled"}[action]
    assert (result.structured_content["outcome"], audited(built)[-1]["outcome"]) == (outcome, outcome)
    assert runtime(stack) == before


async def asked(client: Client, arguments: dict[str, str]) -> tuple[str, str]:
    """Return what a question is called, and the state that comes with it."""
    result = await client.session.call_tool(UPDATE, arguments, allow_input_required=True)
    assert isinstance(result, InputRequiredResult)
    assert result.request_state
    (question,) = result.input_requests or {}
    return question, result.request_state


async def test_a_state_that_is_not_the_callers_own_and_recent_is_refused_and_changes_nothing(stack: Stack) -> None:
    before, wanted, consent = runtime(stack), change(stack), ElicitResult(action="accept", content={"reason": REASON})

    async def refused(client: Client, question: str, state: str, arguments: dict[str, str] = wanted) -> None:
        with pytest.raises(MCPError, match="Invalid or expired requestState") as error:
            await client.session.call_tool(UPDATE, arguments, input_responses={question: consent}, request_state=state)
        assert error.value.code == INVALID_PARAMS
        assert runtime(stack) == before

    async with connected(stack, NEWEST, elicitation_callback=User()) as client:
        question, state = await asked(client, wanted)
        codec = AESGCMRequestStateCodec([key(stack)[1]])
        claims = json.loads(codec.unseal(state))
        expired = claims | {"iat": claims["iat"] - 3600, "exp": claims["exp"] - 3600}
        middle = len(state) // 2
        tampered = state[:middle] + ("B" if state[middle] == "A" else "A") + state[middle + 1 :]
        foreign = AESGCMRequestStateCodec(["another stack's" * 4]).seal(json.dumps(claims).encode())
        for bad in (tampered, codec.seal(json.dumps(expired).encode()), foreign, json.dumps(claims)):
            await refused(client, question, bad)
        other = next(each["FunctionName"] for each in aws(stack, "lambda").list_functions()["Functions"][1:])
        await refused(client, question, state, wanted | {"function": other})
        async with connected(
            stack, NEWEST, auth=Bearer(stack.machine_token()), elicitation_callback=User()
        ) as stranger:
            await refused(stranger, question, state)
        # It was good all the while, sealed anew too.
        again = codec.seal(json.dumps(claims).encode())
        result = await client.session.call_tool(
            UPDATE, wanted, input_responses={question: consent}, request_state=again
        )
    assert result.structured_content["outcome"] == "changed"


async def test_a_client_that_cannot_be_asked_is_told_so(stack: Stack) -> None:
    before = runtime(stack)
    calls: list[tuple[str, dict[str, Any]]] = [
        (UPDATE, change(stack)),
        ("summarize_log_group", {"log_group": LOG_GROUP}),
        ("export_functions", {"uri": "file:///work/functions.csv"}),
    ]
    callbacks: dict[str, Any] = {
        "elicitation_callback": User(),
        "sampling_callback": summarize,
        "list_roots_callback": list_roots,
    }
    for tool, arguments in calls:
        async with connected(stack, "legacy", **callbacks) as client:
            result = await client.call_tool(tool, arguments)
            assert result.is_error
            assert "MCP 2026-07-28 and later; the client speaks 2025-11-25" in result.content[0].text  # type: ignore[union-attr]
        async with connected(stack, NEWEST) as client:
            with pytest.raises(MCPError, match="has not declared the capability") as refused:
                await client.call_tool(tool, arguments)
            assert refused.value.code == MISSING_REQUIRED_CLIENT_CAPABILITY
    assert runtime(stack) == before


async def test_the_key_may_be_rotated_while_the_user_thinks(built: Built) -> None:
    # One of its own, so that the environment that gets the answer has never read the key before.
    with built.serve(None, "--environments", "2", "--take-turns") as stack:
        wanted, (arn, _) = change(stack), key(stack)

        def rotate() -> None:
            aws(stack, "secretsmanager").put_secret_value(SecretId=arn, SecretString="another" * 10)

        async with connected(stack, NEWEST, elicitation_callback=User(rotate)) as client:
            assert (await client.call_tool(UPDATE, wanted)).structured_content["outcome"] == "changed"
        assert runtime(stack) == wanted["runtime"]


async def _by_url(stack: Stack, use: Callable[[Any], Awaitable[None]]) -> None:
    async with httpx2.AsyncClient(auth=signer(stack), timeout=60) as http:
        await use(streamable_http_client(stack.mcp_url, http_client=http))


async def _by_invocation(stack: Stack, use: Callable[[Any], Awaitable[None]]) -> None:
    await use(invoke_transport(stack.invoke_api(), stack.function_arn))


@pytest.mark.parametrize(
    ("endpoint", "adapter", "through", "known"),
    [
        ("function-url", "web-adapter", _by_url, True),
        ("lambda-invoke", "in-process", _by_invocation, False),
    ],
)
async def test_other_endpoints_ask_back_too(
    bake: Bake, endpoint: str, adapter: str, through: Connect, known: bool
) -> None:
    built = Built(bake(endpoint=endpoint, adapter=adapter, state="dynamodb", architecture=ARCHITECTURE))
    with built.serve(None, "--environments", "2", "--take-turns") as stack:
        wanted = change(stack)

        async def confirm(transport: Any) -> None:
            async with Client(transport, mode=NEWEST, elicitation_callback=User()) as client:
                result = await client.call_tool(UPDATE, wanted)
            assert result.structured_content["outcome"] == "changed"

        await through(stack, confirm)
        assert runtime(stack) == wanted["runtime"]
        (line,) = audited(built)
    assert line["reason"] == REASON
    assert ("sub" in line) is known
