"""Whatever is settled, replayed, dropped and removed, the dead letters, the index of the untrusted
ones, the count of their bytes and the counts of removals agree with each other, and with a model in
plain Python of which dead letters go when a bound is reached.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from unittest import mock

import orjson
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from gateway.monitoring.numbers import DestinationNumbers, read_numbers
from gateway.queue import settle
from gateway.queue.dead_letters import (
    DeadLetter,
    drop,
    encode_dead_letter,
    find,
    removed_of,
    replay,
)
from gateway.queue.entry import Entry
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import Reader, ensure_group
from gateway.queue.settle import Ending, Settler
from gateway.queue.stored_events import StoreBounds
from tests.support.dead_letters import append
from tests.support.events import make_event
from tests.support.keys import ADS, KEYS
from tests.support.redis_machine import RedisMachine, run_machine

DAY = 86_400
MAX_REMOVED = 3
CHOICE = st.lists(st.integers(0, 11), max_size=6, unique=True)
AGES = st.lists(st.sampled_from([1, 20, 40]), max_size=4)
"""The ages in days of the dead letters at the start. No run takes a day, so it is certain which of
them are beyond the bounds below."""
BOUNDS = st.builds(
    StoreBounds,
    letters=st.sampled_from([0, 2, 5, 100]),
    size=st.sampled_from([0, 700, 2000, 100_000]),
    seconds=st.sampled_from([10 * DAY, 30 * DAY, 100 * DAY]),
)


@dataclass
class Letter:
    """A dead letter of the model. size: its bytes, as counted."""

    event_id: str
    size: int
    trusted: bool
    days: int = 0


class Index(RedisMachine):
    """One destination. letters: the expected dead letters, oldest first. pending: the ids of the
    pending events, and whether their senders are trusted. remembered: dead letters as an operator
    once saw them; they may be gone by now.
    """

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[Letter] = []
        self.pending: list[tuple[str, bool]] = []
        self.counted: Counter[str] = Counter()
        self.remembered: dict[str, DeadLetter] = {}
        self.run(ensure_group(self.redis, ADS))

    @initialize(ages=AGES)
    def some_are_there_since_the_version_before(self, ages: list[int]) -> None:
        for number, days in enumerate(sorted(ages, reverse=True)):
            entry = Entry(b"", 1, make_event(0, event_id=f"old-{number}"), "site", 1.0, "v", [])
            letter = orjson.loads(encode_dead_letter(entry, "rejected", "no", 1.0, None))
            del letter["trusted"]
            entry_id = f"{int(1000 * (time.time() - days * DAY))}-{number}"
            self.run(self.redis.xadd(ADS.dead, {"d": orjson.dumps(letter)}, id=entry_id))
            self.letters.append(Letter(f"old-{number}", 0, True, days))
        if ages:
            self.counted.update(accepted=len(ages), rejected=len(ages))
            self.run(self.redis.hset(ADS.counts, mapping=dict(self.counted)))
        self.look()

    @rule(trusted=st.booleans(), count=st.integers(1, 4), size=st.integers(0, 400))
    def accept(self, trusted: bool, count: int, size: int) -> None:
        before = self.counted["accepted"]
        events = [make_event(before + n, note="x" * size) for n in range(count)]
        self.run(append(self.redis, "ads", events, trusted))
        self.counted["accepted"] += count
        self.pending += [(event["event_id"], trusted) for event in events]

    @rule(
        result=st.sampled_from(("delivered", "rejected", "expired")),
        count=st.integers(0, 6),
        bounds=BOUNDS,
    )
    def settle(self, result: str, count: int, bounds: StoreBounds) -> None:
        """Settles up to `count` entries; with none, as the sweep does."""
        endings, added = self.run(self.read(result, count))
        del self.pending[: len(endings)]
        with mock.patch.object(settle, "MAX_REMOVED", MAX_REMOVED):
            removed = self.run(Settler(self.redis, ADS, PendingCounts(), bounds).settle(endings))
        self.counted[result] += len(endings)
        self.letters += added
        assert removed == self.trim(bounds, MAX_REMOVED + len(added))
        self.look()

    async def read(self, result: str, count: int) -> tuple[list[Ending], list[Letter]]:
        """The endings of the next entries, and the dead letters that they become."""
        entries = (await Reader(self.redis, ADS, "drain").new(count, None)).entries if count else []
        endings, added = [], []
        for entry, (event_id, trusted) in zip(entries, self.pending, strict=False):
            assert (entry.event["event_id"], entry.trusted) == (event_id, trusted)
            letter = encode_dead_letter(entry, result, "a reason", 1.0, None)
            if result == "delivered":
                endings.append(Ending(entry.id, result))
            else:
                endings.append(Ending(entry.id, result, letter, trusted))
                added.append(Letter(event_id, len(letter), trusted))
        return endings, added

    def trim(self, bounds: StoreBounds, most: int) -> int:
        """Removes from the model what a step should remove. Returns how many."""
        for removed in range(most):
            found = self.next_to_remove(bounds)
            if found is None:
                return removed
            reason, letter = found
            self.letters.remove(letter)
            self.counted[f"removed:{reason}"] += 1
        return most

    def next_to_remove(self, bounds: StoreBounds) -> tuple[str, Letter] | None:
        for letter in self.letters:
            if letter.days * DAY > bounds.seconds:
                return "age", letter
        untrusted = [letter for letter in self.letters if not letter.trusted]
        if len(self.letters) > bounds.letters:
            return "count", [*untrusted, *self.letters][0]
        if sum(letter.size for letter in self.letters) > bounds.size:
            return "bytes", [*untrusted, *self.letters][0]
        return None

    def look(self) -> None:
        """An operator lists the dead letters, and still remembers earlier ones."""
        self.remembered |= {letter.id: letter for letter in self.run(self.all_letters())}

    async def all_letters(self) -> list[DeadLetter]:
        return [letter async for letter in find(self.redis, ADS)]

    def choose(self, choice: list[int]) -> tuple[list[DeadLetter], list[DeadLetter]]:
        """Some remembered dead letters, counted from the newest, and those that still exist."""
        chosen = [each for n, each in enumerate(reversed(self.remembered.values())) if n in choice]
        there = {letter.id for letter in self.run(self.all_letters())}
        return chosen, [letter for letter in chosen if letter.id in there]

    def take_away(self, letters: list[DeadLetter]) -> None:
        gone = {letter.event_id for letter in letters}
        self.letters = [letter for letter in self.letters if letter.event_id not in gone]

    @rule(choice=CHOICE)
    def replay_some(self, choice: list[int]) -> None:
        chosen, there = self.choose(choice)
        assert self.run(replay(self.redis, ADS, chosen)) == len(there)
        self.take_away(there)
        self.pending += [(letter.event_id, letter.trusted) for letter in there]
        self.counted["accepted"] += len(there)
        self.counted["replayed"] += len(there)

    @rule(choice=CHOICE)
    def drop_some(self, choice: list[int]) -> None:
        chosen, there = self.choose(choice)
        assert self.run(drop(self.redis, ADS, [letter.id for letter in chosen])) == len(there)
        self.take_away(there)
        self.counted["dropped"] += len(there)

    def numbers(self) -> DestinationNumbers:
        return self.run(read_numbers(self.redis, KEYS, ["ads"])).destinations["ads"]

    @invariant()
    def the_dead_letters_are_those_of_the_model(self) -> None:
        there = self.run(self.all_letters())
        found = [(letter.event_id, letter.trusted) for letter in there]
        assert found == [(letter.event_id, letter.trusted) for letter in self.letters]

    @invariant()
    def the_index_has_the_untrusted_ones(self) -> None:
        there = self.run(self.all_letters())
        rows = self.run(self.redis.xrange(ADS.untrusted))
        untrusted = [letter.id for letter in there if not letter.trusted]
        assert [entry_id.decode() for entry_id, _ in rows] == untrusted

    @invariant()
    def the_bytes_are_those_that_are_there(self) -> None:
        rows = self.run(self.redis.xrange(ADS.dead))
        sizes = [len(fields[b"d"]) for _, fields in rows if b"n" in fields]
        assert self.numbers().dead_bytes == sum(sizes)
        assert sum(sizes) == sum(letter.size for letter in self.letters)

    @invariant()
    def everything_is_counted(self) -> None:
        numbers = self.numbers()
        counts = Counter(numbers.counts)
        assert counts == self.counted
        ended = counts["delivered"] + counts["rejected"] + counts["expired"]
        assert counts["accepted"] == ended + numbers.pending
        kept = counts["rejected"] + counts["expired"] - counts["replayed"] - counts["dropped"]
        kept -= sum(removed_of(counts).values())
        assert numbers.dead == len(self.letters) == kept


def test_index_bytes_and_stream_agree_after_anything(redis_url: str) -> None:
    run_machine(
        Index,
        redis_url,
        max_examples=30,
        stateful_step_count=25,
        phases=[Phase.generate],  # shrinking a failure on a real server takes minutes
    )
