"""The law of conservation holds through releases and drops, whatever happens in between:

accepted = withheld + delivered + rejected + expired + pending

and every event that was set aside is in quarantine, was released once, or was dropped. With a
ledger, every count of released events is that of later passages.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from gateway.monitoring.numbers import Numbers, read_numbers
from gateway.pipeline.decision import Decision
from gateway.queue.counting import AGAIN
from gateway.queue.feed import Feeding
from gateway.queue.quarantine import drop, quarantine_of
from gateway.queue.quarantined_event import Quarantined
from gateway.queue.read import ensure_group
from tests.support.dead_letters import end, nobody
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.quarantine import make_releaser, set_aside
from tests.support.redis_machine import RedisMachine, run_machine

FEEDING = Feeding(1_000_000, lambda *_: [])
CHOICE = st.lists(st.integers(0, 7), max_size=6, unique=True)
NAMES = ("ads", "books")


def decision_about(stored: Quarantined) -> Decision:
    """Sends every second event to ads alone, and withholds the others everywhere."""
    for_ads = int(stored.event_id.removeprefix("event-")) % 2 == 0
    decided = decide(stored.event, ["ads"] if for_ads else [], ["books"] if for_ads else NAMES)
    return replace(decided, passage=stored.passage + 1)


class Quarantine(RedisMachine):
    """Operators who act on events that may be gone by then.

    remembered: events as an operator once saw them. stored: the ids of the entries that must be in
    quarantine. pending: the ids of the events that must be pending at ads.
    """

    def __init__(self) -> None:
        super().__init__()
        self.run(ensure_group(self.redis, ADS))
        self.made = self.released = self.dropped = 0
        self.expected: Counter[str] = Counter()
        self.pending: list[str] = []
        self.stored: list[str] = []
        self.remembered: list[Quarantined] = []

    def chosen(self, choice: list[int]) -> list[Quarantined]:
        return [each for number, each in enumerate(self.remembered) if number in choice]

    def is_released(self, events: list[Quarantined]) -> None:
        self.released += len(events)
        self.pending += [
            each.event_id for each in events if decision_about(each).verdicts["ads"].event
        ]
        self.stored = [each for each in self.stored if each not in {event.id for event in events}]

    def is_dropped(self, events: list[Quarantined]) -> None:
        self.dropped += len(events)
        self.stored = [each for each in self.stored if each not in {event.id for event in events}]

    async def all_there(self) -> list[Quarantined]:
        return [each async for each in quarantine_of(KEYS).find(self.redis)]

    async def release(self, events: list[Quarantined]) -> int:
        releaser = make_releaser(self.redis, nobody, feeding=FEEDING)
        return await releaser.release({each.id: decision_about(each) for each in events})

    @rule(count=st.integers(1, 4))
    def set_some_aside(self, count: int) -> None:
        events = [make_event(self.made + number) for number in range(count)]
        self.run(set_aside(self.redis, events))
        self.made += count
        there = self.run(self.all_there())
        self.remembered += there[len(self.stored) :]
        self.stored = [each.id for each in there]

    @rule(choice=CHOICE)
    def release_some(self, choice: list[int]) -> None:
        there = [each for each in self.chosen(choice) if each.id in self.stored]
        assert self.run(self.release(self.chosen(choice))) == len(there)
        self.is_released(there)

    @rule(choice=CHOICE)
    def drop_some(self, choice: list[int]) -> None:
        there = [each for each in self.chosen(choice) if each.id in self.stored]
        assert self.run(drop(self.redis, KEYS, [each.id for each in self.chosen(choice)])) == len(
            there
        )
        self.is_dropped(there)

    @rule(choice=CHOICE)
    def release_and_drop_at_once(self, choice: list[int]) -> None:
        chosen = self.chosen(choice)
        there = [each for each in chosen if each.id in self.stored]

        async def both() -> list[int]:
            return await asyncio.gather(
                self.release(chosen), drop(self.redis, KEYS, [each.id for each in chosen])
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
        numbers: Numbers = self.run(read_numbers(self.redis, KEYS, NAMES))
        ads, books = (Counter(numbers.destinations[name].counts) for name in NAMES)
        assert ads["accepted"] == books["accepted"] == books["withheld"] == self.released
        pending = numbers.destinations["ads"].pending
        assert pending == len(self.pending)
        assert ads["delivered"] == self.expected["delivered"]
        assert ads["accepted"] == ads["withheld"] + ads["delivered"] + pending
        assert numbers.quarantined == len(self.stored) == self.made - self.released - self.dropped

    @invariant()
    def all_that_ads_and_books_have_is_in_a_later_passage(self) -> None:
        for name in NAMES:
            read = self.run(self.redis.hgetall(KEYS.destination(name).counts))
            counts = {field.decode(): int(count) for field, count in read.items()}
            for each in ("accepted", "withheld", "delivered"):
                assert counts.get(AGAIN + each, 0) == counts.get(each, 0)

    @invariant()
    def every_event_is_where_it_should_be(self) -> None:
        assert [each.id for each in self.run(self.all_there())] == self.stored
        rows = self.run(self.redis.xrange(ADS.stream))
        assert len(rows) == len(self.pending)
        for (_, fields), event_id in zip(rows, self.pending, strict=True):
            assert f'"event_id":"{event_id}"'.encode() in fields[b"e"]


@pytest.mark.hypothesis
def test_nothing_is_lost_or_goes_twice_by_operators(redis_url: str) -> None:
    run_machine(
        Quarantine,
        redis_url,
        max_examples=20,
        stateful_step_count=25,
    )
