"""How long it took after each kill until work went on, and what was done twice."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.soak.sink_process import Arrival

WIRE_SECONDS = 0.05
"""What comes so soon after a kill was under way before it."""


@dataclass(frozen=True, slots=True)
class Kill:
    """at: seconds of the monotonic clock, from which recovery counts. began: when a hold began
    that ended then; None for a kill."""

    at: float
    role: str
    began: float | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """role: who was killed. seconds: from then until work went on."""

    role: str
    seconds: float


def until_answer(kills: Sequence[Kill], accepted: Mapping[str, float]) -> list[Wait]:
    """From each kill to the next event that was accepted: senders never stop trying."""
    times = sorted(accepted.values())
    return [Wait(kill.role, at - kill.at) for kill, at in _nexts(kills, times)]


def until_delivery(
    kills: Sequence[Kill], accepted: Mapping[str, float], arrivals: Sequence[Arrival]
) -> list[Wait]:
    """From each kill to the next delivery, as long as an accepted event waited for one.

    accepted: when each event was. arrivals: at one destination, in order.
    """
    times = [arrival.at for arrival in arrivals]
    first: dict[str, float] = {}
    for arrival in arrivals:
        first.setdefault(arrival.event_id, arrival.at)
    spans = [(accepted[event_id], at) for event_id, at in first.items() if event_id in accepted]
    waits = []
    for kill, at in _nexts(kills, times):
        since = min((start for start, end in spans if start < at <= end), default=at)
        waits.append(Wait(kill.role, at - max(kill.at, since)))
    return waits


def repeated_after(kills: Sequence[Kill], arrivals: Sequence[Arrival]) -> Counter[Kill]:
    """How many arrivals, at one destination and in order, were repetitions, by the last kill before
    them. Repetitions before the first kill are its own fault, and counted there."""
    known: set[str] = set()
    times = [kill.at for kill in kills]
    repeated: Counter[Kill] = Counter()
    for arrival in arrivals:
        if arrival.event_id in known:
            repeated[kills[max(0, bisect_right(times, arrival.at) - 1)]] += 1
        known.add(arrival.event_id)
    return repeated


def _nexts(kills: Sequence[Kill], times: Sequence[float]) -> Iterator[tuple[Kill, float]]:
    """Kills, each with the first of `times` after it. Left out are those that nothing follows, and
    those with a hold between, which has a wait of its own."""
    holds = [kill.began for kill in kills if kill.began is not None]
    for kill in kills:
        place = bisect_right(times, kill.at + WIRE_SECONDS)
        if place < len(times) and not any(kill.at < began < times[place] for began in holds):
            yield kill, times[place]
