"""The rows that a batch of records adds to one day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.event.endings import DELIVERIES
from gateway.ledger.delays import DELAY

UNKNOWN = "(unknown)"
"""In place of what is not known of an event that the ledger does not have."""


class Traits(NamedTuple):
    """What an event's endings are counted by."""

    name: str
    source: str
    consent: str
    country: str
    browser: str


NOTHING_KNOWN = Traits(*(UNKNOWN,) * 5)

MinuteKey = tuple[int, str, str]
"""The minute (since 1970) in which events came in, the destination and the ending, or after
`gateway.queue.counting.AGAIN` how many of these events were in a later passage."""
HourKey = tuple[int, str, str, str, str]
"""The hour, a dimension and its value, the destination and the ending. The dimension ``""`` has no
value."""
RECEIVED = "received"
"""In place of an ending, of all events that came in, whatever their destinations. It is counted for
the destination `NONE`."""
NONE = ""
RECEIVED_BY = "received:"
"""What the dimension begins with of counts of all events that came in, such as
``received:country``. So their rows lie together, apart from those of the destinations."""
OF_DAY = "day:"
"""What the dimension begins with of counts of a whole day, such as ``day:country``. Their hour is
the first one of the day. Days that are over have them, those that are stored of some dimensions."""
Alike = tuple[int, Traits, str, str, str]
"""The minute in which events came in, their traits, the destination, the ending, and why it was
not delivered or after which delay it was (`gateway.ledger.delays`)."""


@dataclass(frozen=True, slots=True, eq=False)
class DecidedAlike:
    """What the decision about each of many events counts. Two are the same only if they are one
    object, so that events are quickly counted by it. counted: of `Alike` what follows the traits.
    """

    traits: Traits
    counted: Sequence[tuple[str, str, str]]


Blob = bytes | bytearray
"""sqlite3 takes a bytearray as it is; for bytes it searches for an adapter, which takes as long as
to insert."""


class EndedAlike(NamedTuple):
    """What endings have in common that differ in the event and the time alone; the columns of the
    ledger's table."""

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
    """What a batch of records adds to one day. The first of an ending or attempt, and of an event,
    is the receipt."""

    events: list[tuple[Any, ...]] = field(default_factory=list)
    replayed: list[tuple[str, Blob]] = field(default_factory=list)
    lookups: list[tuple[int, Sequence[str], str]] = field(default_factory=list)
    """Of each event the hour of the day in which it came in, its digests and its receipt, both in
    hex digits as they come."""
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
        """Adds events that ended alike to `minutes` and `hours`, each kind once: many are alike."""
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
        """Also those of `ended`, each by itself."""
        yield from self.endings
        for (*before, tries, status, version), (receipts, times) in self.ended.items():
            for receipt, at in zip(receipts, times, strict=True):
                yield (receipt, *before, at, tries, status, version)

    def receipts_of_known(self) -> set[bytes]:
        """Of the events of which earlier rows are continued."""
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
    """The same counts by the day."""
    found: Counter[HourKey] = Counter()
    for (hour, dimension, *rest), number in hours:
        value, destination, ending = rest
        found[hour // 24 * 24, OF_DAY + dimension, value, destination, ending] += number
    return found
