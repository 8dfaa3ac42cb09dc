"""Submitted entries, on which the vendor answers later, are pending, but no drain sends them."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from gateway.queue.append import Appender
from gateway.queue.bounds import Limits
from gateway.queue.capacity import read_usage
from gateway.queue.entry import Entry
from gateway.queue.keys import GROUP
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader, count_waiting, ensure_group, seconds_to_work
from gateway.queue.settle import Ending, Settler
from gateway.queue.submitted import NO_ENTRY, Resolved, Ticket, Tickets, submitted_of
from tests.support.destination_numbers import numbers
from tests.support.drains import nobody
from tests.support.events import decisions
from tests.support.keys import ADS, KEYS

pytestmark = pytest.mark.anyio

DAY = 86_400.0
MANY = 1000, 10**9
"""How many entries, and how many bytes of them, may wait for a verdict."""


def at_once(deliveries: int, entry_id: bytes) -> float:
    return 0.0


@pytest.fixture
def reader(redis: Redis) -> Reader:
    return Reader(redis, ADS, "drain")


@pytest.fixture
def tickets(redis: Redis) -> Tickets:
    return Tickets(redis, ADS, "drain")


@pytest.fixture
def settler(redis: Redis) -> Settler:
    return Settler(redis, ADS, PendingCounts())


@pytest.fixture
async def entries(redis: Redis, reader: Reader) -> list[Entry]:
    """Four entries that a drain has read."""
    await ensure_group(redis, ADS)
    await Appender(redis, KEYS, PendingCounts(), nobody).append(decisions(4, send=["ads"]))  # type: ignore[arg-type]
    return (await reader.new(10, None)).entries


async def counted(redis: Redis) -> dict[str, int]:
    """The counts of endings, pending and submitted entries; fails if they do not add up."""
    now = await numbers(redis)
    names = ("withheld", "delivered", "rejected", "expired")
    ended = {name: now.counts[name] for name in names if name in now.counts}
    assert now.counts["accepted"] == sum(ended.values()) + now.pending
    submitted = now.counts.get("submitted", 0)
    held = await redis.xpending_range(ADS.stream, GROUP, "-", "+", 1000, "submitted")
    assert len(held) == submitted, "the count is that of the consumer"
    rows = await submitted_of(redis, ADS, [each["message_id"] for each in held] or [b"0-0"])
    size = sum(len(fields[1]) for _, _, fields in rows)
    assert now.counts.get("submitted_bytes", 0) == size, "so is their size"
    return {**ended, "pending": now.pending, "submitted": submitted}


async def take(tickets: Tickets, most: int = 1000, most_bytes: int = 10**9) -> Ticket:
    taken = await tickets.take(60, 0, DAY, most, most_bytes)
    assert taken is not None
    return taken


def ended(entry: Entry, result: str, letter: bytes = b"") -> Ending:
    return Ending(entry.id, result, letter, size=entry.size)


def ids_of(entries: list[Entry]) -> list[bytes]:
    return [entry.id for entry in entries]


async def test_what_is_submitted_pends_and_is_not_read_again(
    redis: Redis, entries: list[Entry], reader: Reader, tickets: Tickets
) -> None:
    assert await tickets.submit("t", 60, ids_of(entries[:3])) == 3

    assert await counted(redis) == {"pending": 4, "submitted": 3}
    assert ids_of(await reader.due(at_once, (), 10)) == ids_of(entries[3:])
    assert await reader.take(ids_of(entries[:1]), ()) == []
    assert await count_waiting(redis, ADS) == 1
    usage = await read_usage(redis, KEYS, Limits({"ads": None}))  # type: ignore[dict-item]
    assert usage.pending["ads"] == (1, entries[3].size), "they count in no bound of waiting events"


async def test_the_oldest_event_is_one_that_the_vendor_has_not_got(
    redis: Redis, entries: list[Entry], reader: Reader, tickets: Tickets
) -> None:
    await tickets.submit("t", 60, ids_of(entries[:2]))
    assert (await numbers(redis)).oldest == int(entries[2].id.split(b"-")[0]) / 1000
    await tickets.submit("u", 60, ids_of(entries[2:]))
    assert (await numbers(redis)).oldest is None
    await Appender(redis, KEYS, PendingCounts(), nobody).append(decisions(1, send=["ads"]))  # type: ignore[arg-type]
    assert (await numbers(redis)).oldest is not None


async def test_work_is_due_when_the_vendor_is_to_be_asked(
    redis: Redis, entries: list[Entry], tickets: Tickets
) -> None:
    await tickets.submit("t", 60, ids_of(entries))
    assert await seconds_to_work(redis, ADS, at_once, ()) == pytest.approx(60, abs=2)
    await tickets.submit("u", 5, ids_of(entries))
    assert await seconds_to_work(redis, ADS, at_once, ()) == pytest.approx(60, abs=2), "once only"


async def test_a_ticket_is_taken_when_it_is_due_and_by_one_drain(
    redis: Redis, entries: list[Entry], tickets: Tickets
) -> None:
    await tickets.submit("later", 60, ids_of(entries[:1]))
    assert await tickets.take(60, 0, DAY, *MANY) is None
    await tickets.submit("now", 0, ids_of(entries[1:3]))
    taken = await take(tickets)
    assert (taken.ticket, taken.rows, taken.ends) == ("now", ids_of(entries[1:3]), False)
    assert await tickets.take(60, 0, DAY, *MANY) is None


async def test_the_vendor_is_not_asked_more_often_than_it_bears(
    redis: Redis, entries: list[Entry], tickets: Tickets
) -> None:
    for entry in entries:
        await tickets.submit(entry.id.decode(), 0, [entry.id])
    assert await tickets.take(60, 60, DAY, *MANY) is not None
    assert await Tickets(redis, ADS, "other").take(60, 60, DAY, *MANY) is None
    assert 0 < (await seconds_to_work(redis, ADS, at_once, ()) or 0) <= 60
    assert 0 < await redis.pttl(ADS.polled) <= 60_000
    await redis.delete(ADS.polled)
    assert await tickets.take(60, 60, DAY, *MANY) is not None


async def test_a_ticket_ends_at_its_deadline_without_a_question(
    redis: Redis, entries: list[Entry], tickets: Tickets
) -> None:
    await tickets.submit("t", 0, ids_of(entries))
    await asyncio.sleep(0.01)
    await redis.set(ADS.polled, 1)
    assert await tickets.take(60, 5, DAY, *MANY) is None
    taken = await tickets.take(60, 5, 0.005, *MANY)
    assert taken is not None
    assert taken.ends


async def test_beyond_the_bound_the_one_that_would_wait_the_longest_ends(
    redis: Redis, entries: list[Entry], tickets: Tickets
) -> None:
    await tickets.submit("soon", 60, ids_of(entries[:2]))
    await tickets.submit("late", 3600, ids_of(entries[2:]))
    assert await tickets.take(60, 0, DAY, 4, 10**9) is None
    taken = await take(tickets, most=3)
    assert (taken.ticket, taken.ends) == ("late", True)


async def test_their_bytes_have_a_bound_too(
    redis: Redis, entries: list[Entry], tickets: Tickets, settler: Settler
) -> None:
    await tickets.submit("soon", 60, ids_of(entries[:2]))
    await tickets.submit("late", 3600, ids_of(entries[2:]))
    size = sum(entry.size for entry in entries)
    assert await tickets.take(60, 0, DAY, 1000, size) is None
    taken = await take(tickets, most_bytes=size - 1)
    assert (taken.ticket, taken.ends) == ("late", True)

    endings = [ended(each, "warned") for each in entries[2:]]
    left = taken.without(frozenset(taken.rows))
    await settler.settle(endings, (), Resolved(taken, left, 0, "drain"))

    assert await counted(redis) == {"delivered": 2, "pending": 2, "submitted": 2}
    assert await tickets.take(60, 0, DAY, 1000, size - 1) is None


async def test_what_an_earlier_version_submitted_counts_no_bytes(
    redis: Redis, entries: list[Entry], tickets: Tickets, settler: Settler
) -> None:
    await tickets.submit("before", 0, ids_of(entries[:3]))
    await redis.hdel(ADS.counts, "submitted_bytes")
    await tickets.submit("after", 60, ids_of(entries[3:]))
    before = await take(tickets)
    endings = [ended(each, "delivered") for each in entries[:3]]
    left = before.without(frozenset(before.rows))
    await settler.settle(endings, (), Resolved(before, left, 0, "drain"))
    assert (await numbers(redis)).counts.get("submitted_bytes", 0) == 0
    usage = await read_usage(redis, KEYS, Limits({"ads": None}))  # type: ignore[dict-item]
    assert usage.pending["ads"] == (0, entries[3].size)


async def test_verdicts_end_entries_and_change_the_ticket_in_one_step(
    redis: Redis, entries: list[Entry], reader: Reader, tickets: Tickets, settler: Settler
) -> None:
    ids = ids_of(entries)
    await tickets.submit("t", 0, ids)
    ticket = await take(tickets)
    endings = [ended(entries[0], "delivered"), ended(entries[1], "rejected", b"letter")]
    left = ticket.without(frozenset(ids[:3]))

    await settler.settle(endings, (), Resolved(ticket, left, 0, "drain", [(ids[2], 1)]))

    assert await counted(redis) == {"delivered": 1, "rejected": 1, "pending": 2, "submitted": 1}
    assert ids_of(await reader.due(at_once, (), 10)) == [ids[2]], "it is sent once more"
    again = await take(tickets)
    assert again.rows == [NO_ENTRY, NO_ENTRY, NO_ENTRY, ids[3]], "rows stay where they are"
    last = Resolved(again, again.without(frozenset(ids)), 0, "drain")
    await settler.settle([ended(entries[3], "warned")], (), last)
    assert await counted(redis) == {"delivered": 2, "rejected": 1, "pending": 1, "submitted": 0}
    assert not await redis.exists(ADS.tickets, ADS.polls)


async def test_a_ticket_that_another_drain_has_changed_is_left_alone(
    redis: Redis, entries: list[Entry], tickets: Tickets, settler: Settler
) -> None:
    ids = ids_of(entries)
    await tickets.submit("t", 0, ids)
    ticket = await take(tickets)
    first = Resolved(ticket, ticket.without(frozenset(ids[:1])), 0, "drain", [(ids[0], 1)])
    await settler.settle([], (), first)
    await tickets.submit("again", 60, ids[:1])

    await settler.settle([ended(each, "delivered") for each in entries[:2]], (), first)

    assert await counted(redis) == {"pending": 4, "submitted": 4}
    assert (await take(tickets)).rows == [NO_ENTRY, *ids[1:]]


async def test_what_another_drain_has_taken_over_is_its_own(
    redis: Redis, entries: list[Entry], tickets: Tickets
) -> None:
    other = Reader(redis, ADS, "other")
    (stolen,) = await other.due(at_once, (), 1, ids_of(entries[1:]))
    assert await tickets.submit("t", 0, ids_of(entries)) == 3
    assert (await take(tickets)).rows == [NO_ENTRY, *ids_of(entries[1:])]
    assert stolen.id == entries[0].id


async def test_erased_and_withdrawn_entries_leave_no_trace_in_the_counts(
    redis: Redis, entries: list[Entry], tickets: Tickets, settler: Settler
) -> None:
    ids = ids_of(entries)
    await tickets.submit("t", 0, ids[:2])
    found = await submitted_of(redis, ADS, ids)
    assert [each[0] for each in found] == ids[:2]
    await settler.settle([ended(each, "withheld") for each in entries[1:3]])
    assert await counted(redis) == {"withheld": 2, "pending": 2, "submitted": 1}
    await settler.settle([ended(entries[0], "withheld"), ended(entries[3], "withheld")])
    assert await counted(redis) == {"withheld": 4, "pending": 0, "submitted": 0}
    assert not await redis.exists(ADS.tickets, ADS.polls)


async def test_a_stream_that_no_drain_has_read_has_no_submitted_entries(redis: Redis) -> None:
    await redis.xadd(ADS.stream, {"e": b"{}"}, id="1-1")
    assert await submitted_of(redis, ADS, [b"1-1"]) == []
