"""`/metrics`: what Redis has counted, in Prometheus text.

All counters live in Redis next to what they count, so the answer is the same from every web
process and covers all of them, and the workers. Only those of the spool and of the configuration
are the process's own. They are all that `/metrics` shows while Redis is away.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
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

from gateway.configuration.delivery import DeliverySettings
from gateway.configuration.settings import Settings
from gateway.monitoring.api_versions import VersionEnd
from gateway.monitoring.configuration import ConfigurationCollector, ConfigurationState
from gateway.monitoring.consent import ConsentCollector
from gateway.monitoring.version_metrics import VersionCollector
from gateway.queue.address_counts import unknown_addresses, untrusted_proxy_requests
from gateway.queue.admission import HOLD_FULL
from gateway.queue.bounds import ALL_MEMORY, Bound, Closed, MemoryUsage
from gateway.queue.capacity import read_memory_usage
from gateway.queue.counting import Reason, withheld_of, without_parts
from gateway.queue.dead_letters import removed_of
from gateway.queue.keys import GROUP, Keys
from gateway.queue.pending_counts import ANSWER, DELIVERY
from gateway.queue.plug_in_counts import read_problems
from gateway.queue.scripts import script
from gateway.queue.unclaimed_counts import unclaimed_requests
from gateway.spool.appender import SpoolNumbers
from gateway.stages.bound_counts import ignored_fields, surplus_events, unsearched_events
from gateway.stages.consent.counts import read_consent_counts

FEED_COUNTS = ("feed_bytes", "feed_cut", "feed_dropped")
OUTCOMES = ("accepted", "withheld", "delivered", "rejected", "expired")


@dataclass(frozen=True, slots=True)
class DestinationNumbers:
    """pending: events that have not ended. pending_bytes: what those in the stream take.
    oldest: Unix seconds of the oldest that the vendor has not got, or None. paused: seconds.
    dead: dead letters. dead_bytes: what they take. withheld: events by why they were withheld."""

    counts: Mapping[str, int]
    pending: int
    pending_bytes: int
    oldest: float | None
    paused: float
    dead: int
    dead_bytes: int
    withheld: Mapping[Reason, int]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything that is counted, read at one moment. memory_usage: None when the user may not run
    INFO. quarantined: events in quarantine."""

    gateway: Mapping[str, int]
    destinations: Mapping[str, DestinationNumbers]
    memory_usage: MemoryUsage | None = None
    quarantined: int = 0


async def read_numbers(redis: Redis, keys: Keys, destinations: Iterable[str]) -> Numbers:
    """Reads the numbers of each destination at one moment, so that they add up."""
    read = redis.register_script(script("numbers", "submitted"))
    numbers = {}
    for name in destinations:
        of_name = keys.destination(name)
        numbers[name] = _numbers(
            *await read([of_name.counts, of_name.stream, of_name.pause, of_name.dead], [GROUP])
        )
    counts: Any = await redis.hgetall(keys.counts)
    quarantined = await redis.xlen(keys.quarantine)
    return Numbers(_decoded(counts), numbers, await read_memory_usage(redis), quarantined)


def _numbers(
    counts: list[bytes], pending: int, first: bytes, pause_ms: int, dead: int
) -> DestinationNumbers:
    oldest = int(first.split(b"-")[0]) / 1000 if first else None
    named = dict(zip(counts[::2], counts[1::2], strict=True))
    counts_by_name = _decoded(named)
    pending += counts_by_name.get("held", 0)
    dead_bytes = counts_by_name.pop("dead_bytes", 0)
    pending_bytes = max(0, counts_by_name.pop("pending_bytes", 0))
    paused = max(0, pause_ms) / 1000
    return DestinationNumbers(
        without_parts(counts_by_name),
        pending,
        pending_bytes,
        oldest,
        paused,
        dead,
        dead_bytes,
        withheld_of(counts_by_name),
    )


def _decoded(counts: Mapping[bytes, bytes]) -> dict[str, int]:
    return {name.decode(): int(value) for name, value in counts.items()}


def limits_of(settings: Settings) -> Mapping[str, DeliverySettings]:
    """The limits of each destination in `settings`."""
    return {name: each.delivery for name, each in settings.destinations.items()}


