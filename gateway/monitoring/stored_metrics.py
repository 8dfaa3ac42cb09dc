"""Metrics of the ledger's feed and of the quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.monitoring.numbers import Numbers
from gateway.queue.quarantine import removed_of

FEED_COUNTS = ("feed_bytes", "feed_cut", "feed_dropped")


class StoredCollector(Collector):
    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        yield from self._feed()
        yield from self._quarantine()

    def _feed(self) -> Iterator[Metric]:
        destinations = self._numbers.destinations.values()
        counts = Counter(self._numbers.gateway)
        for each in destinations:  # on a cluster each has a feed
            counts.update({name: each.counts.get(name, 0) for name in FEED_COUNTS})
        yield GaugeMetricFamily(
            "gateway_ledger_feed_bytes",
            "Size in bytes of the records that the ledger has yet to store.",
            counts["feed_bytes"],
        )
        why = "because too many waited to be stored"
        for name, text in (
            ("cut", f"Ledger records that were stored without the content of their event, {why}."),
            ("dropped", f"Records missing in the ledger, {why} or they could not be stored."),
        ):
            yield CounterMetricFamily(
                f"gateway_ledger_records_{name}", text, counts[f"feed_{name}"]
            )

    def _quarantine(self) -> Iterator[Metric]:
        gateway = self._numbers.gateway  # an earlier version counted all reasons as one
        yield GaugeMetricFamily(
            "gateway_quarantined_events",
            "Events in quarantine because they did not match their schema.",
            self._numbers.quarantined,
        )
        yield CounterMetricFamily(
            "gateway_quarantined_events_removed",
            "Events removed from quarantine because of a limit on their count, bytes or age.",
            sum(removed_of(gateway).values()) + gateway.get("quarantine_removed", 0),
        )
