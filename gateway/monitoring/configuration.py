"""The configuration in force, in metrics and in the status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class ConfigurationState:
    """version: of the configuration in force. since: when it came into force, in Unix seconds;
    None if unknown. rejected: the file on disk was rejected, so that an earlier configuration
    stays in force."""

    version: str
    since: float | None
    rejected: bool = False


class ConfigurationCollector(Collector):
    def __init__(self, state: ConfigurationState) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily(
            "gateway_configuration",
            "Version of the configuration in force, a hash of the file.",
            {"version": self._state.version},
        )
        if self._state.since is not None:
            yield GaugeMetricFamily(
                "gateway_configuration_loaded_timestamp_seconds",
                "Unix time in seconds at which this web process loaded the configuration in force.",
                self._state.since,
            )
        yield GaugeMetricFamily(
            "gateway_configuration_rejected",
            "1 while the configuration file on disk is rejected and an earlier configuration "
            "stays in force, otherwise 0.",
            self._state.rejected,
        )
