"""`/metrics`: the counters in Redis, in Prometheus text.

Counters are in Redis next to what they count, so every web process gives the same answer, which
covers all web processes and the workers. Only the metrics of the spool and of the configuration are
the process's own. While Redis is away, `/metrics` shows only these and the ends of API versions.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from gateway.configuration.delivery import DeliverySettings
from gateway.configuration.settings import Settings
from gateway.monitoring.api_versions import VersionEnd
from gateway.monitoring.capacity_metrics import CapacityCollector
from gateway.monitoring.configuration import ConfigurationCollector, ConfigurationState
from gateway.monitoring.consent_metrics import ConsentCollector
from gateway.monitoring.destination_metrics import DestinationCollector
from gateway.monitoring.intake_metrics import IntakeCollector
from gateway.monitoring.numbers import Numbers
from gateway.monitoring.spool_metrics import SpoolCollector
from gateway.monitoring.stored_metrics import StoredCollector
from gateway.monitoring.version_metrics import VersionCollector
from gateway.queue.bounds import Bound
from gateway.spool.appender import SpoolNumbers
from gateway.stages.consent.counts import read_consent_counts


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
    """The metrics in Prometheus text; arguments that are None are left out. sources: names of the
    sources, each of which is shown even before its first event. limits: of each destination.
    bounds: from `gateway.queue.capacity.read_bounds`. now: Unix seconds; None for the current time.
    version_ends: by destination."""
    registry = CollectorRegistry()
    if numbers is not None:
        now = time.time() if now is None else now
        registry.register(IntakeCollector(numbers.gateway, sources))
        registry.register(StoredCollector(numbers))
        registry.register(DestinationCollector(numbers.destinations, now))
        registry.register(ConsentCollector(read_consent_counts(numbers.gateway)))
        registry.register(CapacityCollector(numbers.memory_usage, limits, bounds))
    registry.register(VersionCollector(version_ends))
    if spool is not None:
        registry.register(SpoolCollector(spool))
    if configuration is not None:
        registry.register(ConfigurationCollector(configuration))
    return generate_latest(registry)
