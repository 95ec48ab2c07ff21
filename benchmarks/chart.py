"""Draws the figures as a chart."""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.catalog import ENTRIES
from benchmarks.figures import Figures, SubjectFigures

_OURS, _OTHERS = "#1f6f8b", "#b9b9b9"
_PANELS: tuple[tuple[str, str, Callable[[SubjectFigures], float | None]], ...] = (
    ("Cold start, ms (logarithmic)", "{:,.0f}", lambda found: found.cold.median),
    ("Warm call, ms by REPORT (logarithmic)", "{:,.1f}", lambda found: found.duration.median),
    ("Peak memory, MB", "{:,.0f}", lambda found: found.peak_mb),
    ("Artifact unzipped, MB", "{:,.0f}", lambda found: found.unzipped_mb),
)
_LOGARITHMIC = 2


def draw(figures: Figures, path: Path) -> None:
    """Write the chart to `path` as SVG, the same bytes for the same figures."""
    mpl.rcParams.update({"svg.hashsalt": "benchmarks", "svg.fonttype": "none", "font.size": 8})
    figure = Figure(figsize=(9.5, 6.5), layout="constrained")
    panels = figure.subplots(2, 2, sharey=True).flat
    for number, (axes, (title, form, read)) in enumerate(zip(panels, _PANELS, strict=True)):
        _panel(axes, figures, form, read)
        axes.set_title(title, loc="left", fontsize=9)
        if number < _LOGARITHMIC:
            axes.set_xscale("log")
        # Room for the numbers at the ends of the bars.
        axes.margins(x=0.15)
    figure.savefig(path, format="svg", metadata={"Date": None})


def _panel(axes: Axes, figures: Figures, form: str, read: Callable[[SubjectFigures], float | None]) -> None:
    names = list(figures.subjects)[::-1]
    values = [read(figures.subjects[name]) or 0 for name in names]
    labels = [ENTRIES[name].title.replace("*", "").replace("`", "") for name in names]
    colours = [_OURS if "`" in ENTRIES[name].title else _OTHERS for name in names]
    bars = axes.barh(labels, values, color=colours)
    axes.bar_label(bars, [form.format(value) if value else "" for value in values], padding=2, fontsize=7)
    axes.spines[["top", "right"]].set_visible(False)
