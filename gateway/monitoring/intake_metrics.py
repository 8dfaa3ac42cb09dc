"""Metrics of intake: events that were read from requests, refused or shortened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.queue.address_counts import unknown_addresses, untrusted_proxy_requests
from gateway.queue.admission import HOLD_FULL
from gateway.queue.pending_counts import ANSWER
from gateway.queue.plug_in_counts import read_problems
from gateway.queue.unclaimed_counts import unclaimed_requests
from gateway.stages.bound_counts import ignored_fields, surplus_events, unsearched_events


class IntakeCollector(Collector):
    """counts: the gateway's own. sources: by name; each is shown even before its first event."""

    def __init__(self, counts: Mapping[str, int], sources: Sequence[str]) -> None:
        self._counts = counts
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        yield from self._requests()
        yield from self._addresses()
        yield from self._bounds()
        yield self._plug_ins()

    def _requests(self) -> Iterator[Metric]:
        received = CounterMetricFamily(
            "gateway_received_events", "Events read from requests, by source.", labels=["source"]
        )
        for source in self._sources:
            received.add_metric([source], self._counts.get(f"received:{source}", 0))
        yield received
        refused = CounterMetricFamily(
            "gateway_refused_events",
            "Events rejected at intake, by source and reason. An unreadable request counts as one.",
            labels=["source", "reason"],
        )
        for name, count in self._counts.items():
            if name.startswith("refused:"):
                refused.add_metric(name.split(":")[1:], count)
        yield refused
        unclaimed = CounterMetricFamily(
            "gateway_unclaimed_requests",
            "Requests to which no source answered, by the kind of source that they look like.",
            labels=["looks_like"],
        )
        for kind, count in unclaimed_requests(self._counts).items():
            unclaimed.add_metric([kind], count)
        yield unclaimed
        buckets, total = ANSWER.read(self._counts)
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
        for reason, count in unknown_addresses(self._counts).items():
            unknown.add_metric([reason], count)
        yield unknown
        yield CounterMetricFamily(
            "gateway_untrusted_proxy_requests",
            "Requests with a forwarding header from private addresses that are not in "
            "`server.trusted_proxies`.",
            untrusted_proxy_requests(self._counts),
        )

    def _bounds(self) -> Iterator[Metric]:
        cut = CounterMetricFamily(
            "gateway_surplus_fields_events",
            "Events with more fields than allowed, by source. The surplus fields were removed.",
            labels=["source"],
        )
        none = dict.fromkeys(self._sources, 0)
        for source, count in (none | surplus_events(self._counts)).items():
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
        for labels, count in ignored_fields(self._counts).items():
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
        for source, count in (none | unsearched_events(self._counts)).items():
            unsearched.add_metric([source], count)
        yield unsearched
        yield CounterMetricFamily(
            "gateway_hold_full_events",
            "Events that were withheld because a limit on held events was reached.",
            self._counts.get(HOLD_FULL, 0),
        )

    def _plug_ins(self) -> Metric:
        problems = CounterMetricFamily(
            "gateway_plugin_problems",
            "Events for which a plug-in function in a rule failed, was slow or was skipped.",
            labels=["function", "problem"],
        )
        for function, problem, count in read_problems(self._counts):
            problems.add_metric([function, problem], count)
        return problems
