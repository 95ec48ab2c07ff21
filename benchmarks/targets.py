"""What the default answers, as `make build` makes them, are held to, and whether the figures hold it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.catalog import BARE, GENERATED, IN_PROCESS, RUN_MCP, SDK, WELL_KNOWN
from benchmarks.figures import Figures, SubjectFigures

Subjects = Mapping[str, SubjectFigures]


@dataclass(frozen=True)
class Target:
    """A bound on a figure of the subject that is asked about; `least` if it is a lower one."""

    text: str
    unit: str
    bound: float
    figure: Callable[[Subjects, str], float]
    least: bool = False

    def met(self, figures: Figures, name: str) -> bool:
        """Return whether the subject `name` holds it."""
        found = self.figure(figures.subjects, name)
        return found >= self.bound if self.least else found <= self.bound


def _above_bare(subjects: Subjects, name: str) -> float:
    return subjects[name].duration.median - subjects[BARE].duration.median


def _faster_than_run_mcp(subjects: Subjects, name: str) -> float:
    return subjects[RUN_MCP].duration.median / subjects[name].duration.median


def _cold_beside(other: str) -> Callable[[Subjects, str], float]:
    return lambda subjects, name: subjects[name].cold.median / subjects[other].cold.median


def _size_beside_run_mcp(subjects: Subjects, name: str) -> float:
    return (subjects[name].unzipped_mb or 0) / (subjects[RUN_MCP].unzipped_mb or 0)


WARM = Target("warm call above the bare handler, by the runtime's Duration", " ms", 1.5, _above_bare)
SERVER = (
    WARM,
    Target(
        "warm call beside run-mcp stdio, by the runtime's Duration", " × faster", 300, _faster_than_run_mcp, least=True
    ),
    Target("cold start beside run-mcp stdio", " ×", 0.20, _cold_beside(RUN_MCP)),
    Target("cold start beside importing the SDK alone, from byte code", " ×", 1.15, _cold_beside(SDK)),
    Target("artifact beside run-mcp's, unzipped, byte code included", " ×", 0.40, _size_beside_run_mcp),
)
# The same server as all the others have, and what a user has who changes nothing.
SERVERS = (IN_PROCESS, GENERATED)
DOCUMENTS = Target("cold start of `well_known` beside the bare handler", " ×", 1.20, _cold_beside(BARE))


def all_of(figures: Figures) -> list[tuple[Target, str, float, bool]]:
    """Return each target with the subject, its figure, and whether it is met."""
    pairs = [(target, name) for target in SERVER for name in SERVERS] + [(DOCUMENTS, WELL_KNOWN)]
    return [(target, name, target.figure(figures.subjects, name), target.met(figures, name)) for target, name in pairs]


def missed(figures: Figures) -> list[str]:
    """Return the texts of the targets that are not met by every subject that they are for."""
    return list(dict.fromkeys(target.text for target, _, _, met in all_of(figures) if not met))
