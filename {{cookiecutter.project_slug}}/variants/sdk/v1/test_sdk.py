"""What the 1.x line of the SDK does in a way of its own."""

import pytest
from botocore.stub import Stubber
from mcp import McpError
from mcp.shared.memory import create_connected_server_and_client_session
from pydantic import AnyUrl

import aws
from server import VERSION, build_server

pytestmark = pytest.mark.anyio


async def test_the_client_is_told_the_servers_own_version() -> None:
    async with create_connected_server_and_client_session(build_server()) as client:
        told = (await client.initialize()).serverInfo
    assert (told.name, told.version) == ("test-server", VERSION)


@pytest.mark.parametrize(("code", "number"), [("ResourceNotFoundException", -32002), ("AccessDeniedException", 0)])
async def test_a_resource_that_cannot_be_read_is_an_error_in_words(code: str, number: int) -> None:
    async with create_connected_server_and_client_session(build_server()) as client:
        with Stubber(aws.functions()) as stubbed:
            stubbed.add_client_error("get_function_configuration", code)
            with pytest.raises(McpError) as refused:
                await client.read_resource(AnyUrl("aws://lambda/none"))
    assert refused.value.error.code == number
    # Without the SDK's own words before it, which say nothing.
    assert refused.value.error.message.startswith(f"AWS refused GetFunctionConfiguration ({code}).")


async def test_a_resource_that_there_never_was_is_an_error_in_words() -> None:
    async with create_connected_server_and_client_session(build_server()) as client:
        with pytest.raises(McpError, match="Unknown resource: aws://nowhere"):
            await client.read_resource(AnyUrl("aws://nowhere"))


async def test_a_fault_of_the_servers_own_is_in_the_log_and_not_in_the_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = build_server()

    @server.tool()
    def fail(word: str) -> str:
        raise RuntimeError("what only the operator is to read")

    async with create_connected_server_and_client_session(server) as client:
        failed = await client.call_tool("fail", {"word": "please"})
        wrong = await client.call_tool("fail", {"word": 7})
    assert failed.isError
    assert failed.content[0].text == "Error executing tool fail"  # type: ignore[union-attr]
    assert "RuntimeError: what only the operator" in caplog.text
    # What is wrong with the arguments is for the model to read.
    assert "valid string" in wrong.content[0].text  # type: ignore[union-attr]
