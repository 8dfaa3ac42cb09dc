"""Planning: each event is in one request, or ends unsent with a reason."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from destinations.base import Outcome, Request
from gateway.delivery.planning import Ended, Shipment, plan
from gateway.queue.entry import Entry
from tests.support.events import make_entries
from tests.support.scripted_vendor import Parcel

WEEK = timedelta(days=7)


def planned(destination: Parcel, entries: Sequence[Entry]) -> list[Any]:
    return list(plan(destination, entries, lambda _: WEEK, time.time()))


def entries_of(made: Shipment | Ended) -> list[bytes]:
    entries = [made.entry] if isinstance(made, Ended) else made.entries
    return [entry.id for entry in entries]


def test_every_entry_is_in_one_request() -> None:
    entries = make_entries(7)
    shipments = planned(Parcel(size=3), entries)
    assert [len(shipment.entries) for shipment in shipments] == [3, 3, 1]
    assert [entry for shipment in shipments for entry in shipment.entries] == entries


def test_an_expired_event_is_never_part_of_a_request() -> None:
    old, fresh = make_entries(1, timestamp=time.time() - 8 * 86_400), make_entries(2)[1:]
    ended, shipment = planned(Parcel(size=10), [*old, *fresh])
    assert shipment.entries == fresh
    assert (ended.entry, ended.outcome.result) == (old[0], "expired")
    assert "192.0 hours old" in ended.outcome.reason


def test_an_unsendable_event_is_rejected_with_the_reason() -> None:
    bad, good = make_entries(1, unsendable=True), make_entries(2)[1:]
    ended, shipment = planned(Parcel(size=10), [*bad, *good])
    assert shipment.entries == good
    assert (ended.entry, ended.outcome) == (bad[0], Outcome("rejected", "client_id is missing"))


def test_a_fault_in_the_destination_costs_one_event(caplog: Any) -> None:
    bad = make_entries(1, fault=True, secret="someone@example.com")
    plans = planned(Parcel(size=10), [*make_entries(3)[1:], *bad])
    assert sum(len(each.entries) for each in plans if isinstance(each, Shipment)) == 2
    (ended,) = [each for each in plans if isinstance(each, Ended)]
    assert (ended.entry, ended.outcome.result) == (bad[0], "rejected")
    assert "KeyError" in ended.outcome.reason
    assert "someone" not in ended.outcome.reason + caplog.text


@pytest.mark.parametrize("positions", [(), (0,), (0, 1, 1), (0, 1, 7), (0, -1)])
def test_a_destination_that_loses_or_invents_events_costs_no_more(
    positions: tuple[int, ...],
) -> None:
    """Each event is in exactly one request or ended; nothing is raised."""

    class Wrong(Parcel):
        def requests(self, events: Any, now: float) -> Any:
            if len(events) > 1:
                yield Request("POST", "https://vendor.test/events", {}, b"[]", positions)
            else:
                yield from super().requests(events, now)

    entries = make_entries(2)
    seen = [each for made in planned(Wrong(10), entries) for each in entries_of(made)]
    assert sorted(seen) == [entry.id for entry in entries]


def test_a_rule_may_have_taken_the_time_away() -> None:
    (entry,) = make_entries(1)
    del entry.event["timestamp"]
    assert [entries_of(each) for each in planned(Parcel(), [entry])] == [[entry.id]]
