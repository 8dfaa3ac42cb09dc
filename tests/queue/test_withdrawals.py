"""Withdrawals: a denial stops events that wait in the streams, if it comes with a proof."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from gateway.configuration.load import parse_settings
from gateway.event import Received, read_event
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.append import Appender, Retention
from gateway.queue.append_batch import AppendBatch
from gateway.queue.entry import decode
from gateway.queue.feed import Feeding
from gateway.queue.held_consent import withdrawn
from gateway.queue.pending_counts import PendingCounts
from gateway.redis_client.connect import connect_for_intake
from tests.support.dead_letters import nobody
from tests.support.keys import ADS, KEYS

pytestmark = pytest.mark.anyio

SETTINGS = parse_settings(
    """
server: {hash_salt: a-salt-of-the-shop}
sources: {site: {type: collect}}
enrichment: []
identity: {seed: false, consent: []}
consent: {default: {}, regions: [], withdrawals: true}
destinations:
  ads: {type: webhook, url: "https://ads.example/", consent: [ad_storage]}
""",
    environment={},
)
GRANTED, DENIED = {"ad_storage": "granted"}, {"ad_storage": "denied"}
PAGE, OTHER_PAGE = "p" * 32, "q" * 32
TYPES = ["ad_storage"]
decide = compile_pipeline(SETTINGS)


class Browser:
    """Keeps the cookies that it gets. page: its page token."""

    def __init__(self, page: str = "") -> None:
        self.page = page
        self.jar: dict[str, str] = {}

    def sends(self, name: str, consent: Mapping[str, str], **fields: Any) -> Decision:
        cookies = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        headers = {"host": "shop.example", "cookie": cookies}
        received = Received("site", time.time(), "8.8.8.8", "agent", headers)
        received.page_token = self.page
        decision = decide(read_event({"event_name": name, "consent": consent, **fields}), received)
        for cookie in decision.cookies:
            key, _, value = cookie.partition(";")[0].partition("=")
            self.jar[key] = value
        return decision


def trusted(name: str, consent: Mapping[str, str] | None = None, **fields: Any) -> Decision:
    stated = {"consent": consent} if consent else {}
    event = read_event({"event_name": name, **stated, **fields})
    return decide(event, Received("site", time.time(), trusted=True, backend=True))


class Queue:
    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        feeding = Feeding(1_000_000, lambda *_: [])
        self.appender = Appender(
            redis, KEYS, PendingCounts(), nobody, Retention.of(SETTINGS), feeding
        )  # type: ignore[arg-type]

    async def take(self, *decisions: Decision) -> None:
        for decision in decisions:
            await self.appender.append([decision])

    async def stopped(self) -> list[str]:
        rows: Any = await self.redis.xrange(ADS.stream)
        entries = [decode(key, 1, fields[b"e"]) for key, fields in rows]
        stopped = await withdrawn(self.redis, KEYS, entries, TYPES)
        assert not await withdrawn(self.redis, KEYS, entries, ["analytics_storage"])
        assert not await withdrawn(self.redis, KEYS, entries, [])
        return [entry.event["event_name"] for entry in stopped]


@pytest.fixture
async def queue(redis_url: str, redis: Redis) -> AsyncIterator[Queue]:
    async with connect_for_intake(redis_url) as client:
        yield Queue(client)


async def test_a_page_stops_its_own_events_that_came_before(queue: Queue) -> None:
    page = Browser(PAGE)
    await queue.take(page.sends("a", GRANTED, client_id="v1"))
    await queue.take(Browser(OTHER_PAGE).sends("b", GRANTED, client_id="v1"))
    await queue.take(page.sends("c", DENIED))
    await asyncio.sleep(0.01)
    await queue.take(page.sends("d", GRANTED))
    assert await queue.stopped() == ["a"]


async def test_a_denial_stops_nothing_that_its_request_grants_after_it(queue: Queue) -> None:
    page, other = Browser(PAGE), Browser(OTHER_PAGE)
    earlier = page.sends("a", GRANTED)
    earlier.received_at -= 0.1
    await queue.take(earlier)
    request = [
        page.sends("b", DENIED),
        other.sends("c", GRANTED),
        page.sends("d", GRANTED),
        other.sends("e", DENIED),
    ]
    for decision in request:
        decision.received_at = request[0].received_at
    await asyncio.sleep(0.01)
    await queue.appender.append(request)
    assert await queue.stopped() == ["a", "c"]


async def test_the_ledger_gets_a_request_that_takes_a_denial_back(queue: Queue) -> None:
    page = Browser(PAGE)
    await queue.appender.append([page.sends("a", DENIED), page.sends("b", GRANTED)])
    assert await queue.redis.xlen(KEYS.feed) == 2


@pytest.mark.parametrize("earlier", [False, True], ids=["this version", "an earlier one"])
async def test_a_batch_that_was_spooled_denies_the_same(queue: Queue, earlier: bool) -> None:
    page, other = Browser(PAGE), Browser(OTHER_PAGE)
    first = page.sends("a", GRANTED)
    first.received_at -= 0.1
    await queue.take(first)
    request = [
        page.sends("b", DENIED),
        other.sends("c", GRANTED),
        page.sends("d", GRANTED),
        other.sends("e", DENIED),
    ]
    await asyncio.sleep(0.01)
    batch = queue.appender.batch_of(request)
    head = orjson.loads(orjson.dumps(batch.head))
    if earlier:
        head |= in_two_parts(head["denied"])
    await queue.appender.write([AppendBatch.of(head, batch.payloads)])
    assert await queue.stopped() == ["a", "c"]


def in_two_parts(denied: dict[str, dict[str, int]]) -> dict[str, Any]:
    """`denied` of a head as earlier versions wrote it."""
    return {
        "denied": {
            each: [kind for kind in kinds if not kinds[kind]] for each, kinds in denied.items()
        },
        "denied_before": {
            each: {kind: end for kind, end in kinds.items() if end}
            for each, kinds in denied.items()
        },
    }


async def test_the_last_word_of_a_request_is_a_denial(queue: Queue) -> None:
    page = Browser(PAGE)
    states = [("a", DENIED), ("b", GRANTED), ("c", DENIED)]
    await queue.appender.append([page.sends(*each) for each in states])
    assert await queue.stopped() == ["b"]


async def test_a_denial_that_was_taken_back_shortens_no_other(queue: Queue) -> None:
    page = Browser(PAGE)
    await queue.take(page.sends("a", GRANTED), page.sends("b", DENIED))
    taken_back = [page.sends("c", DENIED), page.sends("d", GRANTED)]
    for decision in taken_back:
        decision.received_at -= 60
    await queue.appender.append(taken_back)
    assert await queue.stopped() == ["a", "d"]


async def test_a_web_process_may_have_a_clock_that_is_ahead_of_that_of_redis(queue: Queue) -> None:
    page = Browser(PAGE)
    before = page.sends("a", GRANTED)
    before.received_at += 3600
    await queue.take(before)
    await queue.take(page.sends("c", DENIED))
    await asyncio.sleep(0.01)
    after = page.sends("d", GRANTED)
    after.received_at += 3600
    await queue.take(after)
    assert await queue.stopped() == ["a"]


async def test_a_browser_stops_all_events_of_the_visitor_id_that_was_made_for_it(
    queue: Queue,
) -> None:
    browser = Browser()
    await queue.take(browser.sends("a", GRANTED), browser.sends("b", GRANTED))
    assert {*browser.jar} == {"visitor_id", "visitor_id_proof"}
    await queue.take(browser.sends("c", DENIED))
    assert await queue.stopped() == ["a", "b"]


async def test_a_known_client_id_stops_nothing_without_proof(queue: Queue) -> None:
    browser, stranger = Browser(PAGE), Browser(OTHER_PAGE)
    await queue.take(browser.sends("a", GRANTED))
    known = browser.jar["visitor_id"]
    stranger.jar = {"visitor_id": known, "_ga": f"GA1.1.{known}", "gateway_client_id": known}
    await queue.take(stranger.sends("b", GRANTED, client_id=known))
    await queue.take(stranger.sends("c", DENIED, client_id=known))
    assert await queue.stopped() == ["b"]  # its own


@pytest.mark.parametrize("proof", ["", "x", "\u00e9", "A" * 43, "of another"])
async def test_a_wrong_proof_is_none(queue: Queue, proof: str) -> None:
    browser, stranger = Browser(), Browser()
    await queue.take(browser.sends("a", GRANTED))
    stranger.sends("own", GRANTED)
    if proof != "of another":
        stranger.jar["visitor_id_proof"] = proof
    stranger.jar["visitor_id"] = browser.jar["visitor_id"]
    await queue.take(stranger.sends("c", DENIED))
    assert await queue.stopped() == []


@pytest.mark.parametrize("place", ["the event", "a cookie"])
async def test_an_id_that_anybody_can_send_gets_no_proof(place: str) -> None:
    identity = SETTINGS.identity.model_copy(update={"seed": True})
    seeding = compile_pipeline(SETTINGS.model_copy(update={"identity": identity}))
    cookie = "_ga=GA1.1.12.34" if place == "a cookie" else ""
    event = {"event_name": "a", "consent": dict.fromkeys(("analytics_storage",), "granted")}
    if place == "the event":
        event["client_id"] = "12.34"
    received = Received("site", 1.0, headers={"host": "shop.example", "cookie": cookie})
    (visitor,) = seeding(event, received).cookies
    assert visitor.startswith("visitor_id=12.34;")


async def test_a_trusted_sender_stops_the_events_of_the_client_id_that_it_names(
    queue: Queue,
) -> None:
    await queue.take(
        Browser(PAGE).sends("a", GRANTED, client_id="v1"),
        Browser(PAGE).sends("b", GRANTED, client_id="v2"),
        trusted("c", GRANTED, client_id="v1"),
        trusted("d", DENIED, client_id="v1"),
    )
    assert await queue.stopped() == ["a", "c"]


async def test_what_a_trusted_sender_stated_only_a_trusted_sender_denies(queue: Queue) -> None:
    browser = Browser()
    first = browser.sends("a", GRANTED)
    visitor = browser.jar["visitor_id"]
    settings = SETTINGS.consent.model_copy(update={"default": GRANTED})
    silent = compile_pipeline(SETTINGS.model_copy(update={"consent": settings}))
    of_backend = Received("site", time.time(), trusted=True)
    await queue.take(
        first,
        trusted("stated", GRANTED, client_id=visitor),
        silent({"event_name": "silent", "client_id": visitor}, of_backend),
        browser.sends("d", DENIED),
    )
    assert await queue.stopped() == ["a", "silent"]
    await queue.take(trusted("e", DENIED, client_id=visitor))
    assert await queue.stopped() == ["a", "stated", "silent"]


async def test_an_anonymous_request_uses_no_proof_cookie(queue: Queue) -> None:
    browser = Browser()
    await queue.take(browser.sends("a", GRANTED))
    cookies = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
    received = Received("site", time.time(), headers={"cookie": cookies}, anonymous=True)
    await queue.take(decide({"event_name": "b", "consent": DENIED}, received))
    assert await queue.stopped() == []


async def test_names_of_keys_and_entries_hold_neither_ids_nor_tokens(queue: Queue) -> None:
    page = Browser(PAGE)
    await queue.take(page.sends("a", GRANTED), page.sends("b", DENIED))
    secrets = [PAGE.encode(), page.jar["visitor_id_proof"].encode()]
    keys = [key async for key in queue.redis.scan_iter(f"{KEYS.withdrawn}*")]
    names = [key for key in keys if b"#" not in key]
    assert len(names) == 2
    rows: Any = await queue.redis.xrange(ADS.stream)
    for secret in [*secrets, page.jar["visitor_id"].encode()]:
        assert not any(secret in name for name in names)
    for secret in secrets:
        assert not any(secret in fields[b"e"] for _, fields in rows)
    assert len({len(name) for name in names}) == 1
