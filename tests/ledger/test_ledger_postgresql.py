"""Behaviour of a ledger in PostgreSQL that SQLite files do not share."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from random import Random

import psycopg
import pytest
from redis.asyncio import Redis

from gateway.ledger.answers import Wanted
from gateway.ledger.day_rows import DayRows
from gateway.ledger.errors import LedgerError, LedgerTaken
from gateway.ledger.postgresql.connecting import in_words
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.queue.feed import Decided
from tests.support.events import decide, make_event
from tests.support.keys import KEYS
from tests.support.ledger import Books
from tests.support.postgresql_server import PostgreSQL

pytestmark = pytest.mark.anyio

DAY = 86_400


@pytest.fixture
def database(postgresql: PostgreSQL) -> LedgerDatabase:
    """A database for one test, with the schema names that the documents show."""
    return LedgerDatabase(postgresql.new_database(), "ledger", "salt")


@pytest.fixture
async def books(redis: Redis, database: LedgerDatabase) -> AsyncIterator[Books]:
    opened = Books(redis, database)
    yield opened
    opened.writer.close()


def ask(database: LedgerDatabase, statement: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(database.url, autocommit=True) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


async def test_a_table_of_all_days_is_partitioned_by_day(
    books: Books, database: LedgerDatabase
) -> None:
    old = decide(make_event(0), send=["ads"])
    old.received_at = time.time() - 9 * DAY
    await books.append(old, decide(make_event(1), send=["ads"]))
    await books.store()
    days = [day.isoformat() for (day,) in ask(database, "SELECT day FROM ledger.events ORDER BY 1")]
    assert days == books.days()
    assert len(days) == 2
    (plan,) = ask(
        database, "EXPLAIN (FORMAT JSON) SELECT * FROM ledger.events WHERE day = %s", days[0]
    )
    assert f"ledger {days[0]}" in str(plan) or "Seq Scan" in str(plan)
    assert "Append" not in str(plan)
    books.writer.clean(time.time())
    assert ask(database, "SELECT day::text FROM ledger.events") == [(days[1],)]
    schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = %s"
    assert ask(database, schemas, f"ledger {days[0]}") == [(0,)]


async def test_another_takes_over_when_the_connection_of_the_writer_ends(
    books: Books, database: LedgerDatabase
) -> None:
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    other = books.new_writer()
    with pytest.raises(LedgerTaken):
        await other.step()
    await books.append(decide(make_event(1), send=["ads"]))
    records = await books.records()
    name = await books.feed.name("")
    ask(
        database,
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE locktype = 'advisory' "
        "AND granted",
    )
    assert await other.step() == 1
    with pytest.raises(LedgerError, match="PostgreSQL"):
        books.writer.store(records, name)
    books.writer.close()
    other.close()
    books.writer.store(records, name)  # repeated
    assert books.counts("ads") == {"accepted": 2}


async def test_while_the_server_is_away_records_wait(books: Books, postgresql: PostgreSQL) -> None:
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    await books.append(decide(make_event(1), send=["ads"]))
    postgresql.stop()
    try:
        for _ in range(2):
            with pytest.raises(LedgerError, match="PostgreSQL"):
                await books.writer.step()
            books.writer.close()
        with pytest.raises(LedgerError, match="PostgreSQL"):
            books.days()
        assert len(await books.read("ads")) == 2
        assert len(await books.records()) == 1
    finally:
        postgresql.start()
    await books.store()
    assert books.counts("ads") == {"accepted": 2}


async def test_a_record_with_a_value_that_is_refused_is_left_out_and_counted(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    """A text that is too long for an index, as earlier versions fed it."""
    await books.append(*(decide(make_event(n), send=["ads"]) for n in range(40)))
    ((entry_id, fields),) = await books.redis.xrange(KEYS.feed, count=1)
    reason = Random(1).randbytes(4000).hex()
    odd = Decided.read(fields[b"d"])._replace(verdicts={"ads": ["withheld", "rules", reason]})
    await books.redis.xdel(KEYS.feed, entry_id)
    await books.redis.xadd(KEYS.feed, {"d": odd.encode()})
    await books.append(*(decide(make_event(n), send=["ads"]) for n in range(40, 60)))
    await books.store()
    assert books.counts("ads") == {"accepted": 59}
    assert len(books.rows("events")) == 59
    assert await books.records() == []
    assert await books.redis.hget(KEYS.counts, "feed_dropped") == b"1"
    (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "index row size" in error.message
    assert reason[:20] not in error.message


async def test_a_nul_is_stored_as_a_mark_and_keeps_nothing_from_being_read(books: Books) -> None:
    for name in ("a\0", "a\ufffd"):
        event = {**make_event(0), "event_name": name, "page_title": "\0 \\u0000", "value": 5}
        await books.append(decide(event, send=["ads"]))
    (first, second) = await books.read("ads")
    await books.settle("ads", [first, second], "rejected", "no\0 way")
    await books.store()
    assert [row[2] for row in books.rows("events")] == ["a\ufffd"] * 2
    listed = list(books.reader.endings(Wanted(where=[("value", "5")])))
    assert [each.ending.reason for each in listed] == ["no\ufffd way"] * 2
    assert listed[0].payload is not None
    assert listed[0].payload["page_title"] == "\0 \\u0000"
    counts = books.reader.counts(0, time.time() + 60, "name")
    assert counts["a\ufffd", "ads", "rejected"] == 2


async def test_gateways_with_different_namespaces_share_a_database(
    books: Books, database: LedgerDatabase, redis: Redis
) -> None:
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    other = Books(redis, LedgerDatabase(database.url, "ledger_shop", "salt"))
    await other.append(decide(make_event(1), send=["ads"]))
    await other.store()
    other.writer.close()
    assert len(books.rows("events")) == len(other.rows("events")) == 1
    assert ask(database, "SELECT count(*) FROM ledger_shop.events") == [(1,)]


@pytest.mark.parametrize(
    ("version", "words"),
    [(99, "a newer version of the gateway"), (1, "an earlier version of the gateway")],
)
async def test_a_ledger_of_another_version_is_an_error_in_words(
    books: Books, database: LedgerDatabase, version: int, words: str
) -> None:
    await books.store()
    books.writer.close()
    ask(database, f'UPDATE "ledger kept".schema_version SET version = {version}')
    for use in (books.reader.endings(Wanted()), books.reader.stories(["00"], 1)):
        with pytest.raises(LedgerError, match=words):
            list(use)
    await books.append(decide(make_event(1), send=["ads"]))
    with pytest.raises(LedgerError, match=words):
        await books.writer.step()
    assert len(await books.records()) == 1


def test_a_query_of_all_days_delays_a_removal_and_nothing_else(
    database: LedgerDatabase,
) -> None:
    store = database.to_write()
    store.open()
    for day in ("2026-11-01", "2026-11-02"):
        store.write(day, DayRows(), "feed", "1-1")
    with psycopg.connect(database.url) as reporting:
        reporting.execute("SELECT count(*) FROM ledger.events")  # holds its locks
        store.write("2026-11-03", DayRows(), "feed", "1-2")
        with pytest.raises(LedgerError, match="lock timeout"):
            store.remove("2026-11-01", keeps_failures=True)
    store.close()
    store.open()
    store.remove("2026-11-01", keeps_failures=True)
    assert store.days() == ["2026-11-02", "2026-11-03"]
    assert store.is_over("2026-11-01")
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:s3cret@[::1",
        "postgresql://u:s3cret@/x?nonsense=1",
        "postgresql://u:s3%zz@h/",
    ],
)
def test_a_url_that_cannot_be_read_is_not_repeated(url: str) -> None:
    place = LedgerDatabase(url, "ledger", "salt")
    for use in (place.to_write().open, place.to_read().days):
        with pytest.raises(LedgerError, match=r"ledger\.url") as raised:
            use()
        assert "s3" not in str(raised.value)
    assert "s3" not in repr(place)


def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    place = LedgerDatabase("postgresql://u:s3cret@127.0.0.1:1/x", "ledger", "salt")
    for use in (place.to_write().open, place.to_read().days):
        with pytest.raises(LedgerError, match=r"127\.0\.0\.1.*refused") as raised:
            use()
        assert "s3cret" not in str(raised.value)


def test_an_error_repeats_no_value(database: LedgerDatabase) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE one (a text PRIMARY KEY)")
        for statement in (
            "INSERT INTO one VALUES ('ada@shop.example'), ('ada@shop.example')",
            "SELECT 'ada@shop.example'::int",
        ):
            with pytest.raises(psycopg.Error) as raised:
                connection.execute(statement)
            assert "ada@shop.example" in str(raised.value)
            assert "ada" not in in_words(raised.value)


def test_the_key_is_that_of_the_salt() -> None:
    keys = {LedgerDatabase(url, "ledger", salt).key() for url in "ab" for salt in ("x", "y")}
    assert len(keys) == 2
    assert {len(key) for key in keys} == {32}


@pytest.mark.parametrize("was_narrow", [False, True])
async def test_totals_exceed_31_bits(
    books: Books, database: LedgerDatabase, was_narrow: bool
) -> None:
    """All events of a destination are counted forever: at a thousand a second, 25 days suffice."""
    old = decide(make_event(0), send=["ads"])
    old.received_at = time.time() - 9 * DAY
    await books.append(old)
    await books.store()
    for table, of_feed in (("totals", ""), ("baselines", "'old', ")):
        if was_narrow:  # as an earlier version made them
            ask(database, f'ALTER TABLE "ledger kept".{table} ALTER COLUMN number TYPE integer')
        values = f"({of_feed}'ads', 'accepted', {2**31 - 1})"
        ask(database, f'INSERT INTO "ledger kept".{table} VALUES {values}')
    books.writer.close()
    books.writer.clean(time.time())
    assert books.days() == []
    assert books.reader.totals("").counts["ads", "accepted"] == 2**31
    books.writer._store.keep_baseline("new", Counter({("ads", "accepted"): 2**31}))
    assert books.reader.baseline("new") == {("ads", "accepted"): 2**31}
