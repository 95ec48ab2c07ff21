"""Signed requests at the function URL, buffered and streamed, from real SigV4 code on both sides."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import botocore.auth
import httpx2
import pytest
from botocore.compat import get_current_datetime

from conftest import Bake
from e2e.callers import Signer, connected, signer
from e2e.conftest import Built, Stack
from workshop import ARCHITECTURE

BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
# A tool that goes on once somebody has heard of its progress, and so never ends where progress is kept back.
ECHOING_TOOL = '''

    @server.tool(annotations=READ_ONLY)
    async def wait_for_an_echo(ctx: Context, fifo: str) -> str:
        """Report progress, and wait until whoever hears of it answers."""
        await ctx.report_progress(1, message="anybody there?")
        return await anyio.to_thread.run_sync(lambda: open(fifo).read(), abandon_on_cancel=True)
'''


@pytest.fixture(scope="module")
def streaming(bake: Bake) -> Iterator[Stack]:
    """The function URL with the web adapter, and one tool more."""
    project = bake(endpoint="function-url", adapter="web-adapter", architecture=ARCHITECTURE)
    server = project / "src/server.py"
    before, after = server.read_text().split("def _add_resources")
    server.write_text(before.rstrip() + ECHOING_TOOL + "\n\ndef _add_resources" + after)
    with Built(project).serve() as stack:
        yield stack


def post(stack: Stack, auth: httpx2.Auth | None, path: str = "", body: bytes = BODY) -> int:
    return httpx2.post(stack.mcp_url + path, content=body, headers=HEADERS, auth=auth, timeout=60).status_code


def test_a_signed_request_passes_cold_and_warm(streaming: Stack) -> None:
    for _ in range(2):
        assert post(streaming, signer(streaming)) == 200


def test_an_unsigned_request_is_refused(streaming: Stack) -> None:
    assert post(streaming, None) == 403


@pytest.mark.parametrize(
    "change",
    [
        {"secret": "guessed"},
        {"access_key": "AKIAUNKNOWN000000000"},
        {"service": "execute-api"},
        {"region": "eu-west-1"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_request_signed_otherwise_is_refused(streaming: Stack, change: dict[str, str]) -> None:
    assert post(streaming, signer(streaming, **change)) == 403


def test_a_request_signed_too_long_ago_is_refused(streaming: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = get_current_datetime() - timedelta(minutes=16)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: earlier)
    assert post(streaming, signer(streaming)) == 403


def test_a_signature_does_not_fit_another_body_or_path(streaming: Stack) -> None:
    signed = httpx2.Request("POST", streaming.mcp_url, content=BODY, headers=HEADERS)
    next(signer(streaming).auth_flow(signed))
    with httpx2.Client(timeout=60) as http:
        assert http.send(signed).status_code == 200
        other_body = httpx2.Request("POST", streaming.mcp_url, content=BODY + b" ", headers=dict(signed.headers))
        other_body.headers["content-length"] = str(len(BODY) + 1)
        assert http.send(other_body).status_code == 403
        other_path = httpx2.Request("POST", f"{streaming.mcp_url}/x", content=BODY, headers=dict(signed.headers))
        assert http.send(other_path).status_code == 403


def test_somebody_whom_the_template_does_not_name_is_refused(streaming: Stack) -> None:
    stranger = Signer(streaming.stranger_access_key_id, streaming.stranger_secret_access_key)
    assert post(streaming, stranger) == 403


@pytest.mark.anyio
@pytest.mark.parametrize("era", ["legacy", "2026-07-28"])
async def test_progress_reaches_the_client_as_it_happens(streaming: Stack, tmp_path: Path, era: Any) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    async def answer(progress: float, total: float | None, message: str | None) -> None:
        await anyio.to_thread.run_sync(fifo.write_text, f"heard: {message}")

    async with connected(streaming, era) as client:
        for _ in range(2):
            told = await client.call_tool("wait_for_an_echo", {"fifo": str(fifo)}, progress_callback=answer)
            assert told.structured_content == {"result": "heard: anybody there?"}


@pytest.mark.parametrize("permission", ["UrlPermission", "InvokePermission"])
def test_without_either_permission_nobody_gets_in(bake: Bake, tmp_path: Path, permission: str) -> None:
    built = Built(bake(endpoint="function-url", architecture=ARCHITECTURE))

    def without(text: str) -> str:
        before, after = text.split(f"  {permission}:\n", 1)
        return f"{before}  {permission}:\n" + after.replace("Ref: CallerPrincipal", "Ref: AWS::AccountId", 1)

    with built.serve() as stack:
        assert post(stack, signer(stack)) == 200
    with built.serve(built.changed(tmp_path, without)) as stack:
        assert post(stack, signer(stack)) == 403
