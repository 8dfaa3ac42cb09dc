"""Metrics about consent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.stages.consent.counts import ConsentCounts


class ConsentCollector(Collector):
    def __init__(self, counts: ConsentCounts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        yield _by_name(
            "gateway_consent_defaults_events",
            (
                "Events in which a default decided at least one consent type, by name of the "
                "default. An event counts once for each of its defaults."
            ),
            "default",
            self._counts.defaults,
        )
        yield self._conflicts()
        yield self._unknown_places()
        yield _by_name(
            "gateway_consent_unreadable_events",
            "Events with a consent signal that could not be read, by signal.",
            "signal",
            self._counts.unreadable,
        )
        yield _by_name(
            "gateway_consent_unknown_keys_events",
            "Events with keys in `consent` that are not consent types, by source.",
            "source",
            self._counts.unknown_keys,
        )

    def _conflicts(self) -> Metric:
        conflicts = CounterMetricFamily(
            "gateway_consent_conflicts_events",
            "Events in which one consent signal denied what another granted, by pair of signals.",
            labels=["denied_by", "granted_by"],
        )
        for each in self._counts.conflicts:
            conflicts.add_metric([each.denied_by, each.granted_by], each.events)
        return conflicts

    def _unknown_places(self) -> Metric:
        places = CounterMetricFamily(
            "gateway_consent_unknown_place_events",
            "Events that did not state every consent type and came from an unknown place, by "
            "source and reason.",
            labels=["source", "reason"],
        )
        for each in self._counts.unknown_places:
            places.add_metric([each.source, each.reason], each.events)
        return places


def _by_name(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
