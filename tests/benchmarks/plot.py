"""The plot of docs/benchmarks.md: CPU for each event, by part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from tests.benchmarks.results import Bar

COLOURS = {"web": "#4c72b0", "worker": "#dd8452", "store": "#55a868"}


def draw(bars: Sequence[Bar], yardstick: float, path: Path) -> None:
    """yardstick: microseconds of a request to the bare ASGI application, drawn as a line."""
    mpl.rcParams["svg.hashsalt"] = "benchmarks"  # the same figures give the same file
    figure = Figure(figsize=(9, 1.4 + 0.34 * len(bars)), layout="constrained")
    axes = figure.subplots()
    labels = [bar.label for bar in bars]
    ends = [0.0] * len(bars)
    for part, colour in COLOURS.items():
        widths = [bar.parts[part] for bar in bars]
        axes.barh(labels, widths, left=ends, color=colour, label=part)
        ends = [end + width for end, width in zip(ends, widths, strict=True)]
    for place, end in enumerate(ends):
        axes.annotate(f" {end:.0f}", (end, place), va="center", fontsize=8)
    axes.axvline(yardstick, color="black", linestyle=":", label="bare ASGI application")
    axes.set_xlabel("µs of CPU for each event")
    axes.margins(x=0.08)
    axes.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=4)
    figure.savefig(path, metadata={"Date": None})
