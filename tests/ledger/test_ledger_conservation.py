"""For each destination the ledger counts what Redis counts, whatever happens in whatever order."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.ledger.balance import balances_of, daily_balances_of
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.monitoring.numbers import read_numbers
from gateway.queue.append import Retention
from gateway.queue.counting import AGAIN
from gateway.queue.entry import Entry, decode
from gateway.queue.quarantine import quarantine_of
from gateway.queue.snapshot import read_snapshot
from gateway.redis_client.connect import connect_for_work
from tests.support.events import decide, make_event
from tests.support.keys import KEYS
from tests.support.ledger import Books
from tests.support.valkey_server import Valkey

DESTINATIONS = ("ads", "books")
DAY = 86_400.0
COUNTED = ("accepted", "withheld", "delivered", "rejected", "expired", "repeated")


class Machine(RuleBasedStateMachine):
    """Appends, settles, replays, releases from quarantine and stores. A writer may die after it has
    stored records and before it takes them off the feed."""

    valkey: Valkey
    database: LedgerDatabase | None = None
    """Where the ledger is; None for SQLite files."""
    begun = 0

    @initialize()
    def begin(self) -> None:
        self.valkey.empty()
        self.folder = tempfile.TemporaryDirectory()
        type(self).begun += 1
        place = (
            replace(self.database, schema=f"{self.database.schema}_{self.begun}")
            if self.database
            else LedgerFolder(Path(self.folder.name))
        )
        self.loop = asyncio.new_event_loop()
        self.redis = connect_for_work(self.valkey.url)
        self.books = Books(self.redis, place, Retention(dedupe=600))
        self.entries: dict[str, list[Entry]] = {name: [] for name in DESTINATIONS}
        self.ended: dict[str, list[Entry]] = {name: [] for name in DESTINATIONS}
        self.aside = 0
        self.append([0], set(DESTINATIONS), trusted=True, days_ago=0)

    def one_with_ended(self, pick: int) -> str:
        names = [name for name in DESTINATIONS if self.ended[name]]
        return names[pick % len(names)]

    def run_step(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @rule(
        numbers=st.lists(st.integers(0, 5), min_size=1, max_size=3),
        send=st.sets(st.sampled_from(DESTINATIONS)),
        trusted=st.booleans(),
        days_ago=st.integers(0, 2),
    )
    def append(self, numbers: list[int], send: set[str], trusted: bool, days_ago: int) -> None:
        """The same event may be appended again, also for an earlier day."""
        rest = [name for name in DESTINATIONS if name not in send]
        made = [decide(make_event(n), sorted(send), rest, trusted) for n in numbers]
        for each in made[1:]:
            each.received_at -= DAY * days_ago
        self.run_step(self.books.append(*made))

    @rule(name=st.sampled_from(DESTINATIONS))
    def read(self, name: str) -> None:
        self.entries[name] += self.run_step(self.books.read(name))

    @rule(
        name=st.sampled_from(DESTINATIONS),
        result=st.sampled_from(["delivered", "rejected", "expired", "withheld", "retry"]),
        count=st.integers(1, 3),
        forgets=st.booleans(),
    )
    def settle(self, name: str, result: str, count: int, forgets: bool) -> None:
        """forgets: whether the drain dies before it learns that it has settled, so that the entries
        are settled again."""
        if not self.entries[name]:
            self.read(name)
        chosen = self.entries[name][:count]
        self.run_step(self.books.settle(name, chosen, result))
        if result != "retry":
            self.ended[name] += chosen
        if not (forgets or result == "retry"):
            del self.entries[name][:count]

    @precondition(lambda self: any(self.ended.values()))
    @rule(pick=st.integers(0, 1), place=st.integers(0, 9))
    def replay(self, pick: int, place: int) -> None:
        """The same event may be chosen several times."""
        name = self.one_with_ended(pick)
        first = place % len(self.ended[name])
        self.run_step(self.books.replay(name, self.ended[name][first : first + 2]))

    @rule(number=st.integers(6, 7), days_ago=st.integers(0, 2))
    def set_aside(self, number: int, days_ago: int) -> None:
        made = replace(decide(make_event(number), [], DESTINATIONS), quarantine="does not fit")
        made.received_at -= DAY * days_ago
        self.run_step(self.books.append(made))
        self.aside += 1

    @precondition(lambda self: self.aside)
    @rule(count=st.integers(1, 3), send=st.sets(st.sampled_from(DESTINATIONS)))
    def release(self, count: int, send: set[str]) -> None:
        """If an event with the same id was released before, this one is repeated."""

        async def release() -> None:
            found = [each async for each in quarantine_of(KEYS).find(self.redis)][:count]
            rest = [name for name in DESTINATIONS if name not in send]
            decided = {
                each.id: replace(
                    decide(each.event, sorted(send), rest, trusted=each.trusted),
                    received_at=each.received_at,
                    receipt=each.receipt,
                    passage=each.passage + 1,
                )
                for each in found
            }
            assert await self.books.release(decided) == len(decided)
            self.aside -= len(decided)

        self.run_step(release())

    @rule()
    def store(self) -> None:
        """Stores what all steps since the last time have written, in one batch."""
        self.run_step(self.books.store())
        assert self.run_step(self.problems()) == []
        self.same_counts()

    @rule(number=st.integers(0, 5))
    def store_and_die(self, number: int) -> None:
        self.run_step(self.books.append(decide(make_event(number), ["ads"])))
        self.run_step(self.books.store_and_die())

    async def problems(self) -> list[str]:
        """The problems that an audit finds, whether records are stored, waiting or both. There is
        no baseline, since Redis and the ledger began together."""
        snapshot = await read_snapshot(self.books.feed, DESTINATIONS)
        reader = self.books.reader
        assert not any(reader.baseline(snapshot.feed).values())
        found = snapshot, reader.totals(snapshot.feed), Counter()
        balances, days = balances_of(*found), daily_balances_of(*found, "")
        for name in DESTINATIONS:
            (whole,) = (each for each in balances if each.destination == name)
            for which in COUNTED:
                of_days = sum(each.redis[which] for each in days if each.destination == name)
                assert of_days == whole.redis[which]
            later = 0 if whole.later is None else whole.later.pending
            rows = await self.redis.xrange(KEYS.destination(name).stream)
            passages = [decode(each, 1, fields[b"e"]).passage for each, fields in rows]
            assert later == sum(passage > 1 for passage in passages)
            of_days = sum(
                each.later.pending for each in days if each.destination == name and each.later
            )
            assert of_days == later
        return [problem for each in (*balances, *days) for problem in each.problems]

    @invariant()
    def an_audit_finds_no_problems(self) -> None:
        if hasattr(self, "books"):
            assert self.run_step(self.problems()) == []

    def same_counts(self) -> None:
        """The ledger, which has stored all records, counts what Redis counts."""
        numbers = self.run_step(read_numbers(self.redis, KEYS, DESTINATIONS))
        for name in DESTINATIONS:
            theirs = numbers.destinations[name].counts
            ours = self.books.counts(name)
            assert {each: theirs.get(each, 0) for each in COUNTED} == {
                each: ours.get(each, 0) for each in COUNTED
            }
            rows = Counter(row[3] for row in self.books.rows("endings") if row[1] == name)
            assert rows == Counter({e: n for e, n in ours.items() if e != "accepted"})
            self.later_passages_are_counted(name)

    def later_passages_are_counted(self, name: str) -> None:
        """The rows of later passages agree with the counts of later passages."""
        read = self.run_step(self.redis.hgetall(KEYS.destination(name).counts))
        counts = {field.decode(): int(count) for field, count in read.items()}
        rows = [row for row in self.books.rows("endings") if row[1] == name and row[2] > 1]
        ended = Counter(row[3] for row in rows)
        for which in COUNTED[1:]:
            assert counts.get(AGAIN + which, 0) == ended[which]

    def teardown(self) -> None:
        if hasattr(self, "books"):
            try:
                self.store()
            finally:
                self.books.writer.close()
                self.run_step(self.redis.aclose())
                self.loop.close()
                self.folder.cleanup()


@pytest.mark.parametrize(("store", "examples"), [("sqlite", 8), ("postgresql", 4)])
def test_the_ledger_counts_what_redis_counts(
    valkey: Valkey, request: pytest.FixtureRequest, store: str, examples: int
) -> None:
    Machine.valkey = valkey
    Machine.database = request.getfixturevalue("database") if store == "postgresql" else None
    Machine.TestCase.settings = settings(max_examples=examples, stateful_step_count=20)
    Machine.TestCase().runTest()
