"""The writer: each ending at a destination gets one row, whatever process is killed."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import sqlite3
import threading
import time
from dataclasses import replace
from random import Random
from typing import Any

import orjson
import pytest

from gateway.ledger import recorded as recorded_module
from gateway.ledger.answers import Wanted
from gateway.ledger.bounded_values import MAX_VALUES, OTHER
from gateway.ledger.errors import LedgerTaken
from gateway.ledger.tables import day as day_tables
from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.admission import Full
from gateway.queue.append import Retention
from gateway.queue.bounds import OPEN, Closed
from gateway.queue.feed import MAX_REASON, Decided
from gateway.queue.receipts import new_receipt
from gateway.spool.row import Row
from gateway.stages.anonymise import ANONYMISED
from gateway.system.tasks import cancel_and_wait
from tests.ledger.conftest import Open
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio

DAY = 86_400


@pytest.mark.parametrize("result", ["delivered", "dry run", "rejected", "expired", "withheld"])
async def test_an_ending_is_stored_with_its_answer(books: Books, result: str) -> None:
    await books.append(decide(make_event(0), send=["ads"]))
    await books.settle("ads", await books.read("ads"), result, "the vendor's words")
    await books.store()
    (story,) = books.reader.stories(books.digests.of_text("event-0"), 10)
    (ending,) = story.endings
    assert (ending.destination, ending.ending, ending.reason) == (
        "ads",
        result,
        "the vendor's words",
    )
    assert (ending.tries, ending.passage) == (1, 1)
    assert ending.status == {"delivered": 204, "rejected": 400}.get(result)
    assert books.counts("ads") == {"accepted": 1, result: 1}


async def test_what_has_not_ended_is_pending_with_its_attempts(books: Books) -> None:
    await books.append(decide(make_event(0), send=["ads"], withhold=["books"]))
    entries = await books.read("ads")
    await books.settle("ads", entries, "retry", "HTTP 503: down")
    await books.store()
    (story,) = books.reader.stories(books.digests.of_text("event-0"), 10)
    ads, withheld = story.endings
    assert (ads.ending, [each.reason for each in ads.attempts]) == ("pending", ["HTTP 503: down"])
    assert (withheld.ending, withheld.stage, withheld.reason) == (
        "withheld",
        "when",
        "does not concern it",
    )
    await books.settle("ads", entries, "delivered")
    await books.store()
    (story,) = books.reader.stories(books.digests.of_text("event-0"), 10)
    assert [(each.ending, len(each.attempts)) for each in story.endings] == [
        ("delivered", 1),
        ("withheld", 0),
    ]


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("submitted: as job 1", "submitted"),
        ("submitted data cannot be read", "pending"),
        ("Submitted: no", "pending"),
    ],
)
async def test_only_what_waits_for_the_vendor_s_verdict_is_submitted(
    books: Books, words: str, state: str
) -> None:
    await books.append(decide(make_event(0), send=["ads"]))
    await books.settle("ads", await books.read("ads"), "retry", words)
    await books.store()
    (story,) = books.reader.stories(books.digests.of_text("event-0"), 10)
    assert [each.ending for each in story.endings] == [state]


async def test_a_repeated_event_is_stored_as_such(open_books: Open) -> None:
    books = open_books(retention=Retention(dedupe=600))
    for _ in range(2):
        await books.append(decide(make_event(0), send=["ads", "books"], trusted=True))
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    assert books.ended() == [("ads", "delivered"), ("ads", "repeated"), ("books", "repeated")]
    assert books.counts("ads") == {"accepted": 1, "delivered": 1, "repeated": 1}
    first, again = sorted(books.rows("events"))
    assert first[-1] is not None
    assert again[-1] is None  # the content is kept once, with the first


async def test_a_record_that_comes_twice_is_stored_once(books: Books) -> None:
    """A kill after the commit leaves the records in the feed."""
    await books.append(*(decide(make_event(n), send=["ads"]) for n in range(3)))
    await books.settle("ads", await books.read("ads"), "delivered")
    records = await books.records()
    await books.writer.step()
    stored = books.rows("hours"), books.rows("endings"), books.rows("events")
    name = await books.feed.name("")
    books.writer.close()
    for _ in range(2):
        again = books.new_writer()
        again.store(records, name)
        again.close()
    assert (books.rows("hours"), books.rows("endings"), books.rows("events")) == stored
    assert await books.records() == []


async def test_records_that_two_take_off_are_taken_off_once(books: Books) -> None:
    """As when another process takes over."""
    await books.append(decide(make_event(0), send=["ads"]), decide(make_event(1), send=["ads"]))
    first, second = await books.records()
    for _ in range(2):
        await books.feed.take_off([first])
    assert await books.records() == [second]
    assert int(await books.redis.hget(KEYS.counts, "feed_bytes") or 0) == second.size


async def test_of_a_request_that_is_refused_in_part_only_what_was_taken_is_stored(
    books: Books,
) -> None:
    whole = replace(decide(make_event(0), ["ads", "books"], ["crm"]), has_own_id=True)
    request = [whole, decide(make_event(1), ["books"])]
    books.appender.closed = Closed({"ads": "ads is full"})
    with pytest.raises(Full):
        await books.append(*request)
    await books.store()
    assert len(books.rows("events")) == 1
    assert books.counts("books") == {"accepted": 1}
    for name in ("ads", "crm"):
        (recorded,) = books.reader.recorded(name, Wanted())
        assert (recorded.ending, recorded.unconfirmed) == ("missing", True)  # a replay leaves it
    books.appender.closed = OPEN
    await books.append(*(replace(each, received_at=each.received_at + 1) for each in request))
    await books.store()
    assert len(books.rows("events")) == 3
    assert books.counts("books") == {"accepted": 2, "repeated": 1}
    assert books.counts("ads") == {"accepted": 1}
    (recorded,) = [each for each in books.reader.recorded("ads", Wanted()) if each.passage]
    assert (recorded.ending, recorded.unconfirmed) == ("pending", False)


async def test_what_another_drain_settled_is_not_stored_twice(books: Books) -> None:
    await books.append(decide(make_event(0), send=["ads"]))
    entries = await books.read("ads")
    await books.settle("ads", entries, "delivered")
    await books.settle("ads", entries, "rejected")
    await books.store()
    assert books.ended() == [("ads", "delivered")]


async def test_one_that_is_withheld_everywhere_leaves_no_identifier(books: Books) -> None:
    event = make_event(
        0,
        client_id="client-77",
        user_id="user-77",
        transaction_id="order-77",
        page_location="https://shop.example/secret-page",
        user_data={"email_address": "ada@shop.example"},
    )
    await books.append(decide(event, withhold=["ads", "books"]))
    await books.store()
    tables = [table.name for table in day_tables.sorted_tables]
    kept = repr([books.rows(table) for table in tables])
    assert "purchase" in kept
    for secret in ("client-77", "user-77", "order-77", "event-0", "secret-page", "ada@"):
        assert secret not in kept
    found = {
        text: [story.name for story in books.reader.stories(books.digests.of_text(text), 10)]
        for text in ("event-0", "order-77", "client-77", "user-77", "ada@shop.example")
    }
    assert found == {
        "event-0": ["purchase"],
        "order-77": ["purchase"],
        "client-77": [],
        "user-77": [],
        "ada@shop.example": [],
    }


async def test_an_id_that_no_destination_may_have_leaves_no_digest(books: Books) -> None:
    event = make_event(0, client_id="client-77", user_id="user-77")
    form = {name: value for name, value in event.items() if name != "client_id"}
    verdicts = {"ads": Verdict(form), "books": Verdict(None, "consent", "no consent")}
    await books.append(Decision(event, verdicts, (), "site", time.time(), "v"))
    await books.store()
    found = {
        text: len(list(books.reader.stories(books.digests.of_text(text), 10)))
        for text in ("event-0", "user-77", "client-77")
    }
    assert found == {"event-0": 1, "user-77": 1, "client-77": 0}


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ({"email_address": "Ada@Shop.example "}, "ada@shop.example"),
        ({"email_address": ["x@y.example", "ada@shop.example"]}, "ADA@shop.example"),
        (
            {
                "sha256_email_address": (
                    "A94F5A5E4A4D1DAA6F0B0B0D6A3B2B6C9E2E1E8E4C9D0A1B2C3D4E5F60718293"
                )
            },
            "a94f5a5e4a4d1daa6f0b0b0d6a3b2b6c9e2e1e8e4c9d0a1b2c3d4e5f60718293",
        ),
    ],
    ids=["as it was typed", "one of several", "by its hash"],
)
async def test_an_event_is_found_by_an_email_address(
    books: Books, stored: dict[str, Any], asked: str
) -> None:
    await books.append(decide(make_event(0, user_data=stored), send=["ads"]))
    await books.store()
    assert len(list(books.reader.stories(books.digests.of_text(asked), 10))) == 1


async def test_different_forms_of_an_event_make_one_payload(books: Books) -> None:
    event = make_event(0)
    verdicts = {
        "ads": Verdict({**event, "user_data": {"city": "Berlin"}}),
        "books": Verdict({**event, "user_data": {"country": "DE"}, "value": 5}),
    }
    await books.append(Decision(event, verdicts, (), "site", time.time(), "v"))
    await books.store()
    ((*_, payload),) = books.rows("events")
    assert orjson.loads(payload) == {
        **event,
        "user_data": {"city": "Berlin", "country": "DE"},
        "value": 5,
    }


async def test_a_form_that_adds_nothing_is_fed_once(books: Books) -> None:
    event = make_event(0, ip_override="203.0.113.7", user_data={"city": "Berlin"})
    less = {name: value for name, value in event.items() if name != "user_data"}
    verdicts = {
        "books": Verdict({**less, "ip_override": "203.0.113.0"}),
        "ads": Verdict(event),
        "crm": Verdict(less, applied=("without a person",)),
    }
    await books.append(replace(decide(event), verdicts=verdicts))
    (record,) = await books.records()
    assert [orjson.loads(each)["event"] for each in record.payloads] == [event, {}]
    await books.store()
    (recorded,) = books.reader.recorded("ads", Wanted())
    assert recorded.event == event
    assert sorted(recorded.applied) == ["a rule", "without a person"]


async def test_a_form_is_whole_when_the_one_that_it_adds_to_was_repeated(
    open_books: Open,
) -> None:
    """As after a request that was partly refused."""
    books = open_books(retention=Retention(dedupe=60))
    event = make_event(0, user_data={"city": "Berlin"})
    less = {name: value for name, value in event.items() if name != "user_data"}
    first = replace(decide(event), verdicts={"ads": Verdict(event)})
    await books.append(first)
    verdicts = {"ads": Verdict(event), "books": Verdict(less)}
    await books.append(replace(decide(event), verdicts=verdicts))
    _, second = await books.records()
    (payload,) = second.payloads
    assert orjson.loads(payload)["event"] == less
    await books.store()
    found = [each.event for each in books.reader.recorded("books", Wanted()) if each.passage]
    assert found == [less]


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "two batches"])
async def test_what_is_decided_later_of_an_event_is_added(books: Books, together: bool) -> None:
    """As for an event that was held until its visitor answered."""
    event = make_event(0)
    first = decide({**event, "user_data": {"city": "Berlin"}, "value": 4}, send=["ads"])
    await books.append(first)
    if not together:
        await books.store()
    (entry,) = await books.read("ads")
    second = decide({**event, "user_data": {"country": "DE"}, "value": 5}, send=["books"])
    second.receipt = entry.receipt
    await books.append(second)
    await books.store()
    ((*_, going_to, _origin, payload),) = books.rows("events")
    assert orjson.loads(going_to) == {"ads": "send", "books": "send"}
    assert orjson.loads(payload) == {
        **event,
        "user_data": {"city": "Berlin", "country": "DE"},
        "value": 5,
    }
    (story,) = books.reader.stories(books.digests.of_text("event-0"), 10)
    assert [each.destination for each in story.endings] == ["ads", "books"]


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "two batches"])
@pytest.mark.parametrize("anonymised_last", [True, False])
async def test_a_later_decision_does_not_mix_an_anonymised_form_with_the_whole_event(
    books: Books, together: bool, anonymised_last: bool
) -> None:
    """As for an event that was held for one destination and anonymised for another."""
    whole = make_event(0, client_id="anna", language="de-DE", user_data={"city": "Berlin"})
    less = {"event_name": "purchase", "event_id": "fresh", "language": "de", ANONYMISED: True}
    forms = (
        [("books", whole), ("ads", less)] if anonymised_last else [("ads", less), ("books", whole)]
    )
    receipt = new_receipt(time.time())
    for name, form in forms:
        decision = replace(decide(whole, send=[name]), verdicts={name: Verdict(form)})
        await books.append(replace(decision, receipt=receipt))
        if not together:
            await books.store()
    await books.store()
    ((*_, going_to, _origin, payload),) = books.rows("events")
    assert orjson.loads(going_to) == {"ads": "send", "books": "send"}
    assert orjson.loads(payload) == whole


async def test_it_is_closed_once_the_thread_that_stores_is_done(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the process is asked to end, the task is cancelled, but its thread goes on."""
    await books.append(decide(make_event(0), send=["ads"]))
    began, may_go_on = threading.Event(), threading.Event()
    store = type(books.writer._store)
    write = store.write

    def slowly(*arguments: Any) -> None:
        began.set()
        assert may_go_on.wait(60)
        write(*arguments)

    monkeypatch.setattr(store, "write", slowly)
    running = asyncio.create_task(books.writer.run())
    assert await asyncio.to_thread(began.wait, 60)
    running.cancel()
    closing = asyncio.create_task(asyncio.to_thread(books.writer.close))
    await asyncio.wait([running])
    assert not closing.done()
    may_go_on.set()
    await closing
    assert len(books.rows("events")) == 1


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        ("full", {"event_name", "event_id", "timestamp", "client_id", "value", "page_title"}),
        ("redacted", {"event_name", "timestamp", "value", "page_title"}),
        ("none", None),
    ],
)
async def test_what_is_kept_of_the_content(
    open_books: Open, payload: str, kept: set[str] | None
) -> None:
    books = open_books(payload=payload)
    event = make_event(0, client_id="1.2", value=5, page_title="Mug")
    await books.append(decide(event, send=["ads"]))
    await books.store()
    ((*_, content),) = books.rows("events")
    assert (None if content is None else set(orjson.loads(content))) == kept


