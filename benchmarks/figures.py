"""The figures of a run, as figures.json keeps them and as pages and chart are drawn from them."""

import statistics
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Self

from pydantic import BaseModel

PATH = Path(__file__).with_name("figures.json")
_DIGITS = 3


class Times(BaseModel):
    """Milliseconds of so many calls."""

    calls: int
    least: float
    median: float
    p95: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Self:
        """Return what there is to say of the samples."""
        p95 = statistics.quantiles(samples, n=20, method="inclusive")[-1]
        return cls(
            calls=len(samples),
            least=round(min(samples), _DIGITS),
            median=round(statistics.median(samples), _DIGITS),
            p95=round(p95, _DIGITS),
        )


class SubjectFigures(BaseModel):
    """One subject: `cold` is process start to first answer, `end_to_end` a warm call, `duration` as REPORT has it.

    Sizes are of the artifact, where it is the subject's own.
    """

    cold: Times
    end_to_end: Times
    duration: Times
    peak_mb: float
    modules: int
    unzipped_mb: float | None = None
    zipped_mb: float | None = None


class ManyTools(BaseModel):
    """How the default answers fare with so many tools: median durations."""

    tools: int
    cold_ms: float
    list_ms: float
    list_kb: float
    call_ms: float


class LongResult(BaseModel):
    """How long a call takes whose result is so long: medians, by REPORT and end to end."""

    kb: int
    call_ms: float
    end_to_end_ms: float


class Machine(BaseModel):
    """Where, when and with what it was measured."""

    measured: date
    processor: str
    cores: int
    system: str
    versions: Mapping[str, str]
    memory_mb: int


class Figures(BaseModel):
    """All figures of a run; `imports` and `profile` have the milliseconds of a start and of a call by package."""

    machine: Machine
    subjects: Mapping[str, SubjectFigures]
    many_tools: Sequence[ManyTools]
    long_results: Sequence[LongResult]
    imports: Mapping[str, float]
    profile: Mapping[str, float]

    @classmethod
    def kept(cls) -> Self:
        """Return those of the last run that was kept."""
        return cls.model_validate_json(PATH.read_text(encoding="utf-8"))

    def keep(self) -> None:
        """Write them where `kept` finds them."""
        PATH.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
