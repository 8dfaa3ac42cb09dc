"""`/metrics`: what Redis has counted, in Prometheus text.

All counters live in Redis beside what they count, so the answer is the same from every web
process and covers all of them, and the workers. Only the spool's are the process's own, and are
all that can be told while Redis is away.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from redis.asyncio import Redis

from gateway.plug_in_counts import read_problems
from gateway.queue.connect import script
from gateway.queue.keys import COUNTS, QUARANTINE, DestinationKeys
from gateway.queue.room import Limits, Memory, full_of, read_memory
from gateway.queue.tally import ANSWER, DELIVERY
from gateway.settings import Settings
from gateway.spool import SpoolNumbers

OUTCOMES = ("accepted", "withheld", "delivered", "rejected", "expired")


@dataclass(frozen=True, slots=True)
class DestinationNumbers:
    """pending: events that have not ended. oldest: Unix seconds of the oldest, or None.
    paused: seconds. dead: dead letters."""

    counts: Mapping[str, int]
    pending: int
    oldest: float | None
    paused: float
    dead: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything that is counted, read at one moment. memory: None when Redis does not tell.
    quarantined: events in quarantine."""

    gateway: Mapping[str, int]
    destinations: Mapping[str, DestinationNumbers]
    memory: Memory | None = None
    quarantined: int = 0

    def full(self, limits: Mapping[str, Limits]) -> Mapping[str, str]:
        """What has reached its limit, as `gateway.queue.room.what_is_full` says it."""
        lengths = {name: (each.pending, each.dead) for name, each in self.destinations.items()}
        return full_of(self.memory, lengths, limits)


async def read_numbers(redis: Redis, destinations: Iterable[str]) -> Numbers:
    """Reads the numbers of each destination at one moment, so that they add up."""
    read = redis.register_script(script("numbers"))
    numbers = {}
    for name in destinations:
        keys = DestinationKeys.of(name)
        numbers[name] = _numbers(*await read([keys.counts, keys.stream, keys.pause, keys.dead]))
    counts: Any = await redis.hgetall(COUNTS)
    quarantined = await redis.xlen(QUARANTINE)
    return Numbers(_decoded(counts), numbers, await read_memory(redis), quarantined)


def _numbers(
    counts: list[bytes], pending: int, first: bytes, pause_ms: int, dead: int
) -> DestinationNumbers:
    oldest = int(first.split(b"-")[0]) / 1000 if first else None
    named = dict(zip(counts[::2], counts[1::2], strict=True))
    counts_by_name = _decoded(named)
    pending += counts_by_name.get("held", 0)
    return DestinationNumbers(counts_by_name, pending, oldest, max(0, pause_ms) / 1000, dead)


def _decoded(counts: Mapping[bytes, bytes]) -> dict[str, int]:
    return {name.decode(): int(value) for name, value in counts.items()}


def limits_of(settings: Settings) -> Mapping[str, Limits]:
    """The limits of each destination in `settings`."""
    return {name: each.delivery for name, each in settings.destinations.items()}


def render(
    numbers: Numbers | None,
    sources: Sequence[str],
    limits: Mapping[str, Limits],
    now: float | None = None,
    spool: SpoolNumbers | None = None,
) -> bytes:
    """`numbers` in Prometheus text, as far as there are any. sources: their names; each is shown
    even before its first event. limits: of each destination."""
    registry = CollectorRegistry()
    if numbers is not None:
        now = time.time() if now is None else now
        registry.register(_Snapshot(numbers, sources, now))
        registry.register(_Room(numbers, limits))
    if spool is not None:
        registry.register(_Spool(spool))
    return generate_latest(registry)


class _Spool(Collector):
    def __init__(self, numbers: SpoolNumbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "gateway_spool_events",
            "Events on the disk of this web process that wait for Redis.",
            self._numbers.events,
        )
        yield GaugeMetricFamily("gateway_spool_bytes", "Their size.", self._numbers.bytes)
        yield CounterMetricFamily(
            "gateway_spooled_events",
            "Events that this web process wrote to its spool.",
            self._numbers.spooled,
        )