async def test_at_its_bound_the_feed_loses_detail_then_records_and_delivery_goes_on(
    open_books: Open,
) -> None:
    books = open_books(most=4000)
    for number in range(40):
        await books.append(decide(make_event(number, page_title="x" * 200), send=["ads"]))
    assert len(await books.read("ads")) == 40
    counts = {k.decode(): int(v) for k, v in (await books.redis.hgetall(KEYS.counts)).items()}
    assert 4000 < counts["feed_bytes"] < 6600
    assert counts["feed_cut"] > 0
    assert counts["feed_dropped"] > 0
    await books.store()
    assert await books.redis.hget(KEYS.counts, "feed_bytes") is None
    payloads = [row[-1] for row in books.rows("events")]
    assert payloads.count(None) == counts["feed_cut"]
    assert len(payloads) == 40 - counts["feed_dropped"]


async def test_an_ending_of_an_event_that_the_ledger_lacks_is_counted(open_books: Open) -> None:
    books = open_books(most=1)
    for number in range(3):
        await books.append(decide(make_event(number), send=["ads"]))
    books.most = 1_000_000
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    assert books.counts("ads")["delivered"] == 3


async def test_an_event_that_waited_in_the_spool_has_its_row(books: Books) -> None:
    batch = books.appender.batch_of([decide(make_event(0), send=["ads"], withhold=["books"])])
    await books.appender.write([Row.of(batch).batch()])
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    assert books.ended() == [("ads", "delivered"), ("books", "withheld")]