def render(
    numbers: Numbers | None,
    sources: Sequence[str],
    limits: Mapping[str, DeliverySettings],
    bounds: Sequence[Bound] = (),
    now: float | None = None,
    spool: SpoolNumbers | None = None,
    configuration: ConfigurationState | None = None,
    version_ends: Mapping[str, VersionEnd] = MappingProxyType({}),
) -> bytes:
    """The numbers in Prometheus text; those that are None are left out. sources: their names; each
    is shown even before its first event. limits: of each destination. bounds: as
    `gateway.queue.capacity.read_bounds` says. version_ends: by destination."""
    registry = CollectorRegistry()
    if numbers is not None:
        now = time.time() if now is None else now
        registry.register(_Snapshot(numbers, sources, now))
        registry.register(ConsentCollector(read_consent_counts(numbers.gateway)))
        registry.register(_Capacity(numbers, limits, bounds))
    registry.register(VersionCollector(version_ends))
    if spool is not None:
        registry.register(_Spool(spool))
    if configuration is not None:
        registry.register(ConfigurationCollector(configuration))
    return generate_latest(registry)


class _Spool(Collector):
    def __init__(self, numbers: SpoolNumbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "gateway_spool_events",
            "Events spooled on disk by this web process until Redis accepts them.",
            self._numbers.events,
        )
        yield GaugeMetricFamily(
            "gateway_spool_bytes",
            "Size in bytes of the events spooled by this web process.",
            self._numbers.bytes,
        )
        yield CounterMetricFamily(
            "gateway_spooled_events",
            "Events that this web process has written to its spool since it started.",
            self._numbers.spooled,
        )


