"""How long it took after each kill until work went on, and which work was done twice."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.soak.sink_process import Arrival

WIRE_SECONDS = 0.05
"""What arrives so soon after a kill was sent before it."""


@dataclass(frozen=True, slots=True)
class Kill:
    """at: seconds of the monotonic clock, from which recovery counts. began: for a hold
    that ended at `at`, when it began; None for a kill."""

    at: float
    role: str
    began: float | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """role: that of the killed process. seconds: from the kill until work went on."""

    role: str
    seconds: float


def until_answer(kills: Sequence[Kill], accepted: Mapping[str, float]) -> list[Wait]:
    """The wait from each kill to the next accepted event: senders never stop trying."""
    times = sorted(accepted.values())
    return [Wait(kill.role, at - kill.at) for kill, at in _nexts(kills, times)]


def until_delivery(
    kills: Sequence[Kill], accepted: Mapping[str, float], arrivals: Sequence[Arrival]
) -> list[Wait]:
    """The wait from each kill to the next delivery, while an accepted event waited for one.

    accepted: when each event was accepted. arrivals: at one destination, in order.
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
    them. Repetitions before the first kill are counted for it too."""
    known: set[str] = set()
    times = [kill.at for kill in kills]
    repeated: Counter[Kill] = Counter()
    for arrival in arrivals:
        if arrival.event_id in known:
            repeated[kills[max(0, bisect_right(times, arrival.at) - 1)]] += 1
        known.add(arrival.event_id)
    return repeated


def _nexts(kills: Sequence[Kill], times: Sequence[float]) -> Iterator[tuple[Kill, float]]:
    """Kills, each with the first of `times` after it. Kills that nothing follows are left out, and
    kills with a hold before that time: the hold has a wait of its own."""
    holds = [kill.began for kill in kills if kill.began is not None]
    for kill in kills:
        place = bisect_right(times, kill.at + WIRE_SECONDS)
        if place < len(times) and not any(kill.at < began < times[place] for began in holds):
            yield kill, times[place]
