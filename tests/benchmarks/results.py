"""What a benchmark found, in the shapes that the document and the plot are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.pace import Pace


@dataclass(frozen=True)
class Goal:
    """A measured value, and the most that it may be. beside: the same as a ratio to a yardstick,
    in words."""

    what: str
    measured: float
    limit: float
    unit: str
    beside: str = ""

    @property
    def is_kept(self) -> bool:
        return self.measured <= self.limit


@dataclass(frozen=True)
class Bar:
    """One bar of the plot: microseconds of CPU for each event, by part."""

    label: str
    parts: Mapping[str, float]


@dataclass(frozen=True)
class Section:
    """A chapter of the document. text: what was done. columns: the first names the rows. last: one
    line that the whole comes to, for the end of what is printed."""

    title: str
    text: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal] = ()
    bars: Sequence[Bar] = ()
    last: str = ""


@dataclass
class Yardsticks:
    """Microseconds of CPU. asgi, starlette: for a request to an application that does nothing.
    aiohttp: for a request that a bare client sends to the sink. pace: by which they, and all that
    is measured beside them, were corrected."""

    pace: Pace
    asgi: float
    starlette: float
    aiohttp: float
    section: Section

    def times(self, microseconds: float) -> str:
        return f"{microseconds / self.asgi:.1f}"


@dataclass(frozen=True)
class Results:
    """machine: where it ran, line by line. command: that was run."""

    command: str
    machine: Sequence[str]
    sections: Sequence[Section] = field(default_factory=list)

    @property
    def goals(self) -> list[Goal]:
        return [goal for section in self.sections for goal in section.goals]

    @property
    def bars(self) -> list[Bar]:
        return [bar for section in self.sections for bar in section.bars]


def quantile(values: Iterable[float], share: float) -> float:
    """The value that `share` of `values` do not exceed; there must be some."""
    ordered = sorted(values)
    return ordered[int(share * (len(ordered) - 1))]
