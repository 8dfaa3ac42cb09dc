"""The rows that a batch of records adds to one day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.event.endings import DELIVERIES
from gateway.ledger.delays import DELAY

UNKNOWN = "(unknown)"
"""Stands for each trait of an event that the ledger does not have."""


class Traits(NamedTuple):
    """The traits of an event by which its endings are counted."""

    name: str
    source: str
    consent: str
    country: str
    browser: str


NOTHING_KNOWN = Traits(*(UNKNOWN,) * 5)

MinuteKey = tuple[int, str, str]
"""The minute (since 1970) in which events came in, the destination and the ending. An ending with
the prefix `gateway.queue.counting.AGAIN` counts the events in a later passage."""
HourKey = tuple[int, str, str, str, str]
"""The hour, a dimension and its value, the destination and the ending. The dimension ``""`` has no
value."""
RECEIVED = "received"
"""Stands for an ending, to count all events that came in, whatever their destinations. It is
counted for the destination `NONE`."""
NONE = ""
RECEIVED_BY = "received:"
"""The prefix of dimensions that count all events that came in, such as ``received:country``. So
their rows are stored together, apart from those of the destinations."""
OF_DAY = "day:"
"""The prefix of dimensions that count a whole day, such as ``day:country``. Their hour is the first
one of the day. Days that are over have them for all dimensions, stored days only for some."""
Alike = tuple[int, Traits, str, str, str]
"""The minute in which events came in, their traits, the destination, the ending, and why they were
not delivered or with which delay they were (`gateway.ledger.delays`)."""


@dataclass(frozen=True, slots=True, eq=False)
class DecidedAlike:
    """What the decision about each of many events counts. It is compared by identity, so that
    counting by it is fast. counted: the parts of `Alike` that follow the traits."""

    traits: Traits
    counted: Sequence[tuple[str, str, str]]


Blob = bytes | bytearray
"""sqlite3 takes a bytearray as it is; for bytes it searches for an adapter, which takes as long as
the insertion."""


class EndedAlike(NamedTuple):
    """What endings that differ only in the event and the time have in common: columns of the table
    `endings`."""

    destination: str
    passage: int
    ending: str
    stage: str
    reason: str
    tries: int
    status: int | None
    version: str


@dataclass(slots=True)
class DayRows:
    """What a batch of records adds to one day. The first column of `endings`, `attempts` and
    `events` is the receipt."""

    events: list[tuple[Any, ...]] = field(default_factory=list)
    replayed: list[tuple[str, Blob]] = field(default_factory=list)
    lookups: list[tuple[int, Sequence[str], str]] = field(default_factory=list)
    """For each event the hour of the day in which it came in, its digests and its receipt, in hex
    digits."""
    endings: list[tuple[Any, ...]] = field(default_factory=list)
    ended: dict[EndedAlike, tuple[list[Blob], list[float]]] = field(default_factory=dict)
    """More endings: the receipts of their events, and when they ended in Unix seconds."""
    attempts: list[tuple[Any, ...]] = field(default_factory=list)
    minutes: Counter[MinuteKey] = field(default_factory=Counter)
    hours: Counter[HourKey] = field(default_factory=Counter)
    alike: Counter[Alike] = field(default_factory=Counter)
    decided: Counter[tuple[int, DecidedAlike]] = field(default_factory=Counter)
    """By the minute in which the events came in."""

    def count(self) -> None:
        """Moves `decided` and `alike` into `minutes` and `hours`, once for each kind: many events
        are alike."""
        for (minute, kind), number in self.decided.items():
            for counted in kind.counted:
                self.alike[minute, kind.traits, *counted] += number
        self.decided.clear()
        for (minute, traits, destination, ending, why), number in self.alike.items():
            hour, hours = minute // 60, self.hours
            self.minutes[minute, destination, ending] += number
            hours[hour, "", "", destination, ending] += number
            for dimension, value in zip(Traits._fields, traits, strict=True):
                by = received_by(dimension) if destination == NONE else dimension
                hours[hour, by, value, destination, ending] += number
            if ending == RECEIVED:
                hours[hour, country_with(traits.consent), traits.country, NONE, ending] += number
            if why:
                by = DELAY if ending in DELIVERIES else "reason"
                hours[hour, by, why, destination, ending] += number
        self.alike.clear()

    def all_endings(self) -> Iterator[tuple[Any, ...]]:
        """The rows of all endings, including those of `ended`."""
        yield from self.endings
        for (*before, tries, status, version), (receipts, times) in self.ended.items():
            for receipt, at in zip(receipts, times, strict=True):
                yield (receipt, *before, at, tries, status, version)

    def receipts_of_known(self) -> set[bytes]:
        """The receipts of events whose earlier rows may be continued: those with endings, attempts
        or replays here."""
        ended = {bytes(row[0]) for row in (*self.all_endings(), *self.attempts)}
        return ended | {bytes(receipt) for _, receipt in self.replayed}

    def continuing(self, known: Container[bytes]) -> DayRows:
        """Only what became of the events `known`."""
        return DayRows(
            replayed=[row for row in self.replayed if bytes(row[1]) in known],
            endings=[row for row in self.all_endings() if bytes(row[0]) in known],
            attempts=[row for row in self.attempts if bytes(row[0]) in known],
        )


def received_by(dimension: str) -> str:
    """The dimension that counts all events that came in by one of `Traits`."""
    return RECEIVED_BY + dimension


def country_with(consent: str) -> str:
    """The dimension that counts all events that came in with `consent` by their country, such as
    ``received:country of ads granted, analytics denied``."""
    return received_by(f"country of {consent}")


def by_day(hours: Iterable[tuple[HourKey, int]]) -> Counter[HourKey]:
    """The counts `hours` by the day."""
    found: Counter[HourKey] = Counter()
    for (hour, dimension, *rest), number in hours:
        value, destination, ending = rest
        found[hour // 24 * 24, OF_DAY + dimension, value, destination, ending] += number
    return found
