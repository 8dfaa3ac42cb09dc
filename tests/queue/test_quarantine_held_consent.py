"""Released events do not wait for consent and state none, but a denial can stop them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.event import Event, Received
from gateway.monitoring.numbers import read_numbers
from gateway.operations.quarantine_review import compile_review
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.append import Appender, Retention
from gateway.queue.entry import Entry
from gateway.queue.held_consent import withdrawn
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.quarantine import quarantine_of
from gateway.queue.read import Reader, ensure_group
from tests.support.dead_letters import nobody
from tests.support.keys import ADS, KEYS
from tests.support.quarantine import make_releaser

pytestmark = pytest.mark.anyio

CONFIG = """
server: {{hash_salt: a-salt-of-the-shop}}
sources: {{site: {{type: collect}}}}
enrichment: []
identity: {{replace_client_id: {replace_client_id}, consent: []}}
consent:
  default: {default}
  regions: []
  hold: {{seconds: 600}}
  withdrawals: true
schemas:
  purchase: {{on_mismatch: quarantine, schema: {{required: [currency]}}}}
destinations:
  ads: {{type: webhook, url: "https://ads.example/", consent: [ad_storage]}}
  books: {{type: webhook, url: "https://books.example/", consent: []}}
"""


def parse(default: str, replace_client_id: bool = False) -> Settings:
    return parse_settings(
        CONFIG.format(
            default="{}"
            if default == "unset"
            else f"{{ad_storage: {default}, analytics_storage: granted}}",
            replace_client_id=str(replace_client_id).lower(),
        )
    )


def sent(name: str = "purchase", **fields: Any) -> tuple[Event, Received]:
    """An event of the visitor ``123.456``, as its browser sends it now."""
    event = {"event_name": name, "event_id": name, "client_id": "123.456", **fields}
    headers = {"host": "shop.example", "cookie": "visitor_id=11.22"}
    received = Received("site", time.time(), "81.2.69.142", "Mozilla/5.0", headers)
    received.page_token = "p" * 32
    return event, received


async def append(redis: Redis, settings: Settings, *decisions: Decision) -> None:
    await ensure_group(redis, ADS)
    appender = Appender(redis, KEYS, PendingCounts(), nobody, Retention.of(settings))  # type: ignore[arg-type]
    await appender.append(list(decisions))


async def release(redis: Redis, settings: Settings) -> None:
    review = compile_review(settings, checked=False)
    decided = {each.id: review(each) async for each in quarantine_of(KEYS).find(redis)}
    releaser = make_releaser(redis, nobody, Retention.of(settings))
    assert await releaser.release(decided) == len(decided) == 1


async def pending(redis: Redis) -> list[Entry]:
    return (await Reader(redis, ADS, "drain").new(10, None)).entries


async def test_what_it_never_said_decides_nothing_for_its_visitor(redis: Redis) -> None:
    """Its consent is now the default; taken for a denial, that would end held events."""
    settings = parse("denied")
    decide = compile_pipeline(settings)
    await append(redis, settings, decide(*sent()), decide(*sent("page_view")))
    before = await redis.zrange(KEYS.due, 0, -1, withscores=True)
    await release(redis, settings)
    numbers = (await read_numbers(redis, KEYS, ["ads"])).destinations["ads"]
    assert numbers.counts == {"accepted": 3, "withheld": 2, "held": 1}
    assert await redis.zrange(KEYS.due, 0, -1, withscores=True) == before
    assert await redis.hgetall(KEYS.said) == {}
    assert await redis.keys(f"{KEYS.withdrawn}*") == []


async def test_it_waits_for_no_word_itself(redis: Redis) -> None:
    """Its consent type has no default, and nothing was stated about it."""
    settings = parse("unset")
    await append(redis, settings, compile_pipeline(settings)(*sent()))
    await release(redis, settings)
    numbers = (await read_numbers(redis, KEYS, ["ads"])).destinations["ads"]
    assert numbers.counts == {"accepted": 2, "withheld": 2}


@pytest.mark.parametrize("replace_client_id", [False, True])
async def test_a_denial_that_came_meanwhile_stops_it(redis: Redis, replace_client_id: bool) -> None:
    settings = parse("granted", replace_client_id)
    decide = compile_pipeline(settings)
    await append(redis, settings, decide(*sent()))
    await append(redis, settings, decide(*sent("page_view", consent={"ad_storage": "denied"})))
    await release(redis, settings)
    (entry,) = await pending(redis)
    assert entry.event["event_name"] == "purchase"
    assert entry.event["client_id"] == ("11.22" if replace_client_id else "123.456")
    assert await withdrawn(redis, KEYS, [entry], ["ad_storage"]) == [entry]


async def test_an_earlier_denial_does_not(redis: Redis) -> None:
    settings = parse("granted")
    decide = compile_pipeline(settings)
    await append(redis, settings, decide(*sent("page_view", consent={"ad_storage": "denied"})))
    await append(redis, settings, decide(*sent()))
    await release(redis, settings)
    assert await withdrawn(redis, KEYS, await pending(redis), ["ad_storage"]) == []
