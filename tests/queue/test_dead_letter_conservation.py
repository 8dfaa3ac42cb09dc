"""The law of conservation holds through replays and drops, whatever happens in between:

accepted     = withheld + delivered + rejected + expired + pending
dead letters = rejected + expired - replayed - dropped
"""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from gateway.monitoring.numbers import read_numbers
from gateway.queue.dead_letters import DeadLetter, drop, find, replay
from tests.support.dead_letters import append, end
from tests.support.events import make_event
from tests.support.keys import ADS, KEYS
from tests.support.redis_machine import RedisMachine, run_machine

CHOICE = st.lists(st.integers(0, 7), max_size=6, unique=True)


class Graveyard(RedisMachine):
    """One destination, and operators who act on dead letters that may be gone by then.

    remembered: dead letters as an operator once saw them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.expected: Counter[str] = Counter()
        self.pending: list[str] = []
        self.dead: dict[str, str] = {}
        self.remembered: list[DeadLetter] = []

    @rule(count=st.integers(1, 4))
    def accept(self, count: int) -> None:
        events = [make_event(self.expected["accepted"] + n) for n in range(count)]
        self.run(append(self.redis, "ads", events))
        self.expected["accepted"] += count
        self.pending += [event["event_id"] for event in events]

    @rule(result=st.sampled_from(("delivered", "rejected", "expired")), count=st.integers(1, 4))
    def settle(self, result: str, count: int) -> None:
        if not self.expected["accepted"]:
            return
        self.run(end(self.redis, "ads", result, "a reason", count))
        self.expected[result] += len(self.pending[:count])
        del self.pending[:count]
        self.look()

    def look(self) -> None:
        """An operator lists the dead letters, and still remembers earlier ones."""
        letters = self.run(self.all_letters())
        known = {letter.id for letter in self.remembered}
        self.remembered += [letter for letter in letters if letter.id not in known]
        self.dead = {letter.id: letter.event["event_id"] for letter in letters}

    async def all_letters(self) -> list[DeadLetter]:
        return [letter async for letter in find(self.redis, ADS)]

    @rule(choice=CHOICE)
    def replay_some(self, choice: list[int]) -> None:
        chosen = [letter for n, letter in enumerate(self.remembered) if n in choice]
        there = [letter for letter in chosen if letter.id in self.dead]
        assert self.run(replay(self.redis, ADS, chosen)) == len(there)
        self.expected["accepted"] += len(there)
        self.expected["replayed"] += len(there)
        self.pending += [self.dead.pop(letter.id) for letter in there]

    @rule(choice=CHOICE)
    def drop_some(self, choice: list[int]) -> None:
        chosen = [letter.id for n, letter in enumerate(self.remembered) if n in choice]
        there = [each for each in chosen if each in self.dead]
        assert self.run(drop(self.redis, ADS, chosen)) == len(there)
        self.expected["dropped"] += len(there)
        for each in there:
            del self.dead[each]

    @rule(choice=CHOICE)
    def replay_and_drop_at_once(self, choice: list[int]) -> None:
        chosen = [letter for n, letter in enumerate(self.remembered) if n in choice]
        there = {letter.id for letter in chosen if letter.id in self.dead}

        async def both() -> list[int]:
            return await asyncio.gather(
                replay(self.redis, ADS, chosen),
                drop(self.redis, ADS, [letter.id for letter in chosen]),
            )

        replayed, dropped = self.run(both())
        assert replayed + dropped == len(there)
        assert not (replayed and dropped), "a page is one atomic step"
        self.expected["accepted"] += replayed
        self.expected["replayed"] += replayed
        self.expected["dropped"] += dropped
        ended = [self.dead.pop(letter.id) for letter in chosen if letter.id in there]
        self.pending += ended if replayed else []

    @invariant()
    def it_adds_up(self) -> None:
        numbers = self.run(read_numbers(self.redis, KEYS, ["ads"])).destinations["ads"]
        counts = Counter(numbers.counts)
        ended = counts["delivered"] + counts["rejected"] + counts["expired"]
        assert counts["accepted"] == ended + numbers.pending
        kept = counts["rejected"] + counts["expired"] - counts["replayed"] - counts["dropped"]
        assert numbers.dead == kept == len(self.dead)
        assert counts == self.expected

    @invariant()
    def every_event_is_where_it_should_be(self) -> None:
        rows = self.run(self.redis.xrange(ADS.stream))
        assert len(rows) == len(self.pending)
        for (_, fields), event_id in zip(rows, self.pending, strict=True):
            assert f'"event_id":"{event_id}"'.encode() in fields[b"e"]


@pytest.mark.hypothesis
def test_nothing_is_lost_or_counted_twice_by_operators(redis_url: str) -> None:
    run_machine(
        Graveyard,
        redis_url,
        max_examples=20,
        stateful_step_count=25,
    )