class _Snapshot(Collector):
    def __init__(self, numbers: Numbers, sources: Sequence[str], now: float) -> None:
        self._numbers, self._sources, self._now = numbers, sources, now

    def collect(self) -> Iterator[Metric]:
        yield from self._intake()
        yield self._plug_ins()
        yield from self._events()
        yield from self._queues()

    def _intake(self) -> Iterator[Metric]:
        counts = self._numbers.gateway
        received = CounterMetricFamily(
            "gateway_received_events", "Events read from requests.", labels=["source"]
        )
        for source in self._sources:
            received.add_metric([source], counts.get(f"received:{source}", 0))
        yield received
        refused = CounterMetricFamily(
            "gateway_refused_events",
            "Events refused; a request that cannot be read counts one.",
            labels=["source", "reason"],
        )
        for name, count in counts.items():
            if name.startswith("refused:"):
                refused.add_metric(name.split(":")[1:], count)
        yield refused
        buckets, total = ANSWER.read(counts)
        yield HistogramMetricFamily(
            "gateway_answer_seconds", "Time from request to answer.", buckets, total
        )

    def _plug_ins(self) -> Metric:
        problems = CounterMetricFamily(
            "gateway_plugin_problems",
            "Events for which a function in a rule failed, was slow, or was left out.",
            labels=["function", "problem"],
        )
        for function, problem, count in read_problems(self._numbers.gateway):
            problems.add_metric([function, problem], count)
        return problems

    def _events(self) -> Iterator[Metric]:
        events = CounterMetricFamily(
            "gateway_events",
            "Events by what became of them; accepted is the sum of the others and of pending.",
            labels=["destination", "outcome"],
        )
        attempts = CounterMetricFamily(
            "gateway_attempts", "Requests sent.", labels=["destination", "result"]
        )
        repeated = CounterMetricFamily(
            "gateway_repeated_events",
            "Events that a destination had taken already, and did not take again.",
            labels=["destination"],
        )
        delivery = HistogramMetricFamily(
            "gateway_delivery_seconds", "Time from acceptance to delivery.", labels=["destination"]
        )
        for name, numbers in self._numbers.destinations.items():
            for outcome in OUTCOMES:
                events.add_metric([name, outcome], numbers.counts.get(outcome, 0))
            for field, count in numbers.counts.items():
                if field.startswith("attempts:"):
                    attempts.add_metric([name, field.split(":")[1]], count)
            repeated.add_metric([name], numbers.counts.get("repeated", 0))
            buckets, total = DELIVERY.read(numbers.counts)
            delivery.add_metric([name], buckets, total)
        yield from (events, attempts, repeated, delivery)

    def _queues(self) -> Iterator[Metric]:
        pending = _by_destination("gateway_pending_events", "Accepted events that have not ended.")
        oldest = _by_destination("gateway_oldest_pending_seconds", "Age of the oldest of them.")
        paused = _by_destination(
            "gateway_paused_seconds", "Time until a paused destination is tried."
        )
        held = _by_destination("gateway_held_events", "Those of them that wait for late consent.")
        dead = _by_destination("gateway_dead_letters", "Dead letters that are kept.")
        for name, numbers in self._numbers.destinations.items():
            age = max(0.0, self._now - numbers.oldest) if numbers.oldest is not None else 0.0
            pending.add_metric([name], numbers.pending)
            oldest.add_metric([name], age)
            paused.add_metric([name], numbers.paused)
            held.add_metric([name], numbers.counts.get("held", 0))
            dead.add_metric([name], numbers.dead)
        yield from (pending, oldest, paused, held, dead)
        yield GaugeMetricFamily(
            "gateway_quarantined_events",
            "Events that did not fit their schema and wait for a person.",
            self._numbers.quarantined,
        )


class _Room(Collector):
    """How much there may be, and what is full."""

    def __init__(self, numbers: Numbers, limits: Mapping[str, Limits]) -> None:
        self._memory, self._limits = numbers.memory, limits
        self._full = numbers.full(limits)

    def collect(self) -> Iterator[Metric]:
        full = _by_destination(
            "gateway_full",
            "1 while events are refused (503) since a limit is reached; "
            "without a destination it is the memory of Redis, and concerns all.",
        )
        pending = _by_destination(
            "gateway_pending_events_limit", "Pending events beyond which no more are taken."
        )
        dead = _by_destination(
            "gateway_dead_letters_limit", "Dead letters beyond which no more events are taken."
        )
        for name, limits in self._limits.items():
            full.add_metric([name], name in self._full)
            pending.add_metric([name], limits.max_pending)
            dead.add_metric([name], limits.max_dead_letters)
        if self._memory is not None:
            full.add_metric([""], "" in self._full)
            yield from self._of_memory(self._memory)
        yield from (full, pending, dead)

    def _of_memory(self, memory: Memory) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "gateway_redis_memory_bytes", "Memory that Redis uses.", memory.used
        )
        if memory.limit:
            yield GaugeMetricFamily(
                "gateway_redis_memory_limit_bytes",
                "Memory in use above which no events are taken.",
                memory.limit,
            )


def _by_destination(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=["destination"])
