"""The law of the house holds through releases and drops, whatever happens in between:

accepted = withheld + delivered + rejected + expired + pending

and every event that was set aside is in quarantine, was released once, or was dropped.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any, TypeVar

from dead import end, nobody
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from made import decide, make_event
from quarantined import set_aside
from redis import Redis as SyncRedis

from gateway.metrics import Numbers, read_numbers
from gateway.pipeline import Decision
from gateway.queue.connect import connect_for_work
from gateway.queue.keys import DestinationKeys
from gateway.queue.quarantine import IN_QUARANTINE, Quarantined, Releaser, drop
from gateway.queue.read import ensure_group

T = TypeVar("T")
CHOICE = st.lists(st.integers(0, 7), max_size=6, unique=True)
NAMES = ("ads", "books")


def decision_about(kept: Quarantined) -> Decision:
    """Every second event is for ads alone, the others for nobody."""
    for_ads = int(kept.event_id.removeprefix("event-")) % 2 == 0
    return decide(kept.event, ["ads"] if for_ads else [], ["books"] if for_ads else NAMES)


class Quarantine(RuleBasedStateMachine):
    """Operators who act on what they saw, which may be gone by then.

    remembered: events as an operator saw them once. kept: the ids of the entries that must be
    there. pending: the ids of the events that ads must have.
    """

    url = ""

    def __init__(self) -> None:
        super().__init__()
        with SyncRedis.from_url(self.url) as server:
            server.flushall()
        self.runner = asyncio.Runner()
        self.redis = connect_for_work(self.url)
        self.run(ensure_group(self.redis, "ads"))
        self.made = self.released = self.dropped = 0
        self.expected: Counter[str] = Counter()
        self.pending: list[str] = []
        self.kept: list[str] = []
        self.remembered: list[Quarantined] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.redis.aclose())
        self.runner.close()

    def chosen(self, choice: list[int]) -> list[Quarantined]:
        return [each for number, each in enumerate(self.remembered) if number in choice]

    def is_released(self, events: list[Quarantined]) -> None:
        self.released += len(events)
        self.pending += [
            each.event_id for each in events if decision_about(each).verdicts["ads"].event
        ]
        self.kept = [each for each in self.kept if each not in {event.id for event in events}]

    def is_dropped(self, events: list[Quarantined]) -> None:
        self.dropped += len(events)
        self.kept = [each for each in self.kept if each not in {event.id for event in events}]

    async def all_there(self) -> list[Quarantined]:
        return [each async for each in IN_QUARANTINE.find(self.redis)]

    async def release(self, events: list[Quarantined]) -> int:
        releaser = Releaser(self.redis, nobody)  # type: ignore[arg-type]
        return await releaser.let_out({each.id: decision_about(each) for each in events})

    @rule(count=st.integers(1, 4))
    def set_some_aside(self, count: int) -> None:
        events = [make_event(self.made + number) for number in range(count)]
        self.run(set_aside(self.redis, events))
        self.made += count
        there = self.run(self.all_there())
        self.remembered += there[len(self.kept) :]
        self.kept = [each.id for each in there]

    @rule(choice=CHOICE)
    def release_some(self, choice: list[int]) -> None:
        there = [each for each in self.chosen(choice) if each.id in self.kept]
        assert self.run(self.release(self.chosen(choice))) == len(there)
        self.is_released(there)

    @rule(choice=CHOICE)
    def drop_some(self, choice: list[int]) -> None:
        there = [each for each in self.chosen(choice) if each.id in self.kept]
        assert self.run(drop(self.redis, [each.id for each in self.chosen(choice)])) == len(there)
        self.is_dropped(there)

    @rule(choice=CHOICE)
    def release_and_drop_at_once(self, choice: list[int]) -> None:
        chosen = self.chosen(choice)
        there = [each for each in chosen if each.id in self.kept]

        async def both() -> list[int]:
            return await asyncio.gather(
                self.release(chosen), drop(self.redis, [each.id for each in chosen])
            )

        released, dropped = self.run(both())
        assert sorted((released, dropped)) == [0, len(there)], "each is one atomic step"
        self.is_released(there) if released else self.is_dropped(there)

    @rule(count=st.integers(1, 4))
    def deliver(self, count: int) -> None:
        self.run(end(self.redis, "ads", "delivered", count=count))
        self.expected["delivered"] += len(self.pending[:count])
        del self.pending[:count]

    @invariant()
    def it_adds_up(self) -> None:
        numbers: Numbers = self.run(read_numbers(self.redis, NAMES))
        ads, books = (Counter(numbers.destinations[name].counts) for name in NAMES)
        assert ads["accepted"] == books["accepted"] == books["withheld"] == self.released
        pending = numbers.destinations["ads"].pending
        assert pending == len(self.pending)
        assert ads["delivered"] == self.expected["delivered"]
        assert ads["accepted"] == ads["withheld"] + ads["delivered"] + pending
        assert numbers.quarantined == len(self.kept) == self.made - self.released - self.dropped

    @invariant()
    def every_event_is_where_it_should_be(self) -> None:
        assert [each.id for each in self.run(self.all_there())] == self.kept
        rows = self.run(self.redis.xrange(DestinationKeys.of("ads").stream))
        assert len(rows) == len(self.pending)
        for (_, fields), event_id in zip(rows, self.pending, strict=True):
            assert f'"event_id":"{event_id}"'.encode() in fields[b"e"]


def test_nothing_is_lost_or_goes_twice_by_operators(redis_url: str) -> None:
    Quarantine.url = redis_url
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Quarantine,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
