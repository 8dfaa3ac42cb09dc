"""Metrics of each destination: endings, requests, pending events and dead letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from gateway.monitoring.numbers import OUTCOMES, DestinationNumbers
from gateway.queue.dead_letters import removed_of
from gateway.queue.pending_counts import DELIVERY


class DestinationCollector(Collector):
    """numbers: by destination. now: Unix seconds."""

    def __init__(self, numbers: Mapping[str, DestinationNumbers], now: float) -> None:
        self._numbers = numbers
        self._now = now

    def collect(self) -> Iterator[Metric]:
        yield from self._endings()
        yield from self._requests()
        yield from self._pending()
        yield from self._dead_letters()

    def _endings(self) -> Iterator[Metric]:
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
        repeated = CounterMetricFamily(
            "gateway_repeated_events",
            "Duplicate events that were ignored because the destination had already accepted them.",
            labels=["destination"],
        )
        unmarked = CounterMetricFamily(
            "gateway_unmarked_events",
            "Events of untrusted senders that were accepted without a mark against repetition, "
            "because marks have reached their limit.",
            labels=["destination"],
        )
        warnings = CounterMetricFamily(
            "gateway_delivery_warnings",
            "Events that were delivered with a warning of the vendor.",
            labels=["destination"],
        )
        for name, numbers in self._numbers.items():
            for outcome in OUTCOMES:
                events.add_metric([name, outcome], numbers.counts.get(outcome, 0))
            for (stage, reason), count in numbers.withheld.items():
                withheld.add_metric([name, stage, reason], count)
            repeated.add_metric([name], numbers.counts.get("repeated", 0))
            unmarked.add_metric([name], numbers.counts.get("unmarked", 0))
            warnings.add_metric([name], numbers.counts.get("warned", 0))
        yield from (events, withheld, repeated, unmarked, warnings)

    def _requests(self) -> Iterator[Metric]:
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
        delivery = HistogramMetricFamily(
            "gateway_delivery_seconds",
            "Time in seconds from accepting an event to delivering it.",
            labels=["destination"],
        )
        for name, numbers in self._numbers.items():
            for field, count in numbers.counts.items():
                if field.startswith("polls:"):
                    polls.add_metric([name, field.removeprefix("polls:")], count)
                if field.startswith("attempts:"):
                    attempts.add_metric([name, field.split(":")[1]], count)
            buckets, total = DELIVERY.read(numbers.counts)
            delivery.add_metric([name], buckets, total)
        yield from (attempts, polls, delivery)

    def _pending(self) -> Iterator[Metric]:
        pending = by_destination(
            "gateway_pending_events",
            "Accepted events that are not yet delivered, rejected, expired or withheld.",
        )
        waiting = by_destination(
            "gateway_pending_bytes", "Size in bytes of the pending events that are not held."
        )
        oldest = by_destination(
            "gateway_oldest_pending_seconds",
            "Age in seconds of the oldest pending event that was not submitted.",
        )
        paused = by_destination(
            "gateway_paused_seconds", "Time in seconds until a paused destination is tried again."
        )
        held = by_destination(
            "gateway_held_events",
            "Pending events that are held until their visitor answers about consent.",
        )
        submitted = by_destination(
            "gateway_submitted_events",
            "Pending events that the vendor has accepted and gives its verdict on later.",
        )
        for name, numbers in self._numbers.items():
            age = max(0.0, self._now - numbers.oldest) if numbers.oldest is not None else 0.0
            pending.add_metric([name], numbers.pending)
            waiting.add_metric([name], numbers.pending_bytes)
            oldest.add_metric([name], age)
            paused.add_metric([name], numbers.paused)
            held.add_metric([name], numbers.counts.get("held", 0))
            submitted.add_metric([name], numbers.counts.get("submitted", 0))
        yield from (pending, waiting, oldest, paused, held, submitted)

    def _dead_letters(self) -> Iterator[Metric]:
        dead = by_destination("gateway_dead_letters", "Dead letters stored for each destination.")
        size = by_destination(
            "gateway_dead_letter_bytes",
            "Size in bytes of the dead letters stored for each destination.",
        )
        removed = CounterMetricFamily(
            "gateway_dead_letters_removed",
            "Dead letters removed because a limit on their count, size or age was reached.",
            labels=["destination", "reason"],
        )
        for name, numbers in self._numbers.items():
            dead.add_metric([name], numbers.dead)
            size.add_metric([name], numbers.dead_bytes)
            for reason, count in removed_of(numbers.counts).items():
                removed.add_metric([name, reason], count)
        yield from (dead, size, removed)


def by_destination(name: str, text: str) -> GaugeMetricFamily:
    """A gauge with the label `destination`, without values. text: describes the metric."""
    return GaugeMetricFamily(name, text, labels=["destination"])
