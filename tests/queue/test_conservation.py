"""The law of conservation, for every destination, at any moment and through any crash:

accepted = withheld + delivered + rejected + expired + pending
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from gateway.delivery.policy import JITTER, waits
from gateway.monitoring.numbers import read_numbers
from gateway.queue.append import Appender
from gateway.queue.entry import decode
from gateway.queue.keys import GROUP
from gateway.queue.lease import forget_consumers
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader, ensure_group
from gateway.queue.receipts import day_number
from gateway.queue.settle import Ending, Settler
from gateway.queue.submitted import Resolved, Tickets
from tests.support.drains import nobody
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.redis_machine import RedisMachine, run_machine

NAMES = ("ads", "books")
DRAINS = 3
ENDINGS = ("delivered", "rejected", "expired")
BACKOFF = (5.0, 30.0)
HOURS = 7200.0
DAY = 86_400.0
SLACK = 2.0
"""Seconds that a run itself may take on a slow machine."""

SENDS = st.sampled_from([True, True, True, False])
SOME_FATES = st.lists(st.tuples(SENDS, SENDS), min_size=1, max_size=4)
VERDICTS = st.lists(st.sampled_from((*ENDINGS, "retry", "none")), min_size=1, max_size=4)
RESULTS = st.lists(st.sampled_from((*ENDINGS, "withheld")), min_size=1, max_size=4)
PICK = st.integers(0, 2 * DRAINS - 1)


class Drain:
    """A drain, with the entries that it believes it holds."""

    def __init__(self, redis: Any, destination: str, number: int) -> None:
        self.name = f"{destination}-{number}".encode()
        self.reader = Reader(redis, KEYS.destination(destination), self.name.decode())
        self.settler = Settler(redis, KEYS.destination(destination), PendingCounts())
        self.tickets = Tickets(redis, KEYS.destination(destination), self.name.decode())
        self.held: dict[bytes, Any] = {}


class Queue(RedisMachine):
    """Several drains of two destinations, which read, submit, settle, hand back, die and take over,
    while time passes and the clock of Redis is set.

    waited: seconds that each entry has waited for its retry, by that clock. contested: entries that
    were taken over while their drain was at work on them, so that several drains hold them.
    submitted: entries on which the vendor has given no verdict yet.
    """

    def __init__(self) -> None:
        super().__init__()
        self.appender = Appender(self.redis, KEYS, PendingCounts(), nobody)
        self.expected: dict[str, Counter[str]] = {name: Counter() for name in NAMES}
        self.pending: dict[str, set[str]] = {name: set() for name in NAMES}
        self.waited: dict[str, dict[bytes, float]] = {name: {} for name in NAMES}
        self.submitted: dict[str, set[bytes]] = {name: set() for name in NAMES}
        self.contested: set[tuple[str, bytes]] = set()
        self.number = 0
        self.born = 0
        for name in NAMES:
            self.run(ensure_group(self.redis, KEYS.destination(name)))
        self.drains = {name: [self.start_drain(name) for _ in range(DRAINS)] for name in NAMES}

    def start_drain(self, name: str) -> Drain:
        self.born += 1
        return Drain(self.redis, name, self.born)

    def somebody_holds(self) -> bool:
        return bool(self.holders())

    def holders(self) -> list[tuple[str, int]]:
        return [
            (name, number)
            for name in NAMES
            for number, drain in enumerate(self.drains[name])
            if drain.held
        ]

    def one_that_holds(self, pick: int) -> tuple[str, int]:
        holders = self.holders()
        return holders[pick % len(holders)]

    @initialize(fates=SOME_FATES, drain=st.integers(0, DRAINS - 1))
    def begin(self, fates: list[tuple[bool, bool]], drain: int) -> None:
        self.append(fates, drain)

    @rule(fates=SOME_FATES, drain=st.none() | st.integers(0, DRAINS - 1))
    def append(self, fates: list[tuple[bool, bool]], drain: int | None) -> None:
        """Appends events that each destination is sent or has withheld; then a drain may read."""
        decided = []
        for fate in fates:
            self.number += 1
            sent = {name for name, sends in zip(NAMES, fate, strict=True) if sends}
            decision = decide(make_event(self.number), sent, set(NAMES) - sent)
            decision.received_at -= DAY * (self.number % 2)
            decided.append(decision)
            for name in NAMES:
                self.expected[name]["accepted"] += 1
                if name in sent:
                    self.pending[name].add(f"event-{self.number}")
                else:
                    self.expected[name]["withheld"] += 1
        self.run(self.appender.append(decided))
        for name in NAMES if drain is not None else ():
            self.read(name, drain, 4)

    @rule(name=st.sampled_from(NAMES), drain=st.integers(0, DRAINS - 1), count=st.integers(1, 4))
    def read(self, name: str, drain: int, count: int) -> None:
        reader = self.drains[name][drain]
        self.hold(name, reader, self.run(reader.reader.new(count, None)).entries)

    @rule(name=st.sampled_from(NAMES), drain=st.integers(0, DRAINS - 1), count=st.integers(1, 4))
    def take_over(self, name: str, drain: int, count: int) -> None:
        """Claims entries that are due and that no living drain holds."""
        claimer = self.drains[name][drain]
        others = {each.name for each in self.drains[name]} - {claimer.name}
        claimed = self.claim(name, claimer, others, count)
        self.hold(name, claimer, claimed)

    def claim(self, name: str, claimer: Drain, others: set[bytes], count: int) -> list[Any]:
        reader = claimer.reader
        claimed = self.run(reader.due(waits(BACKOFF), others, count, claimer.held))
        for entry in claimed:
            tries = entry.deliveries - 1
            least = BACKOFF[min(tries, len(BACKOFF)) - 1] * (1 - JITTER) if tries else 0.0
            assert self.waited[name][entry.id] + SLACK >= least, "a retry before its time"
        return claimed

    def hold(self, name: str, drain: Drain, entries: list[Any]) -> None:
        for entry in entries:
            holders = [other for other in self.drains[name] if entry.id in other.held]
            assert not holders or (name, entry.id) in self.contested
            assert entry.deliveries >= 1
            drain.held[entry.id] = entry
            self.waited[name][entry.id] = 0.0

    @rule(seconds=st.sampled_from([10.0, 60.0, -HOURS]))
    def time_passes(self, seconds: float) -> None:
        """Time passes, in which drains renew their leases; or the clock is set back.

        The clock of a server cannot be set, so the times that it has stored are changed instead.
        The server treats a time in the future as now.
        """
        for name in NAMES:
            self.run(self.age(KEYS.destination(name).stream, int(seconds * 1000)))
            for entry_id, waited in self.waited[name].items():
                self.waited[name][entry_id] = max(0.0, waited + seconds)

    @precondition(somebody_holds)
    @rule(pick=PICK, count=st.integers(1, 4), results=st.none() | RESULTS)
    def clock_is_set_ahead(self, pick: int, count: int, results: list[str] | None) -> None:
        """All leases run out, and a drain takes over entries on which another is at work. Both may
        end them at once."""
        self.time_passes(HOURS)
        name, drain = self.one_that_holds(pick)
        late, claimer = self.drains[name][drain], self.drains[name][(drain + 1) % DRAINS]
        claimed = self.claim(name, claimer, set(), count)
        self.contested.update((name, entry.id) for entry in claimed)
        self.hold(name, claimer, claimed)
        if results is not None:
            for each in (claimer, late):
                self.settle_one(name, each, results, twice=False)

    async def age(self, stream: str, milliseconds: int) -> None:
        rows = await self.redis.xpending_range(stream, GROUP, "-", "+", 1000)
        for row in rows:
            await self.redis.xclaim(
                stream,
                GROUP,
                row["consumer"],
                min_idle_time=0,
                message_ids=[row["message_id"]],
                idle=max(0, row["time_since_delivered"] + milliseconds),
                retrycount=row["times_delivered"],
                justid=True,
            )

    @precondition(somebody_holds)
    @rule(
        pick=PICK,
        results=RESULTS,
        twice=st.booleans(),
    )
    def settle(self, pick: int, results: list[str], twice: bool) -> None:
        name, drain = self.one_that_holds(pick)
        self.settle_one(name, self.drains[name][drain], results, twice)

    def settle_one(self, name: str, drain: Drain, results: list[str], twice: bool) -> None:
        endings = []
        for entry, result in zip(list(drain.held.values()), results, strict=False):
            endings.append(self.end(name, entry, result))
            del drain.held[entry.id]
        self.run(drain.settler.settle(endings))
        if twice:
            self.run(drain.settler.settle(endings))

    def end(self, name: str, entry: Any, result: str) -> Ending:
        if entry.event["event_id"] in self.pending[name]:  # or another drain was first
            self.expected[name][result] += 1
            self.pending[name].remove(entry.event["event_id"])
        self.submitted[name].discard(entry.id)
        letter = b"letter" if result in ("rejected", "expired") else b""
        return Ending(entry.id, result, letter, size=entry.size, received_at=entry.received_at)

    @precondition(somebody_holds)
    @rule(pick=PICK, count=st.integers(1, 4))
    def submit(self, pick: int, count: int) -> None:
        """Entries that another drain has taken over meanwhile stay with that drain."""
        name, number = self.one_that_holds(pick)
        drain = self.drains[name][number]
        rows = list(drain.held)[:count]
        pending = self.run(
            self.redis.xpending_range(KEYS.destination(name).stream, GROUP, "-", "+", 1000)
        )
        own = {row["message_id"] for row in pending if row["consumer"] == drain.name}
        assert self.run(drain.tickets.submit("ticket", 0.0, rows)) == len(own & {*rows})
        self.submitted[name] |= own & {*rows}
        for entry_id in rows:
            del drain.held[entry_id]

    @rule(name=st.sampled_from(NAMES), number=st.integers(0, DRAINS - 1), results=VERDICTS)
    def read_verdicts(self, name: str, number: int, results: list[str]) -> None:
        """Settles the verdicts of a ticket twice, as a drain that has lost the ticket may."""
        drain = self.drains[name][number]
        ticket = self.run(drain.tickets.take(0.0, 0.0, 10 * DAY, 1000, 10**9))
        if ticket is None:
            return
        told = {row: results[place % len(results)] for place, row in enumerate(ticket.rows)}
        known = list(self.run(drain.reader.submitted(ticket.rows)))
        assert {each.id for each in known} == self.submitted[name] & {*ticket.rows}
        left = ticket.without(frozenset(row for row in told if told[row] != "none"))
        again = [(each.id, each.deliveries) for each in known if told[each.id] == "retry"]
        ended = [each for each in known if told[each.id] in ENDINGS]
        endings = [self.end(name, each, told[each.id]) for each in ended]
        resolved = Resolved(ticket, left, 0.0, drain.name.decode(), again)
        for entry_id, _ in again:
            self.submitted[name].remove(entry_id)
            self.waited[name][entry_id] = 0.0
        for _ in range(2):
            self.run(drain.settler.settle(endings, (), resolved))

    @precondition(somebody_holds)
    @rule(pick=PICK)
    def hand_back(self, pick: int) -> None:
        name, drain = self.one_that_holds(pick)
        giver = self.drains[name][drain]
        self.run(giver.reader.hand_back(list(giver.held.values())))
        self.waited[name].update(dict.fromkeys(giver.held, 0.0))
        giver.held.clear()

    @precondition(somebody_holds)
    @rule(pick=PICK)
    def crash(self, pick: int) -> None:
        name, drain = self.one_that_holds(pick)
        self.drains[name][drain] = self.start_drain(name)

    @rule(name=st.sampled_from(NAMES))
    def forget(self, name: str) -> None:
        self.run(forget_consumers(self.redis, KEYS.destination(name), 0))

    @invariant()
    def it_adds_up(self) -> None:
        numbers = self.run(read_numbers(self.redis, KEYS, NAMES))
        for name in NAMES:
            counts, pending = numbers.destinations[name].counts, numbers.destinations[name].pending
            ended = sum(counts.get(result, 0) for result in ("withheld", *ENDINGS))
            assert counts.get("accepted", 0) == ended + pending
            assert counts.get("submitted", 0) == len(self.submitted[name])
            total = {key: n for key, n in counts.items() if n and not key.startswith("submitted")}
            assert total == {key: value for key, value in self.expected[name].items() if value}
            dead = counts.get("rejected", 0) + counts.get("expired", 0)
            assert numbers.destinations[name].dead == dead

    @invariant()
    def each_day_and_each_reason_adds_up(self) -> None:
        """Every event came in on one day, and a withheld one has one reason."""
        for name in NAMES:
            of = KEYS.destination(name)
            counts = self.run(self.redis.hgetall(of.counts))
            reasons = [int(n) for field, n in counts.items() if field.startswith(b"withheld:")]
            assert sum(reasons) == self.expected[name]["withheld"]
            rows = self.run(self.redis.xrange(of.stream))
            waiting = Counter(
                day_number(decode(each, 1, fields[b"e"]).received_at) for each, fields in rows
            )
            total: Counter[str] = Counter()
            for key in self.run(self.redis.keys(f"{of.counts}:*")):
                told = self.run(self.redis.hgetall(key))
                found = Counter({field.decode(): int(count) for field, count in told.items()})
                ended = sum(found[result] for result in ("withheld", *ENDINGS))
                assert found["accepted"] == ended + waiting[int(key.rpartition(b":")[2])]
                total += found
            assert total == +self.expected[name]

    @invariant()
    def what_waits_is_there(self) -> None:
        for name in NAMES:
            rows = self.run(self.redis.xrange(KEYS.destination(name).stream))
            waiting = [decode(each, 1, fields[b"e"]).event["event_id"] for each, fields in rows]
            assert sorted(waiting) == sorted(self.pending[name])
            size = sum(len(fields[b"e"]) for _, fields in rows)
            numbers = self.run(read_numbers(self.redis, KEYS, NAMES)).destinations[name]
            assert numbers.pending_bytes == size
            submitted = [len(f[b"e"]) for each, f in rows if each in self.submitted[name]]
            assert numbers.counts.get("submitted_bytes", 0) == sum(submitted)

    @invariant()
    def what_waits_can_be_reached(self) -> None:
        """Each entry is new to the group or pending in it; no other entry is ever read again."""
        for name in NAMES:
            stream = KEYS.destination(name).stream
            (group,) = self.run(self.redis.xinfo_groups(stream))
            new = self.run(self.redis.xrange(stream, min=b"(" + group["last-delivered-id"]))
            assert group["pending"] + len(new) == len(self.pending[name])


@pytest.mark.hypothesis
def test_nothing_is_lost_or_counted_twice_whatever_happens(redis_url: str) -> None:
    run_machine(
        Queue,
        redis_url,
        max_examples=25,
        stateful_step_count=30,
        phases=[Phase.generate],  # shrinking a failure on a real server takes minutes
        report_multiple_bugs=False,
    )


@pytest.mark.anyio
async def test_it_adds_up_in_the_middle_of_everything(redis: Any) -> None:
    """The numbers are of one moment, even while others append and settle."""
    await ensure_group(redis, ADS)
    appender = Appender(redis, KEYS, PendingCounts(), nobody)
    over = asyncio.Event()

    async def append() -> None:
        number = 0
        while not over.is_set():
            sent = [decide(make_event(number + each), ["ads"]) for each in range(3)]
            await appender.append([*sent, decide(make_event(number), [], ["ads"])])
            number += 3

    async def settle(number: int) -> None:
        drain = Drain(redis, "ads", number)
        while not over.is_set():
            entries = (await drain.reader.new(10, None)).entries
            await drain.settler.settle([Ending(entry.id, "delivered") for entry in entries])

    work = [append(), append(), settle(1), settle(2)]
    working = [asyncio.create_task(each) for each in work]
    seen = set()
    for _ in range(200):
        now = (await read_numbers(redis, KEYS, ["ads"])).destinations["ads"]
        ended = sum(now.counts.get(result, 0) for result in ("withheld", "delivered"))
        assert now.counts.get("accepted", 0) == ended + now.pending
        seen.add((ended, now.pending))
    over.set()
    await asyncio.gather(*working)
    assert len(seen) > 50
