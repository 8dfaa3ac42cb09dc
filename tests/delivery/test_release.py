"""Held consent: events wait for a statement from their page, and each ends once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.delivery import unanswered
from gateway.delivery.release import Contended, PageRelease, resolve, write
from gateway.delivery.unanswered import end_unanswered, end_unanswered_forever
from gateway.event import Received, read_event
from gateway.monitoring.numbers import DestinationNumbers
from gateway.pipeline.compile import Pipeline, compile_pipeline
from gateway.queue.append import Appender, Retention
from gateway.queue.append_batch import AppendBatch
from gateway.queue.counting import UNKNOWN
from gateway.queue.entry import decode
from gateway.queue.held_consent import HeldPage, due_pages, read_page
from gateway.queue.held_event import decode_held, encode_held, open_held
from gateway.queue.pending_counts import PendingCounts
from gateway.redis_client.connect import connect_for_intake
from gateway.spool.row import Row
from gateway.stages.enrichment import Tables, open_tables
from gateway.stages.held_consent import HeldConsent, compile_page_digest, with_statement
from gateway.stages.sealing import Unreadable
from gateway.system.tasks import cancel_and_wait
from tests.support.destination_numbers import numbers
from tests.support.drains import nobody
from tests.support.keys import ADS, KEYS

pytestmark = pytest.mark.anyio
CONFIG = """
server: {hash_salt: a-salt-of-the-shop}
sources: {site: {type: collect}}
enrichment: []
consent:
  default: {}
  regions: []
  hold: {seconds: 60, most_events: 5}
  withdrawals: true
destinations:
  ads: {type: webhook, url: "https://ads.example/", consent: [ad_storage, ad_user_data]}
  stats: {type: webhook, url: "https://stats.example/", consent: [analytics_storage]}
  crm: {type: webhook, url: "https://crm.example/", consent: []}
