"""The ledger on a cluster: each destination has a feed, in the slot of its counts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.configuration.load import load_settings
from gateway.ledger.answers import Wanted
from gateway.ledger.balance import balances_of
from gateway.ledger.day_rows import NONE, RECEIVED
from gateway.ledger.feeding import feed_bytes
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.monitoring.metrics import render
from gateway.monitoring.numbers import read_numbers
from gateway.queue.admission import Full
from gateway.queue.append_batch import AppendBatch
from gateway.queue.bounds import Closed
from gateway.queue.commits import Commit
from gateway.queue.counting import BY_ERASURE
from gateway.queue.entry import Entry
from gateway.queue.erasure import pending_entries, withhold
from gateway.queue.feed import Feed, Feeding
from gateway.queue.feeds import Feeds
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.quarantine import Releaser, quarantine_of
from gateway.queue.settle import Reporting
from gateway.queue.snapshot import read_snapshot
from gateway.queue.tombstones import read_tombstones, write_tombstones
from gateway.redis_client.connect import connect_for_intake, connect_for_work
from gateway.stages.anonymise import ANONYMISED
from tests.support.drains import nobody
from tests.support.events import decide, make_event
from tests.support.interrupted_appender import InterruptedAppender
from tests.support.keys import KEYS
from tests.support.ledger import MOST, Books
from tests.support.valkey_cluster import Cluster

NAMES = ("ads", "books", "crm")


class ClusterBooks(Books):
    """`Books` on a cluster. The `appender` loses the calls that a test chooses."""

    appender: InterruptedAppender

    def __init__(self, redis: Redis, place: LedgerDatabase, **options: Any) -> None:
        super().__init__(redis, place, destinations=NAMES, **options)
        feeding = Feeding(self.most, self.digests.of_decided)
        self.appender = InterruptedAppender(redis, KEYS, PendingCounts(), nobody, feeding=feeding)

    async def problems(self) -> list[str]:
        """The problems that an audit finds."""
        found = []
        for feed in await self.feeds.all():
            snapshot = await read_snapshot(feed)
            totals = self.reader.totals(snapshot.feed)
            balances = balances_of(snapshot, totals, self.reader.baseline(snapshot.feed))
            found += [problem for each in balances for problem in each.problems]
        return found

    async def lengths(self) -> dict[str, int]:
        """The number of records in each feed."""
        feeds = await self.feeds.all()
        return {feed.destination: len(await feed.read("0-0", None)) for feed in feeds}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster"), "--appendonly", "yes") as cluster:
        yield cluster


@pytest.fixture
async def redis(cluster: Cluster) -> AsyncIterator[Redis]:  # type: ignore[override]
    cluster.empty()
    async with connect_for_work(cluster.url) as client:
        yield client


@pytest.fixture
async def books(redis: Redis, database: LedgerDatabase) -> AsyncIterator[ClusterBooks]:
    opened = ClusterBooks(redis, database)
    await opened.store()  # the ledger begins before anything is counted
    yield opened
    opened.writer.close()


@pytest.mark.anyio
async def test_an_event_has_a_record_in_the_feed_of_each_destination(books: ClusterBooks) -> None:
    await books.append(decide(make_event(0, value=9), ["ads", "books"], ["crm"]))
    assert await books.lengths() == {"": 0, "ads": 1, "books": 1, "crm": 1}
    assert await books.problems() == []
    await books.settle("ads", await books.read("ads"), "delivered")
    assert (await books.lengths())["ads"] == 2
    await books.store()
    assert await books.lengths() == dict.fromkeys(("", *NAMES), 0)
    assert books.ended() == [("ads", "delivered"), ("crm", "withheld")]
    ((_, _, name, *_, going_to, _, payload),) = books.rows("events")
    assert (name, orjson.loads(going_to)) == ("purchase", {"ads": "send", "books": "send"})
    assert orjson.loads(payload)["value"] == 9
    assert books.counts("crm") == {"accepted": 1, "withheld": 1}
    received = [row[3] for row in books.rows("minutes") if row[1:3] == (NONE, RECEIVED)]
    assert received == [1]
    assert await books.problems() == []


@pytest.mark.anyio
async def test_an_event_for_no_destination_has_its_record_in_the_gateway_s_own_feed(
    books: ClusterBooks,
) -> None:
    await books.append(decide(make_event(0)), decide(make_event(1), [], NAMES))
    assert await books.lengths() == {"": 1, "ads": 1, "books": 1, "crm": 1}
    await books.store()
    assert len(books.rows("events")) == 2


@pytest.mark.anyio
@pytest.mark.parametrize("first", ["ads", "books"])
async def test_an_anonymised_form_adds_nothing_to_the_whole_one(
    books: ClusterBooks, first: str
) -> None:
    whole = make_event(0, client_id="anna")
    anonymous = {"event_name": "purchase", "event_id": "another", ANONYMISED: True}
    decision = decide(whole, ["ads", "books"])
    decision.verdicts["books"] = replace(decision.verdicts["books"], event=anonymous)
    await books.append(decision)
    for name in (first, *NAMES):
        feed = Feed(books.redis, KEYS, name)
        if records := await feed.read("0-0", None):
            books.writer.store(records, await feed.name(""))
            await feed.take_off(records)
    assert orjson.loads(books.rows("events")[0][-1]) == whole


# batches that fail in part


@pytest.mark.anyio
async def test_a_batch_that_comes_again_after_it_failed_in_part_is_recorded_once(
    books: ClusterBooks,
) -> None:
    """The second write keeps the receipts of the events, as when the spool is fed."""
    batch = AppendBatch(
        [decide(make_event(n), ["ads", "books"], ["crm"]) for n in range(3)],
        marked=True,
        feeding=Feeding(MOST, books.digests.of_decided),
    )
    stored = AppendBatch.of(orjson.loads(orjson.dumps(batch.head)), batch.payloads)
    tried, again = ("process", 1), ("file", 1)
    books.appender.unsent, books.appender.unanswered = ["books"], ["ads", "crm"]
    with pytest.raises(RedisError):
        await books.appender.write([batch], [tried])
    books.appender.unsent = books.appender.unanswered = ()
    await books.appender.write([stored], [again, tried])
    await books.store()
    assert [books.counts(name) for name in ("ads", "books")] == [{"accepted": 3}] * 2
    assert books.counts("crm") == {"accepted": 3, "withheld": 3}
    for name in ("ads", "books"):
        await books.settle(name, await books.read(name), "delivered")
    await books.store()
    assert Counter(books.ended()) == Counter(
        {("ads", "delivered"): 3, ("books", "delivered"): 3, ("crm", "withheld"): 3}
    )
    assert len(books.rows("events")) == 3
    assert await books.problems() == []


@pytest.mark.anyio
async def test_what_a_sender_repeats_is_an_event_of_its_own_and_repeated_where_it_was_taken(
    books: ClusterBooks,
) -> None:
    books.appender.unsent = ["books"]
    with pytest.raises(RedisError):
        await books.append(decide(make_event(0), ["ads", "books"]))
    books.appender.unsent = ()
    later = decide(make_event(0), ["ads", "books"])
    await books.append(replace(later, received_at=later.received_at + 1))
    for name in ("ads", "books"):
        await books.settle(name, await books.read(name), "delivered")
    await books.store()
    assert books.ended() == [("ads", "delivered"), ("ads", "repeated"), ("books", "delivered")]
    assert await books.problems() == []
    first, second = books.reader.recorded("books", Wanted())
    assert (first.ending, first.unconfirmed) == ("missing", True)  # a replay leaves it
    assert (second.ending, second.unconfirmed) == ("delivered", False)


@pytest.mark.anyio
async def test_a_destination_that_refused_an_event_waits_for_its_repetition(
    books: ClusterBooks,
) -> None:
    request = [
        replace(decide(make_event(0), ["ads", "books"]), has_own_id=True),
        decide(make_event(1), ["books"]),
    ]
    books.appender.closed = Closed({"ads": "ads is full"})
    with pytest.raises(Full):
        await books.append(*request)
    await books.store()
    assert len(books.rows("events")) == 1
    (recorded,) = books.reader.recorded("ads", Wanted())
    assert (recorded.ending, recorded.unconfirmed) == ("missing", True)
    assert await books.problems() == []


@pytest.mark.anyio
async def test_a_destination_that_was_added_later_can_have_what_it_missed(
    books: ClusterBooks,
) -> None:
    await books.append(decide(make_event(0), NAMES))
    await books.store()
    (recorded,) = books.reader.recorded("new", Wanted())
    assert (recorded.ending, recorded.unconfirmed) == ("missing", False)


@pytest.mark.anyio
async def test_a_release_from_quarantine_that_is_repeated_is_recorded_once(
    books: ClusterBooks,
) -> None:
    await books.append(replace(decide(make_event(0), [], NAMES), quarantine="does not fit"))
    (found,) = [each async for each in quarantine_of(KEYS).find(books.redis)]
    decided = {found.id: replace(decide(found.event, NAMES), receipt=found.receipt, passage=2)}
    releaser = Releaser(books.appender)
    books.appender.unsent = ["crm"]
    with pytest.raises(RedisError):
        await releaser.release(decided)
    books.appender.unsent = ()
    assert await releaser.release(decided) == 1
    for name in NAMES:
        await books.settle(name, await books.read(name), "delivered")
    await books.store()
    expected = [(name, ending) for name in NAMES for ending in ("delivered", "withheld")]
    assert books.ended() == expected
    for name in NAMES:
        assert books.counts(name) == {"accepted": 2, "withheld": 1, "delivered": 1}
        counts = KEYS.destination(name).counts
        later = await books.redis.hmget(counts, ["again:accepted", "again:delivered"])
        assert later == [b"1", b"1"]
    assert await books.problems() == []


# the writer


@pytest.mark.anyio
async def test_while_a_node_is_away_the_feeds_on_the_others_are_stored(
    cluster: Cluster, books: ClusterBooks
) -> None:
    away = cluster.node_of("ads")
    assert away not in (cluster.node_of("books"), cluster.node_of(KEYS.counts))
    await books.append(decide(make_event(0), NAMES))
    async with connect_for_intake(cluster.url) as impatient:
        books.feeds = Feeds(impatient, KEYS, NAMES)
        books.writer.close()
        books.writer = books.new_writer()
        away.kill()
        try:
            assert await books.writer.step() == len(
                [name for name in NAMES if cluster.node_of(name) is not away]
            )
            assert books.counts("books") == {"accepted": 1}
            assert books.counts("ads") == {}
        finally:
            away.start()
            await asyncio.to_thread(cluster.wait_until_joined)
        for _ in range(600):
            if await books.writer.step():
                break
            await asyncio.sleep(0.1)
    assert books.counts("ads") == {"accepted": 1}
    assert len(books.rows("events")) == 1


@pytest.mark.anyio
async def test_what_a_removed_destination_still_tells_is_stored(books: ClusterBooks) -> None:
    await Feeds(books.redis, KEYS, [*NAMES, "gone"]).announce()
    await books.append(decide(make_event(0), ["ads", "gone"]))
    await books.store()
    assert books.counts("gone") == {"accepted": 1}
    assert await books.problems() == []


@pytest.mark.anyio
async def test_an_erasure_at_a_destination_that_the_ledger_does_not_know_is_stored(
    books: ClusterBooks,
) -> None:
    await books.append(decide(make_event(0), ["ads", "gone"]))
    gone = KEYS.destination("gone")
    entries = [entry async for entry in pending_entries(books.redis, gone)]
    reporting = Reporting(KEYS, MOST, "gone", "version-1")
    await withhold(books.redis, gone, entries, BY_ERASURE, "erased", reporting)
    await books.store()
    assert books.ended() == [("gone", "withheld")]
    assert await books.problems() == []


@pytest.mark.anyio
async def test_an_event_that_succeeded_is_forgotten_once_all_its_records_are_stored(
    redis: Redis, database: LedgerDatabase
) -> None:
    books = ClusterBooks(redis, database, successes="counts")
    await books.append(decide(make_event(0), ["ads", "books"], ["crm"]))
    for name, result in (("ads", "delivered"), ("books", "rejected")):
        await books.settle(name, await books.read(name), result)
    await books.append(decide(make_event(1), ["ads"], ["books", "crm"]))
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    books.writer.close()
    assert books.ended() == [("ads", "delivered"), ("books", "rejected"), ("crm", "withheld")]
    assert books.counts("ads") == {"accepted": 2, "delivered": 2}


@pytest.mark.anyio
async def test_no_content_of_an_erased_person_is_stored(books: ClusterBooks) -> None:
    event = make_event(0, client_id="anna")
    decision = decide(event, NAMES)
    await books.append(decision)
    digests = books.digests.of_event(event)
    await write_tombstones(books.redis, KEYS, digests, decision.received_at + 1)
    assert await read_tombstones(books.redis, KEYS)
    await books.store()
    assert books.rows("lookups") == []
    assert [row[-1] for row in books.rows("events")] == [None]


@pytest.mark.anyio
async def test_beyond_its_bound_a_feed_loses_detail_and_the_others_do_not(
    redis: Redis, database: LedgerDatabase
) -> None:
    books = ClusterBooks(redis, database, most=6000)
    for number in range(40):
        await books.append(decide(make_event(number), ["ads"]))
    await books.append(decide(make_event(40), ["books"]))
    numbers = await read_numbers(redis, KEYS, NAMES)
    ads, other = (numbers.destinations[name].counts for name in ("ads", "books"))
    assert 6000 < ads["feed_bytes"] < 9900
    assert ads["feed_dropped"] > 0
    assert "feed_cut" not in other
    shown = render(numbers, [], {}).decode()
    total = ads["feed_bytes"] + other["feed_bytes"]
    assert f"gateway_ledger_feed_bytes {float(total)}" in shown
    assert f"gateway_ledger_records_cut_total {float(ads['feed_cut'])}" in shown
    await books.store()
    books.writer.close()
    assert await books.redis.hget(KEYS.destination("ads").counts, "feed_bytes") is None


def test_the_feeds_share_the_bound_of_one(tmp_path: Any) -> None:
    def bound(redis: str) -> int:
        file = tmp_path / "gateway.yaml"
        destinations = "".join(
            f"  d{n}: {{type: webhook, url: 'https://x.example/'}}\n" for n in "12345"
        )
        file.write_text(f"sources: {{}}\nredis: {redis}\ndestinations:\n{destinations}")
        return feed_bytes(load_settings(file))

    of_one = bound("{url: 'redis://127.0.0.1:1'}")
    of_many = bound("{url: 'cluster://127.0.0.1:1', jobs_url: 'redis://127.0.0.1:2'}")
    assert of_one - 6 < 6 * of_many <= of_one


# random operations in random order


class Machine(RuleBasedStateMachine):
    """Appends with lost calls, batches that are repeated, endings, replays, and a writer that may
    die after it has stored records and before it takes them off the feed."""

    cluster: Cluster
    database: LedgerDatabase
    begun = 0

    @initialize()
    def begin(self) -> None:
        self.cluster.empty()
        type(self).begun += 1
        place = replace(self.database, schema=f"{self.database.schema}_{self.begun}")
        self.loop = asyncio.new_event_loop()
        self.redis = connect_for_work(self.cluster.url)
        self.books = ClusterBooks(self.redis, place)
        self.run_step(self.books.store())
        self.spooled: list[tuple[AppendBatch, Commit]] = []
        self.batches = 0
        self.entries: dict[str, list[Entry]] = {name: [] for name in NAMES}
        self.ended: dict[str, list[Entry]] = {name: [] for name in NAMES}

    def run_step(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @rule(
        numbers=st.lists(st.integers(0, 5), min_size=1, max_size=3),
        send=st.sets(st.sampled_from(NAMES)),
        unsent=st.sets(st.sampled_from(NAMES)),
        unanswered=st.sets(st.sampled_from(NAMES)),
    )
    def append(
        self, numbers: list[int], send: set[str], unsent: set[str], unanswered: set[str]
    ) -> None:
        rest = [name for name in NAMES if name not in send]
        made = [decide(make_event(n), sorted(send), rest) for n in numbers]
        self.batches += 1
        commit = f"batch-{self.batches}", 1
        self.write(self.books.appender.batch_of(made), commit, unsent, unanswered)

    @rule(unsent=st.sets(st.sampled_from(NAMES)), unanswered=st.sets(st.sampled_from(NAMES)))
    def feed_the_spool(self, unsent: set[str], unanswered: set[str]) -> None:
        if self.spooled:
            self.write(*self.spooled.pop(0), unsent, unanswered)

    def write(
        self, batch: AppendBatch, commit: Commit, unsent: set[str], unanswered: set[str]
    ) -> None:
        """A batch that fails in part is spooled, to be written again later with its receipts."""
        appender = self.books.appender
        appender.unsent, appender.unanswered = unsent, unanswered
        try:
            self.run_step(appender.write([batch], [commit]))
        except RedisError:
            self.spooled.append((batch, commit))

    @rule(
        name=st.sampled_from(NAMES),
        result=st.sampled_from(["delivered", "rejected", "expired", "withheld", "retry"]),
        forgets=st.booleans(),
    )
    def settle(self, name: str, result: str, forgets: bool) -> None:
        """forgets: whether the drain dies before it learns that it has settled, so that the entries
        are settled again."""
        self.entries[name] += self.run_step(self.books.read(name))
        chosen = self.entries[name][:2]
        self.run_step(self.books.settle(name, chosen, result))
        if result != "retry":
            self.ended[name] += chosen
        if not (forgets or result == "retry"):
            del self.entries[name][:2]

    @rule(name=st.sampled_from(NAMES), place=st.integers(0, 5))
    def replay(self, name: str, place: int) -> None:
        self.run_step(self.books.replay(name, self.ended[name][place : place + 2]))

    @rule(name=st.sampled_from(("", *NAMES)))
    def store_and_die(self, name: str) -> None:
        self.run_step(self.books.store_and_die(name))

    @rule()
    def store(self) -> None:
        self.run_step(self.books.store())

    @invariant()
    def the_books_balance(self) -> None:
        if hasattr(self, "books"):
            assert self.run_step(self.books.problems()) == []

    def teardown(self) -> None:
        if not hasattr(self, "books"):
            return
        try:
            while self.spooled:
                self.write(*self.spooled.pop(0), set(), set())
            self.run_step(self.books.store())
            assert self.run_step(self.books.problems()) == []
            self.every_ending_has_a_row()
        finally:
            self.books.writer.close()
            self.run_step(self.redis.aclose())
            self.loop.close()

    def every_ending_has_a_row(self) -> None:
        """Each ending that Redis counts has exactly one row."""
        numbers = self.run_step(read_numbers(self.redis, KEYS, NAMES)).destinations
        endings = self.books.rows("endings")
        for name in NAMES:
            rows = Counter(row[3] for row in endings if row[1] == name)
            counted = Counter(numbers[name].counts)
            for ending in ("delivered", "rejected", "expired", "withheld", "repeated"):
                assert rows[ending] == counted[ending], (name, ending)


def test_the_ledger_counts_what_redis_counts_whatever_is_lost(
    cluster: Cluster, database: LedgerDatabase
) -> None:
    Machine.cluster, Machine.database = cluster, database
    Machine.TestCase.settings = settings(max_examples=8, stateful_step_count=20)
    Machine.TestCase().runTest()
