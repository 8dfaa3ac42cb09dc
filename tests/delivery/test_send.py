"""Send: quick tries, and the search for the one guilty event."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import log2
from typing import Any

import pytest

from destinations.base import Outcome, Request, Response
from gateway.credentials import NotAuthorised
from gateway.delivery.planning import Ended, plan
from gateway.delivery.policy import SendPolicy
from gateway.delivery.send import Attempt, Sender
from gateway.event import Event
from gateway.http.client import Ambiguous, Invalid, NotSent, SendError
from gateway.queue.entry import Entry
from tests.support.drains import send_to_the_end
from tests.support.events import make_entries
from tests.support.scripted_vendor import Parcel, Vendor, script

pytestmark = pytest.mark.anyio

WEEK = timedelta(days=7)
OK = Response(204)
DOWN = Response(503, {}, b"down")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick tries without the wait between them."""
    from gateway.delivery import send

    monkeypatch.setattr(send, "wait_random_exponential", lambda **_: lambda _: 0.0)


def planned(destination: Parcel, entries: Sequence[Entry]) -> list[Any]:
    return list(plan(destination, entries, lambda _: WEEK, time.time()))


class Naming(Parcel):
    """The response names the position of the event for which the vendor refuses the request."""

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        if response.status != 400:
            return super().outcomes(request, response)
        found = [Outcome("rejected", "for another event", "request")] * len(request.events)
        found[int(response.body)] = Outcome("rejected", "named")
        return found


async def send(
    vendor: Vendor | None,
    entries: Sequence[Entry],
    size: int = 1,
    tries: int = 3,
    kind: type[Parcel] = Parcel,
) -> tuple[list[Attempt], list[Attempt]]:
    """Sends `entries`; returns the last attempt for each, and all attempts watched."""
    destination, watched = kind(size), []
    sender = Sender(destination, vendor, SendPolicy(tries, lambda _: WEEK), watched.append)
    (shipment,) = planned(destination, entries)
    return await send_to_the_end(sender, shipment), watched


def results(attempts: Sequence[Attempt]) -> dict[str, str]:
    """The result for each event; fails if an event has two."""
    pairs = [
        (entry.event["event_id"], outcome.result)
        for attempt in attempts
        for entry, outcome in zip(attempt.entries, attempt.outcomes, strict=True)
    ]
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


