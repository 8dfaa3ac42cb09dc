"""Late consent: events wait for a word of their visitor, and every one of them ends once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from gateway.delivery import release as release_module
from gateway.delivery.release import release, release_forever
from gateway.event import Received, read_event
from gateway.late_consent import Late
from gateway.metrics import DestinationNumbers, read_numbers
from gateway.pipeline import Pipeline, compile_pipeline
from gateway.queue.append import Appender, Remembered
from gateway.queue.appendix import Appendix
from gateway.queue.connect import connect_for_intake
from gateway.queue.entry import decode, decode_waiting, encode_waiting
from gateway.queue.keys import DUE, EVENTS, SAID, DestinationKeys
from gateway.queue.late import due_visitors, withdrawn
from gateway.queue.tally import Tally
from gateway.settings import Settings, parse_settings
from gateway.spool_file import Row

pytestmark = pytest.mark.anyio
CONFIG = """
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
ADS = {"ad_storage": "granted", "ad_user_data": "granted"}
ALL = {**ADS, "analytics_storage": "granted"}
NONE = dict.fromkeys(ALL, "denied")


async def nobody(_: object) -> None:
    pass


class Shop:
    """A gateway without its processes: what comes in, what waits, what went on."""

    def __init__(self, redis: Redis, settings: Settings = SETTINGS) -> None:
        self.redis, self.settings = redis, settings
        self.decide: Pipeline = compile_pipeline(settings)
        self.appender = Appender(redis, Tally(), nobody, Remembered.of(settings))  # type: ignore[arg-type]

    async def send(
        self,
        name: str,
        consent: Mapping[str, str] | None = None,
        visitor: str = "v1",
        at: float = 0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        raw: dict[str, Any] = {"event_name": name, "event_id": name, "client_id": visitor}
        if consent is not None:
            raw["consent"] = consent
        received = Received("site", at or time.time(), "8.8.8.8", "agent", headers or {})
        await self.appender.append([self.decide(read_event(raw), received)])

    async def look(self, now: float = 0) -> list[bool]:
        """As the sweep does, at the time `now`; for each visitor whether something was written."""
        hold = self.settings.consent.hold
        return [
            await release(
                visitor,
                self.decide,
                self.appender,
                hold.seconds if hold else 0,
                lambda: now or time.time(),
            )
            for visitor in await due_visitors(self.redis)
        ]

    async def arrived(self, destination: str) -> list[str]:
        rows: Any = await self.redis.xrange(DestinationKeys.of(destination).stream)
        return [decode(key, 1, fields[b"e"]).event["event_name"] for key, fields in rows]

    async def numbers(self, destination: str) -> DestinationNumbers:
        """Of `destination`, once they add up."""
        numbers = (await read_numbers(self.redis, [destination])).destinations[destination]
        counts = numbers.counts
        ended = sum(counts.get(name, 0) for name in ("withheld", "delivered", "rejected"))
        assert counts.get("accepted", 0) == ended + numbers.pending
        return numbers

    async def counts(self, destination: str) -> dict[str, int]:
        numbers = await self.numbers(destination)
        return {name: count for name, count in numbers.counts.items() if count}


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


async def test_a_grant_releases_in_order_and_only_what_it_grants(shop: Shop) -> None:
    for name in "abc":
        await shop.send(name)
    await shop.send("d", ALL)
    assert await shop.look() == [True]
    assert await shop.arrived("ads") == ["d", "a", "b", "c"]
    assert await shop.arrived("stats") == ["d", "a", "b", "c"]
    assert await shop.arrived("crm") == ["a", "b", "c", "d"]
    assert await shop.counts("ads") == {"accepted": 4}
    assert await shop.look() == []


async def test_what_is_released_says_what_was_granted(shop: Shop, redis: Redis) -> None:
    await shop.send("a")
    await shop.send("b", ALL)
    await shop.look()
    rows: Any = await redis.xrange(DestinationKeys.of("ads").stream)
    event = decode(rows[1][0], 1, rows[1][1][b"e"]).event
    assert event["event_name"] == "a"
    assert event["consent"] == ALL


async def test_a_denial_destroys(shop: Shop, redis: Redis) -> None:
    await shop.send("a")
    await shop.send("b", NONE)
    await shop.look()
    assert await shop.arrived("ads") == []
    assert await shop.counts("ads") == {"accepted": 2, "withheld": 2}
    assert not await redis.exists(EVENTS, DUE, SAID)
    assert not [key async for key in redis.scan_iter(f"{EVENTS}*")]


async def test_a_word_on_one_type_leaves_the_others_waiting(shop: Shop) -> None:
    await shop.send("a")
    await shop.send("b", ADS)
    assert await shop.look() == [True]
    assert await shop.arrived("ads") == ["b"]  # `a` still waits for `stats`
    assert (await shop.counts("stats"))["held"] == 2
    await shop.send("c", {"analytics_storage": "denied"})
    await shop.look()
    assert await shop.arrived("ads") == ["b", "a", "c"]  # what `b` said holds for `c` too
    assert await shop.counts("stats") == {"accepted": 3, "withheld": 3}


async def test_the_end_of_the_time_destroys(shop: Shop) -> None:
    await shop.send("a", at=time.time() - 61)
    await shop.send("b")
    assert await shop.look() == []  # not due yet
    await shop.redis.zadd(DUE, dict.fromkeys(await shop.redis.zrange(DUE, 0, -1), 0))
    await shop.look()
    assert await shop.counts("ads") == {"accepted": 2, "held": 1, "withheld": 1}
    (due,) = [score for _, score in await shop.redis.zrange(DUE, 0, -1, withscores=True)]
    assert due / 1000 == pytest.approx(time.time() + 60, abs=5)


async def test_of_one_visitor_so_many_wait(shop: Shop) -> None:
    for number in range(8):
        await shop.send(f"e{number}")
    assert await shop.counts("ads") == {"accepted": 8, "held": 5, "withheld": 3}


async def test_visitors_wait_by_themselves(shop: Shop) -> None:
    await shop.send("a", visitor="v1")
    await shop.send("b", visitor="v2")
    await shop.send("c", ALL, visitor="v2")
    await shop.look()
    assert await shop.arrived("ads") == ["c", "b"]
    assert (await shop.counts("ads"))["held"] == 1


async def test_two_who_release_at_once_write_it_once(shop: Shop) -> None:
    for name in "abc":
        await shop.send(name)
    await shop.send("d", ALL)
    (visitor,) = await due_visitors(shop.redis)
    wrote = await asyncio.gather(
        *(release(visitor, shop.decide, shop.appender, 60) for _ in range(3))
    )
    assert sorted(wrote) == [False, False, True]
    assert await shop.arrived("ads") == ["d", "a", "b", "c"]
    assert await shop.counts("ads") == {"accepted": 4}


async def test_a_word_that_comes_while_it_is_decided_is_not_lost(shop: Shop) -> None:
    await shop.send("a")
    await shop.send("b", ADS)
    (visitor,) = await due_visitors(shop.redis)
    await shop.send("c", NONE)
    assert not await release(visitor, shop.decide, shop.appender, 60)
    await shop.look()
    assert await shop.arrived("ads") == ["b"]
    assert await shop.counts("stats") == {"accepted": 3, "withheld": 3}


async def test_under_another_configuration_it_ends_too(shop: Shop) -> None:
    await shop.send("a")
    text = CONFIG.replace("  hold: {seconds: 60, most_events: 5}\n", "")
    text = "\n".join(line for line in text.splitlines() if "stats" not in line)
    later = Shop(shop.redis, parse_settings(text, environment={}))
    await shop.redis.zadd(DUE, dict.fromkeys(await shop.redis.zrange(DUE, 0, -1), 0))
    assert await later.look() == [True]
    assert await shop.counts("ads") == await shop.counts("stats") == {"accepted": 1, "withheld": 1}


async def test_without_a_visitor_nobody_can_wait(shop: Shop) -> None:
    raw = {"event_name": "a", "event_id": "a"}
    await shop.appender.append([shop.decide(read_event(raw), Received("site", 1.0))])
    assert await shop.counts("ads") == {"accepted": 1, "withheld": 1}


async def test_what_waits_has_no_free_text_about_people_nor_keys(shop: Shop) -> None:
    headers = {"authorization": "Bearer s3cr3t", "cookie": "_ga=GA1.1.5.6"}
    raw = {"event_name": "a", "client_id": "v1", "page_title": "Mail for jo@example.com"}
    received = Received("site", time.time(), headers=headers)
    await shop.appender.append([shop.decide(read_event(raw), received)])
    (key,) = [key async for key in shop.redis.scan_iter(f"{EVENTS}*")]
    (data,) = await shop.redis.lrange(key, 0, -1)  # type: ignore[misc]
    assert b"s3cr3t" not in data
    assert b"jo@example.com" not in data
    assert b"v1" not in key
    assert orjson.loads(data)["received"]["headers"] == {"cookie": "_ga=GA1.1.5.6"}


async def test_what_waits_is_decided_with_all_that_is_known_of_its_request() -> None:
    received = Received("site", 5.0, "8.8.8.8", "agent", {"cf-ipcountry": "NZ"}, True, True)
    event = {"event_name": "login"}
    waiting = encode_waiting(Late("v1", {}, event, received), ["ads"])
    assert decode_waiting(waiting) == (event, received, ["ads"])


async def test_what_is_released_finds_the_tables_as_they_are_then(
    redis_url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_module, "LOOK_SECONDS", 0.02)
    lookups = "lookups: {tiers: {key: client_id, add: [tier], redis_hash: crm:tiers}}\n"
    settings = parse_settings(CONFIG + lookups, environment={})
    releasing = asyncio.create_task(release_forever(settings, redis_url))
    shop = Shop(redis, settings)
    await shop.send("login")
    await redis.hset("crm:tiers", "v1", "gold")
    await shop.send("consent", ALL)
    async with asyncio.timeout(5):
        while len(await shop.arrived("ads")) < 2:
            await asyncio.sleep(0.02)
    releasing.cancel()
    rows: Any = await redis.xrange(DestinationKeys.of("ads").stream)
    tiers = {
        event["event_name"]: event.get("tier")
        for event in (decode(key, 1, fields[b"e"]).event for key, fields in rows)
    }
    assert tiers["login"] == "gold"


async def test_it_survives_the_spool(shop: Shop) -> None:
    raw = {"event_name": "a", "event_id": "a", "client_id": "v1"}
    decision = shop.decide(read_event(raw), Received("site", time.time()))
    before = Appendix([decision])
    after = Row.of(before).appendix()
    for name in Appendix.__slots__:
        assert getattr(after, name) in (getattr(before, name), [[*e] for e in before.waiting])


async def test_a_denial_stops_what_still_waits_to_be_sent(shop: Shop) -> None:
    await shop.send("a", ALL)
    await shop.send("b", ALL, visitor="v2")
    await shop.send("c", {**ALL, "ad_storage": "denied"})
    await shop.send("d", ALL, at=time.time() + 5)
    rows: Any = await shop.redis.xrange(DestinationKeys.of("ads").stream)
    entries = [decode(key, 1, fields[b"e"]) for key, fields in rows]
    stopped = await withdrawn(shop.redis, entries, ["ad_storage", "ad_user_data"])
    assert [entry.event["event_name"] for entry in stopped] == ["a"]
    assert not await withdrawn(shop.redis, entries, ["analytics_storage"])
    assert not await withdrawn(shop.redis, entries, [])
