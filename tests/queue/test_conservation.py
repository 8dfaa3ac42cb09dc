"""The law of the house, for every destination, at any moment and through any crash:

accepted = withheld + delivered + rejected + expired + pending
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from made import decide, make_event
from redis import Redis as SyncRedis

from gateway.delivery.lease import forget_consumers
from gateway.metrics import read_numbers
from gateway.queue.append import Appender
from gateway.queue.connect import connect_for_work
from gateway.queue.entry import decode
from gateway.queue.keys import DestinationKeys
from gateway.queue.read import Reader, ensure_group
from gateway.queue.settle import Ending, Settler
from gateway.queue.tally import Tally

NAMES = ("ads", "books")
DRAINS = 3
ENDINGS = ("delivered", "rejected", "expired")

T = TypeVar("T")


async def nobody(_: object) -> None:
    return None


class Drain:
    """What a drain does to the queue, and which entries it thinks it holds."""

    def __init__(self, redis: Any, destination: str, number: int) -> None:
        self.name = f"{destination}-{number}".encode()
        self.reader = Reader(redis, destination, self.name.decode())
        self.settler = Settler(redis, destination, Tally())
        self.held: dict[bytes, Any] = {}


class Queue(RuleBasedStateMachine):
    """Several drains of two destinations, which read, settle, hand back, die and take over."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        with SyncRedis.from_url(self.url) as server:
            server.flushall()
        self.runner = asyncio.Runner()
        self.redis = connect_for_work(self.url)
        self.appender = Appender(self.redis, Tally(), nobody)  # type: ignore[arg-type]
        self.expected: dict[str, Counter[str]] = {name: Counter() for name in NAMES}
        self.pending: dict[str, set[str]] = {name: set() for name in NAMES}
        self.number = 0
        self.born = 0
        for name in NAMES:
            self.run(ensure_group(self.redis, name))
        self.drains = {name: [self.start_drain(name) for _ in range(DRAINS)] for name in NAMES}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def start_drain(self, name: str) -> Drain:
        self.born += 1
        return Drain(self.redis, name, self.born)

    def teardown(self) -> None:
        self.run(self.redis.aclose())
        self.runner.close()

    @rule(fates=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=4))
    def append(self, fates: list[tuple[bool, bool]]) -> None:
        """Each event is sent to ads or withheld, and to books or withheld."""
        decided = []
        for fate in fates:
            self.number += 1
            sent = {name for name, sends in zip(NAMES, fate, strict=True) if sends}
            decided.append(decide(make_event(self.number), sent, set(NAMES) - sent))
            for name in NAMES:
                self.expected[name]["accepted"] += 1
                if name in sent:
                    self.pending[name].add(f"event-{self.number}")
                else:
                    self.expected[name]["withheld"] += 1
        self.run(self.appender.append(decided))

    @rule(name=st.sampled_from(NAMES), drain=st.integers(0, DRAINS - 1), count=st.integers(1, 4))
    def read(self, name: str, drain: int, count: int) -> None:
        reader = self.drains[name][drain]
        self.hold(name, reader, self.run(reader.reader.new(count, None)))

    @rule(name=st.sampled_from(NAMES), drain=st.integers(0, DRAINS - 1), count=st.integers(1, 4))
    def take_over(self, name: str, drain: int, count: int) -> None:
        """Claims what no living drain holds."""
        claimer = self.drains[name][drain]
        if claimer.held:
            return
        others = {each.name for each in self.drains[name]} - {claimer.name}
        claimed = self.run(claimer.reader.due(lambda *_: 0.0, others, count))
        self.hold(name, claimer, claimed)

    def hold(self, name: str, drain: Drain, entries: list[Any]) -> None:
        for entry in entries:
            assert not any(entry.id in other.held for other in self.drains[name])
            assert entry.deliveries >= 1
            drain.held[entry.id] = entry

    @rule(
        name=st.sampled_from(NAMES),
        drain=st.integers(0, DRAINS - 1),
        results=st.lists(st.sampled_from(ENDINGS), min_size=1, max_size=4),
        twice=st.booleans(),
    )
    def settle(self, name: str, drain: int, results: list[str], twice: bool) -> None:
        settler = self.drains[name][drain]
        endings = []
        for entry, result in zip(list(settler.held.values()), results, strict=False):
            endings.append(Ending(entry.id, result, b"" if result == "delivered" else b"letter"))
            self.expected[name][result] += 1
            self.pending[name].remove(entry.event["event_id"])
            del settler.held[entry.id]
        self.run(settler.settler.settle(endings))
        if twice:
            self.run(settler.settler.settle(endings))

    @rule(name=st.sampled_from(NAMES), drain=st.integers(0, DRAINS - 1))
    def hand_back(self, name: str, drain: int) -> None:
        giver = self.drains[name][drain]
        self.run(giver.reader.hand_back(list(giver.held.values())))
        giver.held.clear()

    @precondition(lambda self: any(drain.held for all in self.drains.values() for drain in all))
    @rule(name=st.sampled_from(NAMES), drain=st.integers(0, DRAINS - 1))
    def crash(self, name: str, drain: int) -> None:
        self.drains[name][drain] = self.start_drain(name)

    @rule(name=st.sampled_from(NAMES))
    def forget(self, name: str) -> None:
        self.run(forget_consumers(self.redis, DestinationKeys.of(name), 0))

    @invariant()
    def it_adds_up(self) -> None:
        numbers = self.run(read_numbers(self.redis, NAMES))
        for name in NAMES:
            counts, pending = numbers.destinations[name].counts, numbers.destinations[name].pending
            ended = sum(counts.get(result, 0) for result in ("withheld", *ENDINGS))
            assert counts.get("accepted", 0) == ended + pending
            assert {key: value for key, value in counts.items() if value} == {
                key: value for key, value in self.expected[name].items() if value
            }
            dead = counts.get("rejected", 0) + counts.get("expired", 0)
            assert numbers.destinations[name].dead == dead

    @invariant()
    def what_waits_is_there(self) -> None:
        for name in NAMES:
            rows = self.run(self.redis.xrange(DestinationKeys.of(name).stream))
            waiting = [decode(each, 1, fields[b"e"]).event["event_id"] for each, fields in rows]
            assert sorted(waiting) == sorted(self.pending[name])

    @invariant()
    def what_waits_can_be_reached(self) -> None:
        """It is new to the group or pending in it: nothing else is ever read again."""
        for name in NAMES:
            stream = DestinationKeys.of(name).stream
            (group,) = self.run(self.redis.xinfo_groups(stream))
            new = self.run(self.redis.xrange(stream, min=b"(" + group["last-delivered-id"]))
            assert group["pending"] + len(new) == len(self.pending[name])


def test_nothing_is_lost_or_counted_twice_whatever_happens(redis_url: str) -> None:
    Queue.url = redis_url
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Queue,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.generate],  # to shrink a failure on a real server takes minutes
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.anyio
async def test_it_adds_up_in_the_middle_of_everything(redis: Any) -> None:
    """Whoever reads the numbers while others append and settle sees one moment."""
    await ensure_group(redis, "ads")
    appender = Appender(redis, Tally(), nobody)  # type: ignore[arg-type]
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
            entries = await drain.reader.new(10, None)
            await drain.settler.settle([Ending(entry.id, "delivered") for entry in entries])

    work = [append(), append(), settle(1), settle(2)]
    working = [asyncio.create_task(each) for each in work]
    seen = set()
    for _ in range(200):
        now = (await read_numbers(redis, ["ads"])).destinations["ads"]
        ended = sum(now.counts.get(result, 0) for result in ("withheld", "delivered"))
        assert now.counts.get("accepted", 0) == ended + now.pending
        seen.add((ended, now.pending))
    over.set()
    await asyncio.gather(*working)
    assert len(seen) > 50