class TestQuickTries:
    async def test_a_delivery_takes_one_request(self) -> None:
        vendor = Vendor()
        attempts, watched = await send(vendor, make_entries(1))
        assert results(attempts) == {"event-0": "delivered"}
        assert len(vendor.requests) == 1
        assert attempts == watched

    @pytest.mark.parametrize("trouble", [DOWN, NotSent("refused"), Ambiguous("too slow")])
    async def test_what_may_succeed_is_tried_again(self, trouble: Any) -> None:
        vendor = Vendor(script(trouble, trouble, OK))
        attempts, watched = await send(vendor, make_entries(1))
        assert results(attempts) == {"event-0": "delivered"}
        assert len(vendor.requests) == len(watched) == 3

    @pytest.mark.parametrize("tries", [1, 2, 3])
    async def test_no_more_tries_than_set(self, tries: int) -> None:
        vendor = Vendor(script(DOWN))
        attempts, watched = await send(vendor, make_entries(1), tries=tries)
        assert results(attempts) == {"event-0": "retry"}
        assert len(vendor.requests) == len(watched) == tries

    async def test_a_vendor_that_asks_to_wait_is_not_tried_again(self) -> None:
        vendor = Vendor(script(Response(429, {"retry-after": "30"})))
        attempts, _ = await send(vendor, make_entries(1))
        assert len(vendor.requests) == 1
        assert attempts[0].outcomes[0].retry_after == 30

    async def test_a_refusal_is_not_tried_again(self) -> None:
        vendor = Vendor(script(Response(400)))
        attempts, _ = await send(vendor, make_entries(1))
        assert results(attempts) == {"event-0": "rejected"}
        assert len(vendor.requests) == 1

    @pytest.mark.parametrize(
        ("vendor", "is_answered"),
        [
            (Vendor(), True),
            (Vendor(script(Response(400))), True),
            (Vendor(script(DOWN)), True),
            (Vendor(script(Invalid())), False),
            (Vendor(script(NotSent("refused"))), False),
            (Vendor(script(Ambiguous("too slow"))), False),
            (None, True),
        ],
    )
    @pytest.mark.parametrize("count", [1, 2])
    async def test_whether_there_was_a_response(
        self, vendor: Vendor | None, count: int, is_answered: bool
    ) -> None:
        """A dry run counts as answered."""
        policy = SendPolicy(1, lambda _: WEEK, give_up=True)
        sender = Sender(Parcel(2), vendor, policy, lambda _: None)
        (shipment,) = planned(Parcel(2), make_entries(count))
        assert (await sender.send(shipment)).is_answered is is_answered

    async def test_an_event_of_which_no_request_can_be_made_does_not_hold_up_others(self) -> None:
        """Otherwise anyone who can send such an event could pause the destination for all."""

        async def reply(ids: list[str]) -> Response:
            if "event-1" in ids:
                raise Invalid
            return OK

        vendor = Vendor(reply)
        attempts, _ = await send(vendor, make_entries(3), size=1000, tries=3)
        assert results(attempts) == {
            "event-0": "delivered",
            "event-1": "rejected",
            "event-2": "delivered",
        }

    async def test_an_event_that_expires_between_tries_is_not_sent_again(self) -> None:
        entries = make_entries(1, timestamp=time.time() - 100)
        destination = Parcel()
        vendor = Vendor(script(DOWN))
        policy = SendPolicy(3, lambda _: timedelta(seconds=100.05))
        sender = Sender(destination, vendor, policy, lambda _: None)
        (shipment,) = planned(destination, entries)
        while time.time() < entries[0].event["timestamp"] + 100.06:
            pass
        await send_to_the_end(sender, shipment)
        assert len(vendor.requests) == 1

    async def test_a_dry_run_delivers_without_sending(self) -> None:
        attempts, watched = await send(None, make_entries(3), size=10)
        assert set(results(attempts).values()) == {"delivered"}
        assert watched[0].request is not None

    async def test_an_answer_that_cannot_be_read_rejects_the_request_and_is_quiet(
        self, caplog: Any
    ) -> None:
        vendor = Vendor(script(Response(400, {}, b"\xff someone@example.com")))
        attempts, _ = await send(vendor, make_entries(2), size=10)
        assert results(attempts) == {"event-0": "rejected", "event-1": "rejected"}
        assert "someone" not in caplog.text + attempts[0].outcomes[0].reason

    @pytest.mark.parametrize("count", [0, 1, 3])
    async def test_too_few_or_too_many_outcomes_end_every_event_once(self, count: int) -> None:
        """The vendor has answered; sending everything again and again would be worse."""

        class Wrong(Parcel):
            def outcomes(self, request: Any, response: Any) -> Any:
                return [Outcome("delivered")] * count

        destination, vendor = Wrong(10), Vendor()
        sender = Sender(destination, vendor, SendPolicy(3, lambda _: WEEK), lambda _: None)
        (shipment,) = planned(destination, make_entries(2))
        attempts = await send_to_the_end(sender, shipment)
        assert results(attempts) == {"event-0": "rejected", "event-1": "rejected"}
        assert len(vendor.requests) == 1


