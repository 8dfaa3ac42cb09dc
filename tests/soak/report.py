"""The results of a scenario: a table, and the promises that were not kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Report:
    """failures: promises that were not kept; empty when all is well."""

    title: str
    rows: list[tuple[str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def row(self, name: str, value: object) -> None:
        self.rows.append((name, str(value)))

    def check(self, kept: bool, promise: str) -> None:
        """promise: what should hold, with the measured numbers."""
        if not kept:
            self.failures.append(promise)

    def __str__(self) -> str:
        width = max((len(name) for name, _ in self.rows), default=0)
        lines = [f"{name:{width}}  {value}" for name, value in self.rows]
        lines += [f"NOT KEPT: {failure}" for failure in self.failures]
        return "\n".join(["", self.title, "-" * len(self.title), *lines])


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` of them do not exceed; 0 without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
