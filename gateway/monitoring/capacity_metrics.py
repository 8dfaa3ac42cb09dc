"""Metrics of the limits: their values, how much of them is used, and which are reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.configuration.delivery import DeliverySettings
from gateway.monitoring.destination_metrics import by_destination
from gateway.queue.bounds import ALL_MEMORY, Bound, Closed, MemoryUsage


class CapacityCollector(Collector):
    """memory_usage: None when it could not be read. limits: of each destination."""

    def __init__(
        self,
        memory_usage: MemoryUsage | None,
        limits: Mapping[str, DeliverySettings],
        bounds: Sequence[Bound],
    ) -> None:
        self._memory_usage = memory_usage
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
        pending = by_destination(
            "gateway_pending_events_limit",
            "Maximum number of pending events.",
        )
        dead = by_destination(
            "gateway_dead_letters_limit",
            "Maximum number of dead letters. Beyond it, the oldest are removed.",
        )
        size = by_destination(
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