class TestHalving:
    @pytest.mark.parametrize("guilty", [0, 1, 499, 500, 731, 999])
    async def test_a_refused_batch_is_halved_until_the_guilty_event_stands_alone(
        self, guilty: int
    ) -> None:
        poison = f"event-{guilty}"
        vendor = Vendor(lambda ids: Response(400, {}, b"poison") if poison in ids else OK)
        attempts, watched = await send(vendor, make_entries(1000), size=1000)
        became = results(attempts)
        assert len(became) == 1000
        assert {event for event, result in became.items() if result != "delivered"} == {poison}
        assert became[poison] == "rejected"
        assert len(vendor.requests) == len(watched) <= 2 * log2(1000) + 2

    async def test_two_guilty_events_are_both_found(self) -> None:
        vendor = Vendor(lambda ids: Response(400) if {"event-3", "event-9"} & set(ids) else OK)
        attempts, _ = await send(vendor, make_entries(16), size=16)
        became = results(attempts)
        assert {event for event in became if became[event] == "rejected"} == {"event-3", "event-9"}
        delivered = vendor.times_sent
        assert len(became) == len(delivered) == 16

    async def test_what_the_vendor_said_about_the_guilty_event_is_kept(self) -> None:
        vendor = Vendor(lambda ids: Response(400, {}, b"bad" if ids == ["event-1"] else b"?"))
        attempts, _ = await send(vendor, make_entries(2), size=2)
        words = {a.entries[0].event["event_id"]: a.outcomes[0].reason for a in attempts}
        assert words == {"event-0": "HTTP 400: ?", "event-1": "HTTP 400: bad"}

    async def test_a_vendor_that_goes_down_while_halving_leaves_the_rest_pending(self) -> None:
        vendor = Vendor(script(Response(400), OK, DOWN))
        attempts, _ = await send(vendor, make_entries(8), size=8, tries=1)
        became = list(results(attempts).values())
        assert became.count("delivered") == 4
        assert became.count("retry") == 4

    @pytest.mark.parametrize("guilty", [{0}, {731}, {3, 500, 999}])
    async def test_events_that_the_vendor_names_end_and_the_others_are_sent_without_them(
        self, guilty: set[int]
    ) -> None:
        poison = {f"event-{number}" for number in guilty}

        def reply(ids: list[str]) -> Response:
            named = next((place for place, id_ in enumerate(ids) if id_ in poison), None)
            return OK if named is None else Response(400, {}, str(named).encode())

        vendor = Vendor(reply)
        attempts, watched = await send(vendor, make_entries(1000), size=1000, kind=Naming)
        became = results(attempts)
        assert len(became) == 1000
        assert {event for event, result in became.items() if result == "rejected"} == poison
        assert len(vendor.requests) == len(watched) <= 1 + 2 * len(guilty)
        words = {a.entries[0].event["event_id"]: a.outcomes[0].reason for a in attempts}
        assert {words[event] for event in poison} == {"named"}

    async def test_a_vendor_that_names_every_event_gets_no_more_requests_than_events(self) -> None:
        vendor = Vendor(lambda _: Response(400, {}, b"0"))
        attempts, _ = await send(vendor, make_entries(1000), size=1000, kind=Naming)
        assert list(results(attempts).values()) == ["rejected"] * 1000
        assert len(vendor.requests) == 1000
        assert sum(map(len, vendor.requests)) < 1000 * log2(1024)

    async def test_the_halves_come_back_and_are_not_sent_by_themselves(self) -> None:
        """The caller asks the rate and the breaker before each half, and may stop in between."""
        vendor = Vendor(script(Response(400)))
        sender = Sender(Parcel(8), vendor, SendPolicy(1, lambda _: WEEK), lambda _: None)
        (shipment,) = planned(Parcel(8), make_entries(8))
        results, parts, _ = await sender.send(shipment)
        assert results == []
        assert [entry for part in parts for entry in part.entries] == shipment.entries
        assert [len(part.entries) for part in parts] == [4, 4]
        assert {part.part_of for part in parts} == {parts[0].part_of} != {None}
        deeper = await sender.send(parts[0])
        assert {part.part_of for part in deeper.parts} == {parts[0].part_of}
        assert len(vendor.requests) == 2

    async def test_events_of_erased_persons_end_and_the_others_are_sent_without_them(self) -> None:
        vendor, erased = Vendor(), {"event-1"}
        sender = Sender(
            Parcel(8),
            vendor,
            SendPolicy(1, lambda _: WEEK),
            lambda _: None,
            lambda entry: entry.event["event_id"] in erased,
        )
        (shipment,) = planned(Parcel(8), make_entries(3))
        sent = await sender.send(shipment)
        assert vendor.requests == [["event-0", "event-2"]]
        assert [type(each) for each in sent.results] == [Ended, Attempt]
        erased |= {"event-0", "event-2"}
        unsent = await sender.send(shipment)
        assert all(isinstance(each, Ended) for each in unsent.results)
        assert not unsent.is_answered
        assert len(vendor.requests) == 1

    async def test_a_single_event_is_not_halved(self) -> None:
        vendor = Vendor(script(Response(400)))
        attempts, _ = await send(vendor, make_entries(1), size=1000)
        assert len(vendor.requests) == len(attempts) == 1


