"""Dedupe: within its window a destination takes an event once; a failed append marks nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from gateway.configuration.load import parse_settings
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.admission import Full
from gateway.queue.append import Appender, Retention
from gateway.queue.append_batch import AppendBatch
from gateway.queue.bounds import Closed
from gateway.queue.marks import marks_of
from gateway.queue.pending_counts import PendingCounts
from gateway.redis_client.connect import connect_for_intake
from tests.support.destination_numbers import counts
from tests.support.documents import DOCS, blocks
from tests.support.drains import nobody
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS

pytestmark = pytest.mark.anyio


@pytest.fixture
async def intake(redis_url: str) -> AsyncIterator[Redis]:
    async with connect_for_intake(redis_url) as client:
        yield client


@pytest.fixture
def appender(intake: Redis) -> Appender:
    return Appender(intake, KEYS, PendingCounts(), nobody, retention=Retention(dedupe=600))  # type: ignore[arg-type]


async def test_an_event_that_comes_again_is_taken_once(appender: Appender, redis: Redis) -> None:
    for _ in range(3):
        await appender.append([decide(make_event(1), send=["ads", "books"])])
    for name in ("ads", "books"):
        assert await counts(redis, name) == {"accepted": 1, "repeated": 2}


async def test_in_one_request_and_in_one_commit_too(appender: Appender, redis: Redis) -> None:
    twice = [decide(make_event(1), send=["ads"])] * 2
    await asyncio.gather(*(appender.append(twice) for _ in range(5)))
    assert await counts(redis, "ads") == {"accepted": 1, "repeated": 9}


async def test_its_neighbours_are_taken(appender: Appender, redis: Redis) -> None:
    await appender.append([decide(make_event(1), send=["ads"])])
    await appender.append([decide(make_event(number), send=["ads"]) for number in range(3)])
    assert await counts(redis, "ads") == {"accepted": 3, "repeated": 1}


async def test_another_name_is_another_event(appender: Appender, redis: Redis) -> None:
    for name in ("add_payment_info", "purchase"):
        await appender.append([decide(make_event(1, event_name=name), send=["ads"])])
    assert await counts(redis, "ads") == {"accepted": 2}


async def test_a_destination_that_had_it_withheld_may_have_it_later(
    appender: Appender, redis: Redis
) -> None:
    """For example, after the visitor has consented."""
    await appender.append([decide(make_event(1), send=["books"], withhold=["ads"])])
    await appender.append([decide(make_event(1), send=["books", "ads"])])
    assert await counts(redis, "ads") == {"accepted": 2, "withheld": 1}
    assert await counts(redis, "books") == {"accepted": 1, "repeated": 1}


async def test_after_the_window_it_is_taken_again(intake: Redis, redis: Redis) -> None:
    appender = Appender(intake, KEYS, PendingCounts(), nobody, retention=Retention(dedupe=60))  # type: ignore[arg-type]
    await appender.append([decide(make_event(1), send=["ads"])])
    seen = ADS.seen + ":" + marks_of(decide(make_event(1)))[0]
    assert 0 < await redis.pttl(seen) <= 60_000
    await redis.delete(seen)
    await appender.append([decide(make_event(1), send=["ads"])])
    assert await counts(redis, "ads") == {"accepted": 2}


async def test_a_failed_append_marks_nothing(appender: Appender, redis: Redis) -> None:
    await redis.config_set("maxmemory", 1)
    with pytest.raises(OutOfMemoryError):
        await appender.append([decide(make_event(1), send=["ads"])])
    await redis.config_set("maxmemory", 0)
    await appender.append([decide(make_event(1), send=["ads"])])
    assert await counts(redis, "ads") == {"accepted": 1}


async def test_without_a_window_every_event_is_taken(intake: Redis, redis: Redis) -> None:
    appender = Appender(intake, KEYS, PendingCounts(), nobody)  # type: ignore[arg-type]
    for _ in range(2):
        await appender.append([decide(make_event(1), send=["ads"])])
    assert await counts(redis, "ads") == {"accepted": 2}
    assert not [key async for key in redis.scan_iter(ADS.seen + "*")]


BACKEND, ADA, EVE, NEW = ("backend", "1.1"), ("browser", "1.1"), ("browser", "6.6"), ("browser", "")


def sent_by(sender: tuple[str, str], **fields: Any) -> Decision:
    """The decision about an event. sender: the kind of sender, and the visitor that it stated."""
    kind, visitor = sender
    decision = decide(make_event(1, **fields), send=["ads"])
    return replace(decision, trusted=kind == "backend", stated_visitor=visitor)


@pytest.mark.parametrize(
    ("first", "then", "sent"),
    [
        (BACKEND, BACKEND, 1),
        (BACKEND, ADA, 1),
        (BACKEND, NEW, 1),
        (ADA, BACKEND, 2),
        (NEW, BACKEND, 2),
        (ADA, ADA, 1),
        (NEW, NEW, 1),
        (ADA, EVE, 2),
        (EVE, ADA, 2),
        (NEW, ADA, 2),
    ],
)
async def test_a_mark_holds_against_the_same_visitor_or_is_the_backend_s(
    appender: Appender, redis: Redis, first: tuple[str, str], then: tuple[str, str], sent: int
) -> None:
    for sender in (first, then):
        await appender.append([sent_by(sender)])
    of_ads = await counts(redis, "ads")
    assert (of_ads["accepted"], of_ads.get("repeated", 0)) == (sent, 2 - sent)


async def test_where_marks_are_too_many_strangers_leave_none_and_are_taken(
    appender: Appender, redis: Redis
) -> None:
    """Events that were marked before, or by a backend, are still recognised."""
    await appender.append([sent_by(ADA)])
    appender.closed = Closed(unmarked={"ads": "marks have reached their limit"})
    for sender in (ADA, EVE, EVE, BACKEND, BACKEND, EVE):
        await appender.append([sent_by(sender)])
    assert await counts(redis, "ads") == {"accepted": 4, "repeated": 3, "unmarked": 2}
    marks = [key async for key in redis.scan_iter(f"{ADS.seen}:*")]
    assert len(marks) == 2


async def test_what_comes_again_for_sure_is_marked_all_the_same(
    appender: Appender, redis: Redis
) -> None:
    appender.closed = Closed({"books": "books is full"}, unmarked={"ads": "too many marks"})
    request = [replace(decide(make_event(1), send=["ads", "books"]), has_own_id=True)]
    for _ in range(2):
        with pytest.raises(Full):
            await appender.append(request)
    assert await counts(redis, "ads") == {"accepted": 1, "repeated": 1}


async def test_a_backend_s_event_comes_again_after_a_browser_s(
    appender: Appender, redis: Redis
) -> None:
    for sender in (ADA, BACKEND, ADA, BACKEND, EVE):
        await appender.append([sent_by(sender)])
    assert await counts(redis, "ads") == {"accepted": 2, "repeated": 3}


TEXT = st.text(alphabet="a\0e-1\ud800", max_size=6)


@given(TEXT.filter(bool), TEXT.filter(bool), TEXT, TEXT.filter(bool), TEXT.filter(bool))
def test_no_browser_can_make_a_trusted_mark(
    name: str, event_id: str, visitor: str, trusted_name: str, trusted_id: str
) -> None:
    own, _ = marks_of(sent_by(("browser", visitor), event_name=name, event_id=event_id))
    (trusted,) = marks_of(sent_by(BACKEND, event_name=trusted_name, event_id=trusted_id))
    assert own != trusted


@given(TEXT, TEXT)
def test_a_browser_s_event_has_the_mark_of_one_visitor(one: str, other: str) -> None:
    marks = [marks_of(sent_by(("browser", visitor)))[0] for visitor in (one, other)]
    assert (marks[0] == marks[1]) == (one == other)


def test_a_mark_holds_nothing_of_the_event() -> None:
    event = make_event(1, event_id="jane@shop.example")
    decision = replace(decide(event, send=["ads"]), stated_visitor="jane")
    (marks,) = AppendBatch([decision], marked=True).marks
    assert marks == marks_of(decision)
    assert [len(each) for each in marks] == [24, 24]
    assert not any("jane" in each for each in marks)


@pytest.mark.parametrize("event_id", ["\ud800", "\0", "ü" * 256])
def test_any_id_can_be_marked(event_id: Any) -> None:
    assert marks_of(decide(make_event(1, event_id=event_id))) != marks_of(decide(make_event(1)))


@pytest.mark.parametrize(
    ("written", "read"),
    [(None, [()]), ([""], [()]), (["mark"], [("mark",)]), ([["a", "b"]], [("a", "b")])],
)
def test_marks_that_earlier_versions_spooled_are_read(written: Any, read: Any) -> None:
    head = {"sent": {"ads": [1]}, "withheld": {}} | ({} if written is None else {"marks": written})
    assert AppendBatch.of(head, [b"payload"]).marks == read


def test_with_a_salt_nobody_finds_the_mark_of_a_client_id_that_they_know() -> None:
    def mark(salt: str, client_id: str = "123.456") -> str:
        text = f"{{sources: {{}}, destinations: {{}}, dedupe_window: 60{salt}}}"
        event = {"event_name": "a", "event_id": "1", "client_id": client_id}
        pipeline = compile_pipeline(parse_settings(text, environment={}))
        return marks_of(pipeline(event, Received("site", 1.0)))[0]

    salts = ("", ", server: {hash_salt: one-salt}", ", server: {hash_salt: another-salt}")
    assert len({mark(salt) for salt in salts}) == 3
    assert mark(salts[1]) == mark(salts[1])
    assert mark(salts[1]) != mark(salts[1], "123.457")


def test_no_stranger_can_repeat_the_event_of_a_visitor_without_an_id_in_advance() -> None:
    text = "{sources: {}, destinations: {}, dedupe_window: 60%s}"
    event = {"event_name": "purchase", "event_id": "purchase-1001"}
    victim = Received("site", 1.0, "203.0.113.7", "Firefox")
    for salt in ("", ", server: {hash_salt: a-salt}"):
        pipeline = compile_pipeline(parse_settings(text % salt, environment={}))
        mark = marks_of(pipeline(event, victim))[0]
        assert marks_of(pipeline(event, victim))[0] == mark
        for stranger, stated in (
            (replace(victim, client_ip="198.51.100.9"), {}),
            (replace(victim, user_agent="Chrome"), {}),
            (replace(victim, client_ip="198.51.100.9"), {"client_id": "\0203.0.113.7\0Firefox"}),
        ):
            assert marks_of(pipeline(event | stated, stranger))[0] != mark


def test_an_event_is_taken_once_unless_configured_otherwise() -> None:
    settings = parse_settings("{sources: {}, destinations: {}}", environment={})
    assert Retention.of(settings).dedupe == 600
    off = parse_settings("{sources: {}, destinations: {}, dedupe_window: 0}", environment={})
    assert Retention.of(off).dedupe == 0


async def test_one_purchase_for_each_order_by_the_recipe_in_the_docs(
    appender: Appender, redis: Redis
) -> None:
    recipe = blocks(DOCS / "delivery.md", "yaml")[-1]
    destination = '{ads: {type: webhook, url: "http://127.0.0.1:9/", consent: []}}'
    settings = parse_settings(f"{recipe}\nsources: {{}}\ndestinations: {destination}\n")
    pipeline = compile_pipeline(settings)
    backend = Received("shop", 1.0, trusted=True, backend=True)
    first, second = {"transaction_id": "T-1"}, {"transaction_id": "T-2"}
    for event_id, order in enumerate([first, first, second, {}]):
        purchase = {"event_name": "purchase", "event_id": str(event_id), **order}
        await appender.append([pipeline(purchase, backend)])
    assert await counts(redis, "ads") == {"accepted": 3, "repeated": 1}