async def test_a_replayed_event_has_a_second_pass(books: Books) -> None:
    await books.append(decide(make_event(0), send=["ads"]))
    (entry,) = await books.read("ads")
    await books.settle("ads", [entry], "rejected", "HTTP 400")
    assert [await books.replay("ads", [entry]) for _ in range(2)] == [1, 0]
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store()
    assert books.counts("ads") == {"accepted": 2, "rejected": 1, "delivered": 1}
    (story,) = books.reader.stories(books.digests.of_text("event-0"), 10)
    assert [(each.passage, each.ending) for each in story.endings] == [
        (1, "rejected"),
        (2, "delivered"),
    ]


async def test_a_held_event_that_is_repeated_when_it_is_released_was_accepted_once(
    open_books: Open,
) -> None:
    books = open_books(retention=Retention(dedupe=600))
    await books.append(replace(decide(make_event(0)), verdicts={"ads": Verdict(None, "hold")}))
    (record,) = await books.records()
    await books.append(decide(make_event(0), send=["ads"]))
    released = decide(make_event(0), send=["ads"])
    released.receipt = Decided.read(record.fields["d"]).receipt
    await books.append(released)
    await books.store()
    assert books.counts("ads") == {"accepted": 1, "repeated": 1}


async def test_what_is_no_record_is_left_out(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    for fields in (
        {"d": "{"},
        {"s": "[]", "a": ""},
        {"w": '{"ended":[["x",["ads"]]]}'},
        {"z": "1"},
    ):
        await books.redis.xadd(KEYS.feed, fields)  # type: ignore[arg-type]
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    assert len(books.rows("events")) == 1
    errors = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert len(errors) == 4
    assert await books.records() == []
    assert await books.redis.hget(KEYS.counts, "feed_dropped") == b"4"


async def test_a_record_that_cannot_be_stored_costs_no_neighbour_its_row(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    await books.append(*(decide(make_event(n), send=["ads"]) for n in range(3)))
    (_, (entry_id, fields), _) = await books.redis.xrange(KEYS.feed)
    odd = Decided.read(fields[b"d"])._replace(at=10**400)  # too much for SQLite
    await books.redis.xdel(KEYS.feed, entry_id)
    await books.redis.xadd(KEYS.feed, {"d": json.dumps(odd)})
    await books.store()
    assert len(books.rows("events")) == 2
    assert await books.records() == []
    assert await books.redis.hget(KEYS.counts, "feed_dropped") == b"1"
    assert "of the ledger's feed cannot be" in caplog.text


async def test_a_day_that_is_over_is_removed_and_stays_counted(books: Books) -> None:
    now = time.time()
    old = decide(make_event(0), send=["ads"])
    old.received_at = now - 9 * DAY
    await books.append(old, decide(make_event(1), send=["ads"]))
    entries = await books.read("ads")
    await books.store()
    before = books.counts("ads")
    assert len(books.days()) == 2
    books.writer.clean(now)
    assert len(books.days()) == 1
    assert books.counts("ads") == before == {"accepted": 2}
    await books.settle("ads", entries, "delivered")
    records = await books.records()
    await books.store()
    assert books.counts("ads") == {"accepted": 2, "delivered": 2}
    books.writer.store(records, await books.feed.name(""))  # comes again
    assert books.counts("ads") == {"accepted": 2, "delivered": 2}
    assert len(books.days()) == 1
    books.writer.clean(now + 500 * DAY)
    assert books.counts("ads") == {}


async def test_what_a_dead_process_stored_is_not_counted_again_once_its_day_is_over(
    books: Books,
) -> None:
    """The next process takes the records off the feed before it removes the day."""
    old = decide(make_event(0), send=["ads"])
    old.received_at = time.time() - 9 * DAY
    await books.append(old)
    await books.settle("ads", await books.read("ads"), "delivered")
    await books.store_and_die()
    assert len(books.days()) == 1
    running = asyncio.create_task(books.writer.run())
    async with asyncio.timeout(60):
        while await books.records() or books.days():
            await asyncio.sleep(0.02)
    await cancel_and_wait(running)
    assert books.counts("ads") == {"accepted": 1, "delivered": 1}


async def test_a_batch_that_was_stored_in_part_is_counted_once_after_a_day_was_removed(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records that were stored for the removed day are not counted again."""
    now = time.time()
    older, old, new = (decide(make_event(number), send=["ads"]) for number in range(3))
    older.received_at, old.received_at = now - 10 * DAY, now - 9 * DAY
    await books.append(older)
    await books.store()
    books.writer.clean(now)
    await books.append(old)
    await books.settle("ads", await books.read("ads"), "delivered")  # one for a removed day
    await books.append(new)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(type(books.writer._store), "add_late", full)
        with pytest.raises(sqlite3.OperationalError):
            await books.writer.step()
    books.writer.close()
    books.writer.clean(now)
    assert len(books.days()) == 1
    records = await books.records()
    await books.store()
    stored = {"accepted": 3, "delivered": 2}
    assert books.counts("ads") == stored
    books.writer.store(records, await books.feed.name(""))  # comes again
    assert books.counts("ads") == stored


async def test_room_is_made_while_nothing_can_be_stored(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space left")

    store = books.writer.store
    monkeypatch.setattr(books.writer, "store", is_full)
    monkeypatch.setattr(books.writer, "clean", lambda _: setattr(books.writer, "store", store))
    await books.append(decide(make_event(0), send=["ads"]))
    running = asyncio.create_task(books.writer.run())
    async with asyncio.timeout(60):
        while await books.records():
            await asyncio.sleep(0.02)
    await cancel_and_wait(running)
    assert books.counts("ads") == {"accepted": 1}


async def test_beyond_its_bytes_the_oldest_day_goes_first(
    open_books: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    books = open_books(max_bytes=10_000_000)
    now = time.time()
    for age in (2, 1, 0):
        decision = decide(make_event(age), send=["ads"])
        decision.received_at = now - age * DAY
        await books.append(decision)
    await books.store()
    oldest, *others = books.days()
    sizes = {oldest: 9_000_000}
    store = type(books.writer._store)
    monkeypatch.setattr(store, "size", lambda _, day: sizes.get(day, 600_000))
    books.writer.clean(now)
    assert books.days() == others
    assert f"the ledger of {oldest} is removed before its time" in caplog.text


async def test_on_a_full_disk_the_records_wait(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    await books.append(decide(make_event(0), send=["ads"]))

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(type(books.writer._store), "write", full)
        with pytest.raises(sqlite3.OperationalError):
            await books.writer.step()
    assert len(await books.records()) == 1
    await books.store()
    assert len(books.rows("events")) == 1


async def test_a_long_reason_is_cut(books: Books) -> None:
    reason = Random(1).randbytes(4000).hex()
    decision = decide(make_event(0))
    verdicts = {"ads": Verdict(None, "destination", reason)}
    await books.append(replace(decision, verdicts=verdicts))
    await books.store()
    ((*_, why, _, _, _, _),) = books.rows("endings")
    assert why == reason[:MAX_REASON]
    assert books.reader.counts(0, time.time() + 60, "reason") == {(why, "ads", "withheld"): 1}


async def test_names_that_strangers_choose_are_counted_together_beyond_a_bound(
    books: Books,
) -> None:
    many = MAX_VALUES + 50
    for number in range(many):
        event = {**make_event(number), "event_name": f"name-{number}"}
        await books.append(decide(event, withhold=["ads"]))
    await books.store()
    counted = books.reader.counts(0, time.time() + 60, "name")
    values = {value for value, _, _ in counted}
    assert len(values) == MAX_VALUES + 1
    assert counted[OTHER, "ads", "accepted"] == 50


async def test_one_process_writes_at_a_time_and_another_takes_over(books: Books) -> None:
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    await books.append(decide(make_event(1), send=["ads"]))
    other = books.new_writer()
    for _ in range(2):
        with pytest.raises(LedgerTaken, match="another process writes"):
            await other.step()
    assert len(await books.records()) == 1
    books.writer.close()
    assert await other.step() == 1
    assert len(books.rows("events")) == 2
    with pytest.raises(LedgerTaken):
        await books.writer.step()
    other.close()


async def test_the_configuration_is_kept_once_a_process_writes(books: Books) -> None:
    books.writer.keep_configuration("v-1", "redis: {}", 1.0)
    assert books.reader.configuration("v-1") is None
    await books.writer.step()
    books.writer.keep_configuration("v-1", "changed", 2.0)
    await books.writer.step()
    assert books.reader.configuration("v-1") == "redis: {}"


@pytest.mark.parametrize(
    ("started", "in_force"),
    [
        (["a", "a"], [("a", 0.0)]),
        (["a", "b", "b"], [("b", 1.0), ("a", 0.0)]),
        (["a", "b", "a", "a"], [("a", 2.0), ("b", 1.0)]),
    ],
    ids=["a restart", "a restart after a change", "a restart after going back"],
)
async def test_a_configuration_is_in_force_since_it_replaced_another(
    books: Books, started: list[str], in_force: list[tuple[str, float]]
) -> None:
    for at, version in enumerate(started):
        books.writer.keep_configuration(version, "redis: {}", float(at))
        await books.writer.step()
    assert books.reader.configurations(5) == in_force


async def test_another_redis_begins_a_new_feed(books: Books) -> None:
    """The ids in the new feed may be lower than the ids that are stored."""
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    await books.redis.flushall()
    books.writer.close()
    record = await _record(books)
    await books.redis.delete(KEYS.feed)
    await books.redis.xadd(KEYS.feed, record.fields, id="1-1")  # type: ignore[arg-type]
    await books.store()
    assert len(books.rows("events")) == 2


async def test_a_redis_that_lost_its_data_unnoticed_begins_a_new_feed(books: Books) -> None:
    """For example, it started again without its files while redis-py tried again."""
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    await books.redis.flushall()
    record = await _record(books)
    await books.redis.delete(KEYS.feed)
    await books.redis.xadd(KEYS.feed, record.fields, id="1-1")  # type: ignore[arg-type]
    for _ in range(2):  # the first step notices it
        await books.store()
    assert len(books.rows("events")) == 2


async def _record(books: Books) -> Any:
    await books.append(decide(make_event(1), send=["ads"]))
    (record,) = await books.records()
    return record


def test_receipts_sort_by_time() -> None:
    receipts = [new_receipt(at) for at in (1.0, 1.5, 1_795_219_200.0, 1_795_219_200.001)]
    assert receipts == sorted(receipts)
    assert len({new_receipt(1.0) for _ in range(1000)}) == 1000


async def test_nothing_is_written_without_a_ledger(books: Books) -> None:
    books.appender._feeding = None
    await books.append(decide(make_event(0), send=["ads"]))
    (entry,) = await books.read("ads")
    assert entry.receipt == ""
    assert not await books.redis.exists(KEYS.feed)
    assert await books.redis.xlen(ADS.stream) == 1


async def test_what_a_replay_needs_is_kept_with_the_content(books: Books) -> None:
    event = make_event(0)
    verdicts = {"ads": Verdict(event, applied=("its own",)), "books": Verdict(event)}
    await books.append(replace(decide(event), verdicts=verdicts))
    await books.store()
    (recorded,) = books.reader.recorded("ads", Wanted())
    assert sorted(recorded.applied) == ["a rule", "its own"]
    assert (recorded.event, recorded.ending, recorded.passage) == (event, "pending", 1)
    (missing,) = books.reader.recorded("new", Wanted())
    assert (missing.ending, missing.passage) == ("missing", 0)


@pytest.mark.parametrize("payload", ["redacted", "none"])
async def test_no_more_is_kept_than_the_settings_allow(open_books: Open, payload: str) -> None:
    books = open_books(payload=payload)
    await books.append(decide(make_event(0), send=["ads"]))
    await books.store()
    (recorded,) = books.reader.recorded("ads", Wanted())
    assert not recorded.is_whole
    assert recorded.applied == []


async def test_an_anonymised_form_is_not_mixed_with_the_whole_event(books: Books) -> None:
    event = make_event(0)
    verdicts = {"ads": Verdict({**event, ANONYMISED: True}), "books": Verdict(event)}
    await books.append(replace(decide(event), verdicts=verdicts))
    await books.store()
    (recorded,) = books.reader.recorded("ads", Wanted())
    assert recorded.event == event


async def test_more_events_than_one_page_are_read_once(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded_module, "PAGE", 2)
    await books.append(*(decide(make_event(n), send=["ads"]) for n in range(5)))
    await books.settle("ads", await books.read("ads"), "rejected", "HTTP 400")
    await books.store()
    found = [*books.reader.recorded("ads", Wanted())]
    assert sorted(each.event["event_id"] for each in found if each.event) == [
        f"event-{n}" for n in range(5)
    ]
    assert {each.ending for each in found} == {"rejected"}
