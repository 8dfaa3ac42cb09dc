"""Events are put back into their stream, once for each passage, whoever asks for it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from gateway.queue.dead_letters import find
from gateway.queue.entry import encode_entry
from gateway.queue.receipts import new_receipt
from gateway.queue.replay import Replay, put_back
from gateway.queue.settle import Reporting
from tests.support.dead_letters import bury
from tests.support.destination_numbers import numbers
from tests.support.events import make_event
from tests.support.keys import ADS, KEYS

RECEIPT = new_receipt(1_800_000_000.0)
REPORTING = Reporting(KEYS, 1_000_000, "ads", "version-1")

pytestmark = pytest.mark.anyio


def replay_of(passage: int = 2, letter: str = "", receipt: str = RECEIPT) -> Replay:
    entry = encode_entry(make_event(1), "site", 1.0, "version-1", [], [], True)
    return Replay(entry, 1.0, letter, receipt, passage)


async def counts(redis: Redis) -> dict[str, int]:
    now = await numbers(redis)
    return {name: now.counts.get(name, 0) for name in ("accepted", "replayed", "rejected")} | {
        "pending": now.pending,
        "dead": now.dead,
    }


async def letter_id(redis: Redis) -> str:
    await bury(redis, "ads", [make_event(1)])
    (letter,) = [each.id async for each in find(redis, ADS)]
    return letter


async def test_a_passage_begins_once(redis: Redis) -> None:
    assert await put_back(redis, ADS, [replay_of(), replay_of()]) == 1
    assert await put_back(redis, ADS, [replay_of(), replay_of(3)]) == 1
    assert await redis.xlen(ADS.stream) == 2
    (first, *_) = [key async for key in redis.scan_iter(f"{ADS.replays}:*")]
    assert 86_000 < await redis.ttl(first) <= 86_400


async def test_without_a_receipt_nothing_is_remembered(redis: Redis) -> None:
    assert await put_back(redis, ADS, [replay_of(receipt=""), replay_of(receipt="")]) == 2
    assert [key async for key in redis.scan_iter(f"{ADS.replays}:*")] == []


async def test_its_dead_letter_goes_in_the_same_step(redis: Redis) -> None:
    letter = await letter_id(redis)
    assert await put_back(redis, ADS, [replay_of(2, letter), replay_of(3, letter)]) == 1
    assert await counts(redis) == {
        "accepted": 2,
        "replayed": 1,
        "rejected": 1,
        "pending": 1,
        "dead": 0,
    }


async def test_a_passage_that_has_begun_leaves_the_dead_letter(redis: Redis) -> None:
    letter = await letter_id(redis)
    await put_back(redis, ADS, [replay_of()])
    assert await put_back(redis, ADS, [replay_of(2, letter)]) == 0
    assert (await counts(redis))["dead"] == 1


async def test_the_ledger_hears_of_those_alone_that_were_put_back(redis: Redis) -> None:
    await put_back(redis, ADS, [replay_of()], REPORTING)
    await put_back(redis, ADS, [replay_of(), replay_of(3), replay_of(receipt="")], REPORTING)
    await put_back(redis, ADS, [replay_of()], REPORTING)
    rows: Any = await redis.xrange(KEYS.feed)
    assert [fields[b"a"].decode() for _, fields in rows] == [f"{RECEIPT}/2", f"{RECEIPT}/3"]
    assert orjson.loads(rows[0][1][b"p"]) == {"destination": "ads", "again": True}


async def test_when_memory_is_full_nothing_is_lost(redis: Redis) -> None:
    letter = await letter_id(redis)
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(OutOfMemoryError):
            await put_back(redis, ADS, [replay_of(2, letter)])
    finally:
        await redis.config_set("maxmemory", 0)
    assert (await counts(redis))["dead"] == 1
    assert await put_back(redis, ADS, [replay_of(2, letter)]) == 1
