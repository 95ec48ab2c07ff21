"""The suite's scenarios that any server can be held to: the others need tools of the suite's own."""

import httpx2
from mcp import Client

from local.tour import Connect

BY_REVISION = {
    "2025-11-25": (
        "server-initialize",
        "ping",
        "tools-list",
        "resources-list",
        "prompts-list",
        "dns-rebinding-protection",
    ),
    "2026-07-28": (
        "server-stateless",
        "tools-list",
        "resources-list",
        "prompts-list",
        "sep-2164-resource-not-found",
        "caching",
        "http-header-validation",
        "server-sse-multiple-streams",
        "input-required-result-unsupported-methods",
        "dns-rebinding-protection",
    ),
}
_OFFERED_AS = {"tools-list": "tools", "resources-list": "resources", "prompts-list": "prompts"}


async def lacking(connect: Connect) -> set[str]:
    """Return the scenarios about what the server does not offer, which it need not; none if it does not even say so."""

    async def heard(_: httpx2.Response) -> None:
        """Note nothing: a refusal ends the connection anyway."""

    try:
        async with connect(heard) as transport, Client(transport) as client:
            offered = client.server_capabilities
    except Exception:  # noqa: BLE001 - whatever is wrong with the server, the suite will name it
        return set()
    return {scenario for scenario, name in _OFFERED_AS.items() if getattr(offered, name) is None}
