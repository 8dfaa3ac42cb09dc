"""Bounds the number of values of each dimension, whatever strangers choose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gateway.ledger.day_rows import OF_DAY, HourKey, Traits, by_day

MAX_VALUES = 200
"""Maximum number of values of one dimension that are counted separately on one day: strangers
choose names."""
OTHER = "(other)"


class BoundedValues:
    """The values that are counted separately on one day. known: the stored dimensions and values. A
    day that an earlier version began has no counts of the whole day, and gets none: they would lack
    what was counted before."""

    def __init__(self, known: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, set[str]] = {}
        for dimension, value in known:
            self._values.setdefault(dimension, set()).add(value)
        self._has_days = not self._values or OF_DAY in self._values

    def bound(self, counted: Counter[HourKey]) -> Counter[HourKey]:
        """`counted`, with `OTHER` in place of values beyond `MAX_VALUES`. Adds the counts of the
        whole day for dimensions other than `Traits`: these are few rows, and summaries use them."""
        bounded: Counter[HourKey] = Counter()
        for (hour, dimension, value, destination, ending), number in counted.items():
            known = self._values.setdefault(dimension, set())
            if value not in known:
                if len(known) < MAX_VALUES:
                    known.add(value)
                else:
                    value = OTHER
            bounded[hour, dimension, value, destination, ending] += number
        if self._has_days:
            few = [each for each in bounded.items() if each[0][1] not in Traits._fields]
            bounded.update(by_day(few))
        return bounded
