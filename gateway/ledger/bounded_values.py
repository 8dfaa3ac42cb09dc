"""Few values of each dimension, whatever strangers choose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gateway.ledger.day_rows import OF_DAY, HourKey, Traits, by_day

MAX_VALUES = 200
"""Values of one dimension that are counted apart on one day: strangers choose names."""
OTHER = "(other)"


class BoundedValues:
    """The values that are counted apart on one day. known: those that are stored, each with its
    dimension. A day that an earlier version began has no counts of the whole day, and gets none:
    they would lack what was counted before."""

    def __init__(self, known: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, set[str]] = {}
        for dimension, value in known:
            self._values.setdefault(dimension, set()).add(value)
        self._has_days = not self._values or OF_DAY in self._values

    def bound(self, counted: Counter[HourKey]) -> Counter[HourKey]:
        """The same counts, with `OTHER` in place of values beyond `MAX_VALUES`; and those of the
        whole day, of dimensions other than `Traits`: few rows, and what summaries are made of."""
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