class _Snapshot(Collector):
    def __init__(self, numbers: Numbers, sources: Sequence[str], now: float) -> None:
        self._numbers = numbers
        self._sources = sources
        self._now = now

    def collect(self) -> Iterator[Metric]:
        yield from self._intake()
        yield from self._addresses()
        yield from self._bounds()
        yield self._plug_ins()
        yield from self._ledger()
        yield from self._events()
        yield from self._queues()

    def _intake(self) -> Iterator[Metric]:
        counts = self._numbers.gateway
        received = CounterMetricFamily(
            "gateway_received_events", "Events read from requests, by source.", labels=["source"]
        )
        for source in self._sources:
            received.add_metric([source], counts.get(f"received:{source}", 0))
        yield received
        refused = CounterMetricFamily(
            "gateway_refused_events",
            "Events rejected at intake, by source and reason. An unreadable request counts as one.",
            labels=["source", "reason"],
        )
        for name, count in counts.items():
            if name.startswith("refused:"):
                refused.add_metric(name.split(":")[1:], count)
        yield refused
        unclaimed = CounterMetricFamily(
            "gateway_unclaimed_requests",
            "Requests to which no source answered, by the kind of source that they look like.",
            labels=["looks_like"],
        )
        for kind, count in unclaimed_requests(counts).items():
            unclaimed.add_metric([kind], count)
        yield unclaimed
        buckets, total = ANSWER.read(counts)
        yield HistogramMetricFamily(
            "gateway_answer_seconds",
            "Time in seconds from receiving a request to answering it.",
            buckets,
            total,
        )

    def _addresses(self) -> Iterator[Metric]:
        unknown = CounterMetricFamily(
            "gateway_client_address_unknown_requests",
            "Requests from trusted proxies that did not state the visitor's address, by reason.",
            labels=["reason"],
        )
        for reason, count in unknown_addresses(self._numbers.gateway).items():
            unknown.add_metric([reason], count)
        yield unknown
        yield CounterMetricFamily(
            "gateway_untrusted_proxy_requests",
            "Requests with a forwarding header from private addresses that are not in "
            "`server.trusted_proxies`.",
            untrusted_proxy_requests(self._numbers.gateway),
        )

    def _bounds(self) -> Iterator[Metric]:
        cut = CounterMetricFamily(
            "gateway_surplus_fields_events",
            "Events with more fields than allowed, by source. The surplus fields were removed.",
            labels=["source"],
        )
        none = dict.fromkeys(self._sources, 0)
        for source, count in (none | surplus_events(self._numbers.gateway)).items():
            cut.add_metric([source], count)
        yield cut
        ignored = CounterMetricFamily(
            "gateway_ignored_fields",
            (
                "Events with a field that was ignored because its value is not valid, by source "
                "and field."
            ),
            labels=["source", "field"],
        )
        for labels, count in ignored_fields(self._numbers.gateway).items():
            ignored.add_metric(labels, count)
        yield ignored
        unsearched = CounterMetricFamily(
            "gateway_unsearched_texts_events",
            (
                "Events with texts that were removed because there was too much text for the PII "
                "guard to search, by source."
            ),
            labels=["source"],
        )
        for source, count in (none | unsearched_events(self._numbers.gateway)).items():
            unsearched.add_metric([source], count)
        yield unsearched
        yield CounterMetricFamily(
            "gateway_hold_full_events",
            "Events that were withheld because a limit on held events was reached.",
            self._numbers.gateway.get(HOLD_FULL, 0),
        )

    def _ledger(self) -> Iterator[Metric]:
        destinations = self._numbers.destinations.values()
        counts = Counter(self._numbers.gateway)
        for each in destinations:  # on a cluster each has a feed
            counts.update({name: each.counts.get(name, 0) for name in FEED_COUNTS})
        yield GaugeMetricFamily(
            "gateway_ledger_feed_bytes",
            "Size in bytes of the records that the ledger has yet to store.",
            counts["feed_bytes"],
        )
        for name, text in (
            ("cut", "Ledger records that were stored without the content of their event, because"),
            ("dropped", "Records missing in the ledger, because"),
        ):
            yield CounterMetricFamily(
                f"gateway_ledger_records_{name}",
                f"{text} too many waited to be stored.",
                counts[f"feed_{name}"],
            )

    def _plug_ins(self) -> Metric:
        problems = CounterMetricFamily(
            "gateway_plugin_problems",
            "Events for which a plug-in function in a rule failed, was slow or was skipped.",
            labels=["function", "problem"],
        )
        for function, problem, count in read_problems(self._numbers.gateway):
            problems.add_metric([function, problem], count)
        return problems

    def _events(self) -> Iterator[Metric]:
        events = CounterMetricFamily(
            "gateway_events",
            "Events by outcome. Accepted is the sum of the other outcomes and of pending events.",
            labels=["destination", "outcome"],
        )
        withheld = CounterMetricFamily(
            "gateway_withheld_events",
            "Events withheld from each destination, by the stage that stopped them and the reason.",
            labels=["destination", "stage", "reason"],
        )
        attempts = CounterMetricFamily(
            "gateway_attempts",
            "Requests sent to each destination, by result.",
            labels=["destination", "result"],
        )
        polls = CounterMetricFamily(
            "gateway_polls",
            "Requests that ask a vendor which answers later what became of events, by result.",
            labels=["destination", "result"],
        )
        repeated = CounterMetricFamily(
            "gateway_repeated_events",
            "Duplicate events that were ignored because the destination had already accepted them.",
            labels=["destination"],
        )
        warnings = CounterMetricFamily(
            "gateway_delivery_warnings",
            "Events that were delivered with a warning of the vendor.",
            labels=["destination"],
        )
        delivery = HistogramMetricFamily(
            "gateway_delivery_seconds",
            "Time in seconds from accepting an event to delivering it.",
            labels=["destination"],
        )
        for name, numbers in self._numbers.destinations.items():
            for outcome in OUTCOMES:
                events.add_metric([name, outcome], numbers.counts.get(outcome, 0))
            for (stage, reason), count in numbers.withheld.items():
                withheld.add_metric([name, stage, reason], count)
            for field, count in numbers.counts.items():
                if field.startswith("polls:"):
                    polls.add_metric([name, field.removeprefix("polls:")], count)
                if field.startswith("attempts:"):
                    attempts.add_metric([name, field.split(":")[1]], count)
            repeated.add_metric([name], numbers.counts.get("repeated", 0))
            warnings.add_metric([name], numbers.counts.get("warned", 0))
            buckets, total = DELIVERY.read(numbers.counts)
            delivery.add_metric([name], buckets, total)
        yield from (events, withheld, attempts, polls, repeated, warnings, delivery)

    def _queues(self) -> Iterator[Metric]:
        pending = _by_destination(
            "gateway_pending_events",
            "Accepted events that are not yet delivered, rejected, expired or withheld.",
        )
        oldest = _by_destination(
            "gateway_oldest_pending_seconds",
            "Age in seconds of the oldest pending event that was not submitted.",
        )
        submitted = _by_destination(
            "gateway_submitted_events",
            "Pending events that the vendor has accepted and gives its verdict on later.",
        )
        paused = _by_destination(
            "gateway_paused_seconds", "Time in seconds until a paused destination is tried again."
        )
        held = _by_destination(
            "gateway_held_events",
            ("Pending events that are held until their visitor answers about consent."),
        )
        dead = _by_destination("gateway_dead_letters", "Dead letters stored for each destination.")
        waiting = _by_destination(
            "gateway_pending_bytes", "Size in bytes of the pending events that are not held."
        )
        size = _by_destination(
            "gateway_dead_letter_bytes",
            "Size in bytes of the dead letters stored for each destination.",
        )
        removed = CounterMetricFamily(
            "gateway_dead_letters_removed",
            "Dead letters removed because a limit on their count, size or age was reached.",
            labels=["destination", "reason"],
        )
        for name, numbers in self._numbers.destinations.items():
            age = max(0.0, self._now - numbers.oldest) if numbers.oldest is not None else 0.0
            pending.add_metric([name], numbers.pending)
            waiting.add_metric([name], numbers.pending_bytes)
            oldest.add_metric([name], age)
            paused.add_metric([name], numbers.paused)
            held.add_metric([name], numbers.counts.get("held", 0))
            submitted.add_metric([name], numbers.counts.get("submitted", 0))
            dead.add_metric([name], numbers.dead)
            size.add_metric([name], numbers.dead_bytes)
            for reason, count in removed_of(numbers.counts).items():
                removed.add_metric([name, reason], count)
        yield from (pending, waiting, oldest, paused, held, submitted, dead, size, removed)
        yield GaugeMetricFamily(
            "gateway_quarantined_events",
            "Events in quarantine because they did not match their schema.",
            self._numbers.quarantined,
        )
        yield CounterMetricFamily(
            "gateway_quarantined_events_removed",
            "Events removed from quarantine because there were too many or they were too old.",
            self._numbers.gateway.get("quarantine_removed", 0),
        )


