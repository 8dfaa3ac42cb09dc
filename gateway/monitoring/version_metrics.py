"""The metric of the API versions that destinations use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.monitoring.api_versions import VersionEnd


class VersionCollector(Collector):
    """The metric of `ends`, which are by destination."""

    def __init__(self, ends: Mapping[str, VersionEnd]) -> None:
        self._ends = ends

    def collect(self) -> Iterator[Metric]:
        shown = GaugeMetricFamily(
            "gateway_api_version_end_timestamp_seconds",
            "Unix time at which the vendor ends the API version that a destination uses.",
            labels=["destination", "version"],
        )
        for name, end in self._ends.items():
            midnight = datetime(end.day.year, end.day.month, end.day.day, tzinfo=UTC)
            shown.add_metric([name, end.version], midnight.timestamp())
        yield shown