class TestAmbiguity:
    """A request that got no response may still have been processed."""

    @pytest.mark.parametrize("by_destination", [False, True])
    @pytest.mark.parametrize(
        ("give_up", "error", "dedupe", "result"),
        [
            (False, Ambiguous("no complete response within 10 s"), 0, "retry"),
            (True, Ambiguous("no complete response within 10 s"), 0, "rejected"),
            (True, Ambiguous("no complete response within 10 s"), 9**9, "retry"),
            (True, NotSent("the connection was refused"), 0, "retry"),
        ],
    )
    async def test_only_what_may_count_twice_is_given_up(
        self, give_up: bool, error: SendError, dedupe: int, result: str, by_destination: bool
    ) -> None:
        """Events are given up by the policy, or because the destination sends nothing twice."""

        class Vendors(Parcel):
            sends_once = give_up and by_destination

            def recognises(self, event: Any, age: float) -> bool:
                return age < dedupe

        vendor = Vendor(script(error))
        sender = Sender(
            Vendors(10),
            vendor,
            SendPolicy(1, lambda _: WEEK, give_up and not by_destination),
            lambda _: None,
        )
        (shipment,) = planned(Vendors(10), make_entries(2))
        attempts = await send_to_the_end(sender, shipment)
        assert results(attempts) == {"event-0": result, "event-1": result}
        assert error.reason in attempts[0].outcomes[0].reason

    @pytest.mark.parametrize(("give_up", "result"), [(False, "retry"), (True, "rejected")])
    async def test_a_fault_of_the_destination_counts_as_not_recognised(
        self, give_up: bool, result: str, caplog: Any
    ) -> None:
        class Faulty(Parcel):
            def recognises(self, event: Any, age: float) -> bool:
                raise KeyError(event["event_id"])

        vendor = Vendor(script(Ambiguous("slow")))
        policy = SendPolicy(1, lambda _: WEEK, give_up)
        sender = Sender(Faulty(10), vendor, policy, lambda _: None)
        (shipment,) = planned(Faulty(10), make_entries(2))
        attempts = await send_to_the_end(sender, shipment)
        assert results(attempts) == {"event-0": result, "event-1": result}
        assert "event-0" not in caplog.text


async def test_a_credential_that_is_refused_is_a_matter_of_the_configuration() -> None:
    vendor = Vendor(script(NotAuthorised("no access token for the credential crm: HTTP 400")))
    attempts, watched = await send(vendor, make_entries(1))
    (outcome,) = attempts[0].outcomes
    assert outcome == Outcome(
        "retry", "no access token for the credential crm: HTTP 400", "configuration"
    )
    assert len(watched) == 1


@pytest.mark.parametrize("waited", [0.0, 10.0])
async def test_an_event_that_expires_while_it_waits_is_not_sent(waited: float) -> None:
    def max_age(event: Event) -> timedelta:
        return timedelta(0) if event["event_id"] == "event-0" else WEEK

    destination, vendor = Parcel(2), Vendor()
    sender = Sender(destination, vendor, SendPolicy(1, max_age), lambda _: None)
    (shipment,) = planned(destination, make_entries(2))
    shipment.planned_at -= waited
    ended = await send_to_the_end(sender, shipment)
    expired = [each.outcome.result for each in ended if isinstance(each, Ended)]
    assert expired == (["expired"] if waited else [])
    assert vendor.requests == ([["event-1"]] if waited else [["event-0", "event-1"]])