"""
SETTINGS = parse_settings(CONFIG, environment={})
AD_CONSENT = {"ad_storage": "granted", "ad_user_data": "granted"}
ALL = {**AD_CONSENT, "analytics_storage": "granted"}
NONE = dict.fromkeys(ALL, "denied")
PAGE, OTHER_PAGE = "p" * 32, "q" * 32
COUNTED = ("ads", "stats", "crm")
page_digest = compile_page_digest("a-salt-of-the-shop")


class Shop:
    """A gateway without processes: takes events, and shows which wait and which were sent on."""

    def __init__(
        self, redis: Redis, settings: Settings = SETTINGS, tables: Tables | None = None
    ) -> None:
        self.redis, self.settings = redis, settings
        self.decide: Pipeline = compile_pipeline(settings, tables)
        self.appender = Appender(redis, KEYS, PendingCounts(), nobody, Retention.of(settings))  # type: ignore[arg-type]
        hold = settings.consent.hold
        self.seconds = hold.seconds if hold else 0
        self.release = PageRelease(
            redis, KEYS, self.appender, self.decide, page_digest, self.seconds
        )

    async def send(
        self,
        name: str,
        consent: Mapping[str, str] | None = None,
        page: str = PAGE,
        at: float = 0,
        **fields: Any,
    ) -> bool:
        """Takes an event; returns whether others wait that it may release."""
        raw: dict[str, Any] = {"event_name": name, "event_id": name, "client_id": "v1", **fields}
        if consent is not None:
            raw["consent"] = consent
        received = Received("site", at or time.time(), "8.8.8.8", "agent", page_token=page)
        return await self.appender.append([self.decide(read_event(raw), received)])

    async def say(self, name: str, consent: Mapping[str, str], page: str = PAGE) -> None:
        """Takes an event and releases what waits for it, as intake does."""
        if await self.send(name, consent, page):
            await self.release(page)

    async def held(self, page: str = PAGE) -> HeldPage:
        return await read_page(self.redis, KEYS, page_digest(page))

    async def sweep(self, later: float = 0) -> list[bool]:
        """Ends what is unanswered, as the scheduler would in `later` seconds; returns for each due
        page whether anything was written."""
        names = await self.redis.zrange(KEYS.due, 0, -1)
        if later and names:
            await self.redis.zadd(KEYS.due, dict.fromkeys(names, 0))
        now = time.time() + later
        return [
            await end_unanswered(
                await read_page(self.redis, KEYS, page), self.appender, self.seconds, now
            )
            for page in await due_pages(self.redis, KEYS)
        ]

    async def arrived(self, destination: str) -> list[str]:
        rows: Any = await self.redis.xrange(KEYS.destination(destination).stream)
        return [decode(key, 1, fields[b"e"]).event["event_name"] for key, fields in rows]

    async def numbers(self, destination: str) -> DestinationNumbers:
        """The numbers of `destination`; fails if they do not add up."""
        now = await numbers(self.redis, destination)
        ended = sum(now.counts.get(name, 0) for name in ("withheld", "delivered", "rejected"))
        assert now.counts.get("accepted", 0) == ended + now.pending
        assert sum(now.withheld.values()) == now.counts.get("withheld", 0)
        assert ("", UNKNOWN) not in now.withheld
        return now

    async def counts(self, destination: str) -> dict[str, int]:
        now = await self.numbers(destination)
        return {name: count for name, count in now.counts.items() if count}


@pytest.fixture
async def shop(redis_url: str, redis: Redis) -> AsyncIterator[Shop]:
    async with connect_for_intake(redis_url) as client:
        yield Shop(client)


async def test_only_those_destinations_wait_that_need_a_word(shop: Shop) -> None:
    await shop.send("a")
    assert await shop.arrived("crm") == ["a"]
    assert await shop.arrived("ads") == await shop.arrived("stats") == []
    assert await shop.counts("ads") == {"accepted": 1, "held": 1}
    assert (await shop.numbers("ads")).pending == 1


async def test_without_a_page_token_nothing_waits(shop: Shop) -> None:
    await shop.send("a", page="")
    assert await shop.counts("ads") == {"accepted": 1, "withheld": 1}
    decision = shop.decide({"event_name": "a", "client_id": "v1"}, Received("site", 1.0))
    assert decision.verdicts["ads"].stage == "consent"
    assert decision.verdicts["ads"].reason == (
        "no consent for ad_storage, ad_user_data; "
        "not held because the event has no page token to match the visitor's answer"
    )


async def test_what_is_denied_is_not_withheld_for_want_of_a_page_token(shop: Shop) -> None:
    event = {"event_name": "a", "consent": {"ad_storage": "denied"}}
    verdict = shop.decide(event, Received("site", 1.0)).verdicts["ads"]
    assert verdict.reason == "no consent for ad_storage, ad_user_data"


async def test_an_event_tells_whether_others_wait_for_what_it_states(shop: Shop) -> None:
    assert not await shop.send("a", ALL)
    assert not await shop.send("b")
    assert not await shop.send("c", ALL, OTHER_PAGE)
    assert not await shop.send("d", ALL, "")
    assert await shop.send("e", ALL)


async def test_a_grant_releases_in_order_and_only_what_it_grants(shop: Shop) -> None:
    for name in "abc":
        await shop.send(name)
    await shop.say("d", ALL)
    assert await shop.arrived("ads") == ["d", "a", "b", "c"]
    assert await shop.arrived("stats") == ["d", "a", "b", "c"]
    assert await shop.arrived("crm") == ["a", "b", "c", "d"]
    assert await shop.counts("ads") == {"accepted": 4}
    assert not await shop.redis.exists(KEYS.due, KEYS.said)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"not JSON",
        b"[]",
        b"{}",
        b'{"destinations": [], "received_at": 1, "sealed": 7}',
        b'{"destinations": ["ads"], "received_at": "inf", "sealed": "AAAA"}',
        b'{"destinations": ["ads"], "received_at": "nan", "sealed": "AAAA"}',
        b'{"destinations": ["ads"], "received_at": -1, "sealed": "AAAA"}',
    ],
)
async def test_what_is_no_event_is_removed_and_stops_no_other(
    shop: Shop, redis: Redis, rubbish: bytes
) -> None:
    for name in "ab":
        await shop.send(name)
    for waiting in await redis.keys(f"{KEYS.events}*"):
        await redis.lpush(waiting, rubbish)
    await shop.say("c", ALL)
    assert await shop.arrived("ads") == ["c", "a", "b"]
    assert await redis.keys(f"{KEYS.events}*") == []


async def test_what_is_released_says_what_was_granted(shop: Shop, redis: Redis) -> None:
    await shop.send("a")
    await shop.say("b", ALL)
    rows: Any = await redis.xrange(ADS.stream)
    event = decode(rows[1][0], 1, rows[1][1][b"e"]).event
    assert event["event_name"] == "a"
    assert event["consent"] == ALL


async def test_a_denial_withholds(shop: Shop, redis: Redis) -> None:
    await shop.send("a")
    await shop.say("b", NONE)
    assert await shop.arrived("ads") == []
    assert await shop.counts("ads") == {"accepted": 2, "withheld": 2}
    assert not await redis.exists(KEYS.due, KEYS.said)
    assert not [key async for key in redis.scan_iter(f"{KEYS.events}*")]


async def test_a_word_on_one_type_leaves_the_others_waiting(shop: Shop) -> None:
    await shop.send("a")
    await shop.say("b", AD_CONSENT)
    assert await shop.arrived("ads") == ["b"]  # `a` still waits for `stats`
    assert (await shop.counts("stats"))["held"] == 2
    await shop.say("c", {"analytics_storage": "denied"})
    assert await shop.arrived("ads") == ["b", "a", "c"]  # what `b` said holds for `c` too
    assert await shop.counts("stats") == {"accepted": 3, "withheld": 3}


STATES = st.dictionaries(st.sampled_from(sorted(ALL)), st.sampled_from(["granted", "denied"]))


@given(STATES, STATES)
def test_a_later_word_never_overrides_a_denial_of_the_event_itself(
    own: dict[str, str], later: dict[str, str]
) -> None:
    consent = with_statement({"event_name": "a", "consent": own}, later)["consent"]
    assert consent == {**later, **own} | {k: "denied" for k in later if later[k] == "denied"}


@pytest.mark.parametrize("conflicts", ["deny", "ranked"])
@pytest.mark.parametrize(
    "denial", [{"consent": {"ad_storage": "denied"}}, {"gcs": "G101"}], ids=["stated", "by a tag"]
)
async def test_what_an_event_denied_itself_is_not_released(
    shop: Shop, conflicts: str, denial: dict[str, Any]
) -> None:
    text = CONFIG.replace("  default: {}", f"  default: {{}}\n  conflicts: {conflicts}")
    text = text.replace("consent: []", "consent: [ad_storage]")
    text = text.replace("[analytics_storage]", "[ad_user_data]")
    shop = Shop(shop.redis, parse_settings(text, environment={}))
    await shop.send("a", **denial)
    assert await shop.counts("crm") == {"accepted": 1, "withheld": 1}
    assert (await shop.counts("stats"))["held"] == 1
    await shop.say("b", ALL)
    assert await shop.arrived("stats") == ["b", "a"]
    assert await shop.arrived("crm") == await shop.arrived("ads") == ["b"]
    rows: Any = await shop.redis.xrange(KEYS.destination("stats").stream)
    assert decode(rows[1][0], 1, rows[1][1][b"e"]).event["consent"]["ad_storage"] == "denied"


async def test_the_end_of_the_time_withholds(shop: Shop) -> None:
    await shop.send("a", at=time.time() - 61)
    await shop.send("b")
    assert await shop.sweep() == []  # not due yet
    await shop.redis.zadd(KEYS.due, dict.fromkeys(await shop.redis.zrange(KEYS.due, 0, -1), 0))
    assert await shop.sweep() == [True]
    assert await shop.counts("ads") == {"accepted": 2, "held": 1, "withheld": 1}
    (due,) = [score for _, score in await shop.redis.zrange(KEYS.due, 0, -1, withscores=True)]
    assert due / 1000 == pytest.approx(time.time() + 60, abs=5)
    assert await shop.sweep(61) == [True]
    assert await shop.counts("ads") == {"accepted": 2, "withheld": 2}
    assert not [key async for key in shop.redis.scan_iter(f"{KEYS.events}*")]
    assert not await shop.redis.exists(KEYS.due)


@pytest.mark.parametrize("ended", range(4))
async def test_the_size_of_what_waits_is_that_of_the_events_that_wait(
    shop: Shop, ended: int
) -> None:
    """Even if none has waited long enough because `hold.seconds` was raised meanwhile."""
    for number in range(3):
        await shop.send(f"e{number}", at=time.time() - (61 if number < ended else 0))
    await shop.send("other", page=OTHER_PAGE)
    await shop.redis.zadd(KEYS.due, {page_digest(PAGE): 0})
    assert await shop.sweep() == [True]
    pages = [(await shop.held(page)).events for page in (PAGE, OTHER_PAGE)]
    waiting = [event for events in pages for event in events]
    assert len(waiting) == 4 - ended
    held = await shop.redis.hmget(KEYS.counts, ["held_events", "held_bytes"])
    assert [*map(int, held)] == [len(waiting), sum(map(len, waiting))]  # type: ignore[arg-type]
    assert await due_pages(shop.redis, KEYS) == []


async def test_of_one_page_so_many_wait(shop: Shop) -> None:
    for number in range(8):
        await shop.send(f"e{number}")
    assert await shop.counts("ads") == {"accepted": 8, "held": 5, "withheld": 3}


async def test_a_stranger_with_the_same_client_id_releases_nothing(shop: Shop) -> None:
    await shop.send("a")
    await shop.say("b", ALL, OTHER_PAGE)
    await shop.say("c", ALL, "")
    trusted = Received("site", time.time(), trusted=True)
    event = read_event({"event_name": "d", "client_id": "v1", "consent": ALL})
    assert not await shop.appender.append([shop.decide(event, trusted)])
    assert await shop.sweep() == []
    assert await shop.arrived("ads") == ["b", "c", "d"]
    assert (await shop.counts("ads"))["held"] == 1


async def test_nobody_else_can_read_what_is_held(shop: Shop) -> None:
    await shop.send("a")
    held_page = await shop.held()
    with pytest.raises(Unreadable):
        open_held(decode_held(held_page.events[0]), held_page.page, OTHER_PAGE)
    with pytest.raises(Unreadable):
        open_held(decode_held(held_page.events[0]), page_digest(OTHER_PAGE), PAGE)
    resolved = resolve(held_page, OTHER_PAGE, shop.decide, 60, time.time())
    assert (resolved.count, resolved.decisions) == (1, [])
    assert [name for name, _ in resolved.withheld] == ["ads", "stats"]


async def test_what_cannot_be_read_is_withheld_and_the_rest_goes_on(shop: Shop) -> None:
    for name in "abc":
        await shop.send(name)
    events = KEYS.events + page_digest(PAGE)
    damaged = orjson.loads(await shop.redis.lindex(events, 1)) | {"sealed": "c0ffee00"}
    await shop.redis.lset(events, 1, orjson.dumps(damaged))
    await shop.say("d", ALL)
    assert await shop.arrived("ads") == ["d", "a", "c"]
    assert await shop.counts("ads") == {"accepted": 4, "withheld": 1}


async def test_two_who_release_at_once_write_it_once(shop: Shop) -> None:
    for name in "abc":
        await shop.send(name)
    await shop.send("d", ALL)
    held_page = await shop.held()
    resolved = resolve(held_page, PAGE, shop.decide, 60, time.time())
    wrote = await asyncio.gather(*(write(resolved, held_page, shop.appender) for _ in range(3)))
    assert sorted(wrote) == [False, False, True]
    await asyncio.gather(*(shop.release(PAGE) for _ in range(3)))
    assert await shop.arrived("ads") == ["d", "a", "b", "c"]
    assert await shop.counts("ads") == {"accepted": 4}


async def test_a_word_that_comes_while_it_is_decided_is_not_lost(shop: Shop) -> None:
    await shop.send("a")
    await shop.send("b", AD_CONSENT)
    held_page = await shop.held()
    resolved = resolve(held_page, PAGE, shop.decide, 60, time.time() + 61)
    await shop.send("c", NONE)
    assert not await write(resolved, held_page, shop.appender)
    await shop.release(PAGE)
    assert await shop.arrived("ads") == ["b"]
    assert await shop.counts("stats") == {"accepted": 3, "withheld": 3}


async def test_an_event_that_comes_while_others_are_released_waits_on_or_goes_too(
    shop: Shop,
) -> None:
    await shop.send("a")
    await shop.send("b", ALL)
    held_page = await shop.held()
    resolved = resolve(held_page, PAGE, shop.decide, 60, time.time())
    await shop.send("c")
    assert await write(resolved, held_page, shop.appender)
    assert await shop.sweep() == [True]  # only sets when the page is due
    assert await shop.sweep() == []
    await shop.release(PAGE)
    assert await shop.arrived("ads") == ["b", "a", "c"]
    assert await shop.counts("ads") == {"accepted": 3}


async def test_more_events_than_are_read_at_once_are_all_released(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.queue.held_consent.MAX_EVENTS", 2)
    for name in "abcde":
        await shop.send(name)
    await shop.say("f", ALL)
    assert await shop.arrived("ads") == [*"fabcde"]
    assert await shop.sweep() == []


async def test_more_events_than_are_read_at_once_all_end(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.queue.held_consent.MAX_EVENTS", 2)
    for name in "abcde":
        await shop.send(name)
    assert [await shop.sweep(61) for _ in range(3)] == [[True]] * 3
    assert not await shop.redis.exists(KEYS.due)
    assert await shop.counts("ads") == {"accepted": 5, "withheld": 5}


async def test_a_release_that_others_always_overtake_is_no_success(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> bool:
        return False

    await shop.send("a")
    await shop.send("b", ALL)
    monkeypatch.setattr(shop.appender, "release", refuse)
    with pytest.raises(Contended):
        await shop.release(PAGE)


STEPS = ("open", "grant", "deny", "some", "stranger", "release", "sweep")


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_the_counts_add_up_and_each_event_ends_once(
    shop: Shop, seed: int
) -> None:
    random = Random(seed)
    pages = [letter * 32 for letter in "abc"]
    sent = 0
    for number in range(40):
        step, page = random.choice(STEPS), random.choice(pages)
        if step == "release":
            await shop.release(page)
        elif step == "sweep":
            await shop.sweep(random.choice([0, 61]))
        else:
            said = {"grant": ALL, "deny": NONE, "some": AD_CONSENT, "stranger": ALL}.get(step)
            says = shop.send if random.random() < 0.2 else shop.say  # a process dies in between
            await says(f"{number}", said, "" if step == "stranger" else page)
            sent += 1
        assert {name: (await shop.numbers(name)).counts.get("accepted", 0) for name in COUNTED} == (
            dict.fromkeys(COUNTED, sent)
        )
    await shop.sweep(61)
    for name in ("ads", "stats"):
        counts = await shop.counts(name)
        arrived = await shop.arrived(name)
        assert len({*arrived}) == len(arrived)
        assert counts.get("held", 0) == 0
        assert counts["accepted"] == counts["withheld"] + len(arrived) == sent
    assert not [key async for key in shop.redis.scan_iter(f"{KEYS.events}*")]


async def test_under_another_configuration_it_ends_too(shop: Shop) -> None:
    await shop.send("a")
    text = CONFIG.replace("  hold: {seconds: 60, most_events: 5}\n", "")
    text = "\n".join(line for line in text.splitlines() if "stats" not in line)
    later = Shop(shop.redis, parse_settings(text, environment={}))
    assert await later.sweep(1) == [True]
    assert await shop.counts("ads") == await shop.counts("stats") == {"accepted": 1, "withheld": 1}


@pytest.mark.usefixtures("redis")
async def test_the_scheduler_ends_more_pages_than_it_reads_at_once(
    redis_url: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unanswered, "MAX_PAGES", 2)
    monkeypatch.setattr("gateway.queue.held_consent.MAX_PAGES", 2)
    for number in range(5):
        await shop.send(f"e{number}", page=f"{number}" * 32, at=time.time() - 61)
    names = await shop.redis.zrange(KEYS.due, 0, -1)
    await shop.redis.zadd(KEYS.due, dict.fromkeys(names, 0))
    ending = asyncio.create_task(end_unanswered_forever(SETTINGS, redis_url))
    async with asyncio.timeout(60):
        while (await shop.counts("ads")).get("withheld") != 5:
            await asyncio.sleep(0.02)
    await cancel_and_wait(ending)


async def test_the_scheduler_closes_its_connections(redis_url: str, redis: Redis) -> None:
    before = await clients(redis)
    ending = asyncio.create_task(end_unanswered_forever(SETTINGS, redis_url))
    async with asyncio.timeout(60):
        while not await clients(redis) - before:
            await asyncio.sleep(0.02)
        await cancel_and_wait(ending)
        while await clients(redis) - before:
            await asyncio.sleep(0.02)


async def clients(redis: Redis) -> set[str]:
    """The ids of all connections to Redis."""
    return {each["id"] for each in await redis.client_list()}


async def test_what_waits_can_only_be_read_with_the_token_of_its_page(shop: Shop) -> None:
    headers = {
        "authorization": "Bearer s3cr3t",
        "cookie": "PHPSESSID=s3cr3t; _ga=GA1.1.5.6; csrftoken=s3cr3t; visitor_id=7.7",
        "x-csrf-token": "s3cr3t",
        "sec-ch-ua-mobile": "?1",
        "accept-language": "de",
        "sec-gpc": "0",
    }
    raw = {"event_name": "a", "client_id": "v1", "page_title": "Mail for jo@example.com"}
    received = Received("site", time.time(), headers=headers, page_token=PAGE)
    await shop.appender.append([shop.decide(read_event(raw), received)])
    (key,) = [key async for key in shop.redis.scan_iter(f"{KEYS.events}*")]
    (data,) = await shop.redis.lrange(key, 0, -1)  # type: ignore[misc]
    read = orjson.loads(data)
    assert set(read) == {"destinations", "received_at", "version", "sealed", "receipt"}
    assert PAGE.encode() not in key + data
    event, kept = open_held(decode_held(data), page_digest(PAGE), PAGE)
    assert "jo@example.com" not in event["page_title"]
    assert kept.headers == {
        "cookie": "_ga=GA1.1.5.6; visitor_id=7.7",
        "sec-ch-ua-mobile": "?1",
        "accept-language": "de",
        "sec-gpc": "0",
    }


async def test_what_waits_is_decided_with_all_that_is_known_of_its_request() -> None:
    received = Received(
        "site",
        5.0,
        "8.8.8.8",
        "agent",
        {"cf-ipcountry": "NZ"},
        True,
        True,
        "gcs=G1",
        True,
        True,
        True,
        "1.2",
        PAGE,
    )
    event = {"event_name": "login"}
    held = HeldConsent("digest", (), {}, (), (), event, received)
    waiting = decode_held(encode_held(held, ["ads"], "v1"))
    assert waiting.destinations == ["ads"]
    assert open_held(waiting, "digest", PAGE) == (event, received)


async def test_what_is_released_finds_the_tables_as_they_are_then(shop: Shop) -> None:
    lookups = "lookups: {tiers: {key: client_id, add: [tier], redis_hash: crm:tiers}}\n"
    settings = parse_settings(CONFIG + lookups, environment={})
    tables = open_tables(settings.enrichment, settings.lookups, settings.folder)
    shop = Shop(shop.redis, settings, tables)
    await shop.send("login")
    await shop.redis.hset("crm:tiers", "v1", "gold")  # type: ignore[misc]
    await tables.refresh(shop.redis)
    await shop.say("consent", ALL)
    rows: Any = await shop.redis.xrange(ADS.stream)
    event = decode(rows[1][0], 1, rows[1][1][b"e"]).event
    assert (event["event_name"], event["tier"]) == ("login", "gold")


async def test_it_survives_the_spool(shop: Shop) -> None:
    raw = {
        "event_name": "a",
        "event_id": "a",
        "client_id": "v1",
        "consent": {"ad_storage": "denied"},
    }
    received = Received("site", time.time(), page_token=PAGE)
    decision = shop.decide(read_event(raw), received)
    before = AppendBatch([decision])
    assert before.waiting
    assert before.said
    assert before.denied
    after = Row.of(before).batch()
    for name in AppendBatch.__slots__:
        assert getattr(after, name) in (getattr(before, name), [[*e] for e in before.waiting])
