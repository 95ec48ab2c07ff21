"""The cost page: dollars for a million calls, from the durations that were measured and AWS's prices."""

import math
from dataclasses import dataclass
from pathlib import Path

from benchmarks import prices
from benchmarks.catalog import AWSLABS, IN_PROCESS, LAMBDA_INVOKE, MANGUM, RUN_MCP, STDIO, WEB_ADAPTER
from benchmarks.figures import Figures, SubjectFigures
from benchmarks.markdown import table
from benchmarks.prices import GATEWAY_CALL, GB_SECOND, HTTP_API_REQUEST, REQUEST, Price

_TEXT = Path(__file__).with_name("text") / "cost.md"
_MILLION = 1_000_000
_FREE = Price(0, "request to a function URL", REQUEST.source)


@dataclass(frozen=True)
class Deployment:
    """What serves the calls: a subject that was measured, and what stands in front of it."""

    title: str
    subject: str
    front: Price = HTTP_API_REQUEST


@dataclass(frozen=True)
class Workload:
    """How often a call finds no environment that is warm, and how long a tool waits for others, in milliseconds."""

    title: str
    cold: float
    work_ms: int = 0


DEPLOYMENTS = (
    Deployment("`http-api`, `in-process`", IN_PROCESS),
    Deployment("`http-api`, `web-adapter`", WEB_ADAPTER),
    Deployment("`http-api`, `stdio`", STDIO),
    Deployment("`function-url`, `in-process`", IN_PROCESS, _FREE),
    Deployment("`lambda-invoke`, `in-process`", LAMBDA_INVOKE, _FREE),
    Deployment("`agentcore-gateway`, `in-process`", LAMBDA_INVOKE, GATEWAY_CALL),
    Deployment("run-mcp, stdio, behind an HTTP API", RUN_MCP),
    Deployment("SDK behind Mangum, behind an HTTP API", MANGUM),
    Deployment("awslabs.mcp_lambda_handler, behind an HTTP API", AWSLABS),
)
WORKLOADS = (
    Workload("busy: 0.1 % cold", 0.001),
    Workload("steady: 1 % cold", 0.01),
    Workload("rare: 20 % cold", 0.2),
    Workload("steady, and 100 ms of AWS's in each call", 0.01, 100),
)


def dollars(found: SubjectFigures, front: Price, workload: Workload, memory_mb: int, architecture: str) -> float:
    """Return what a million calls cost."""
    warm = math.ceil(found.duration.median + workload.work_ms)
    # The init phase is billed too.
    cold = math.ceil(found.cold.median + workload.work_ms)
    seconds = (warm * (1 - workload.cold) + cold * workload.cold) / 1000
    return _MILLION * (REQUEST.dollars + front.dollars + seconds * memory_mb / 1024 * GB_SECOND[architecture].dollars)


def text(figures: Figures) -> str:
    """Return the page."""
    memory, ours = figures.machine.memory_mb, figures.subjects[IN_PROCESS]
    steady = {
        name: dollars(figures.subjects[name], HTTP_API_REQUEST, WORKLOADS[1], memory, "arm64")
        for name in (IN_PROCESS, RUN_MCP)
    }
    return _TEXT.read_text(encoding="utf-8").format(
        measured=figures.machine.measured,
        memory=f"{memory:,}",
        region=prices.REGION,
        as_of=prices.AS_OF,
        **{architecture: _costs(figures, memory, architecture) for architecture in GB_SECOND},
        ours=_cents(steady[IN_PROCESS]),
        theirs=_cents(steady[RUN_MCP]),
        ratio=f"{steady[RUN_MCP] / steady[IN_PROCESS]:,.1f}",
        front=_cents(HTTP_API_REQUEST.dollars * _MILLION),
        warm_calls=f"{math.ceil(ours.cold.median) / math.ceil(ours.duration.median):,.0f}",
        prices=_price_list(),
        snapshot=_cents(prices.SNAPSHOT_GB_SECOND.dollars * 30 * 24 * 3600),
    )


def _costs(figures: Figures, memory: int, architecture: str) -> str:
    rows = []
    for deployment in DEPLOYMENTS:
        found = figures.subjects[deployment.subject]
        costs = [dollars(found, deployment.front, workload, memory, architecture) for workload in WORKLOADS]
        rows.append([deployment.title, *(f"{_cents(cost)} $" for cost in costs)])
    return table(["", *(workload.title for workload in WORKLOADS)], rows)


def _price_list() -> str:
    rows = [[f"{price.dollars:.10f}".rstrip("0") + " $", price.unit, price.source] for price in prices.PRICES]
    return table(["price", "for one", "published at"], rows)


def _cents(value: float) -> str:
    return f"{value:,.2f}"