class _Capacity(Collector):
    """How much there may be, and what is full."""

    def __init__(
        self, numbers: Numbers, limits: Mapping[str, DeliverySettings], bounds: Sequence[Bound]
    ) -> None:
        self._memory_usage = numbers.memory_usage
        self._limits = limits
        self._bounds = bounds
        self._closed = Closed.by(bounds)

    def collect(self) -> Iterator[Metric]:
        full = GaugeMetricFamily(
            "gateway_full",
            "1 while intake rejects events of untrusted or of trusted senders (503) because a "
            "limit was reached. An empty destination label means the Redis memory limit, which "
            "affects all destinations.",
            labels=["destination", "sender"],
        )
        used = GaugeMetricFamily(
            "gateway_limit_used_ratio",
            (
                "Share of each limit that is used. Intake rejects events of untrusted senders at "
                "0.7, and of all senders at 0.95."
            ),
            labels=["destination", "limit"],
        )
        for bound in self._bounds:
            of = bound.of if bound.of in self._limits else ""
            used.add_metric([of, bound.kind], bound.share)
        pending = _by_destination(
            "gateway_pending_events_limit",
            "Maximum number of pending events.",
        )
        dead = _by_destination(
            "gateway_dead_letters_limit",
            "Maximum number of dead letters. Beyond it, the oldest are removed.",
        )
        size = _by_destination(
            "gateway_dead_letter_bytes_limit",
            "Maximum size in bytes of the dead letters. Beyond it, the oldest are removed.",
        )
        for name, limits in self._limits.items():
            self._add_full(full, name)
            pending.add_metric([name], limits.max_pending)
            dead.add_metric([name], limits.max_dead_letters)
            size.add_metric([name], limits.max_dead_letter_bytes)
        if self._memory_usage is not None:
            self._add_full(full, ALL_MEMORY)
            yield from self._of_memory(self._memory_usage)
        yield from (full, used, pending, dead, size)

    def _add_full(self, full: GaugeMetricFamily, of: str) -> None:
        full.add_metric([of, "untrusted"], of in self._closed.untrusted)
        full.add_metric([of, "trusted"], of in self._closed.trusted)

    def _of_memory(self, usage: MemoryUsage) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "gateway_redis_memory_bytes", "Memory in bytes that Redis uses.", usage.used
        )
        if usage.limit:
            yield GaugeMetricFamily(
                "gateway_redis_memory_limit_bytes",
                "Memory limit of Redis in bytes (maxmemory).",
                usage.limit,
            )


def _by_destination(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=["destination"])
