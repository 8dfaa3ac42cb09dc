"""Metrics of a web process's own spool."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.spool.appender import SpoolNumbers


class SpoolCollector(Collector):
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
