"""An audit is right even if events arrive, end and are stored between its steps."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from gateway.cli import audit
from gateway.ledger.balance import balances_of, daily_balances_of
from gateway.ledger.folder import LedgerFolder
from gateway.queue import feed as feed_module
from gateway.queue.feed import Feed
from gateway.redis_client.connect import connect_for_work
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS
from tests.support.ledger import Books

pytestmark = pytest.mark.anyio

DESTINATIONS = ("ads", "books")


def before_each_call(redis: Redis, act: Callable[[], Awaitable[None]], command: str = "") -> None:
    """Makes `redis` run `act` before each call, or before each call of `command`."""
    execute: Any = redis.execute_command

    async def interrupted(*words: Any, **options: Any) -> Any:
        if command in ("", words[0]):
            await act()
        return await execute(*words, **options)

    redis.execute_command = interrupted  # type: ignore[method-assign]


class Busy:
    """Does something random with a ledger."""

    def __init__(self, books: Books, seed: int) -> None:
        self._books = books
        self._random = random.Random(seed)
        self._number = 0

    async def act(self) -> None:
        await self._random.choice([self.append, self.end, self.store, self.store_and_die])()

    async def append(self) -> None:
        for _ in range(self._random.randint(1, 3)):
            self._number += 1
            await self._books.append(decide(make_event(self._number), DESTINATIONS))

    async def end(self) -> None:
        name = self._random.choice(DESTINATIONS)
        await self._books.settle(name, await self._books.read(name), "delivered")

    async def store(self) -> None:
        await self._books.writer.step()

    async def store_and_die(self) -> None:
        await self._books.store_and_die()


@pytest.mark.parametrize("seed", range(8))
async def test_an_audit_is_right_whatever_happens_between_its_calls(
    redis: Redis,
    redis_url: str,
    folder: LedgerFolder,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    monkeypatch.setattr(audit, "REST_SECONDS", 0)
    monkeypatch.setattr(feed_module, "MAX_PAGE", 2)
    monkeypatch.setattr(feed_module, "READ", 5)
    books = Books(redis, folder)
    await books.store()
    busy = Busy(books, seed)
    for _ in range(10):
        await busy.append()
    async with connect_for_work(redis_url) as client:
        before_each_call(client, busy.act)
        for _ in range(3):
            compared = await audit.compare(Feed(client, KEYS), DESTINATIONS, books.reader)
            found = [*balances_of(*compared), *daily_balances_of(*compared, "")]
            assert [each.problems for each in found] == [[]] * 4
    books.writer.close()


async def test_an_audit_notices_what_is_lost_while_it_reads(
    redis: Redis, redis_url: str, folder: LedgerFolder
) -> None:
    books = Books(redis, folder)
    await books.store()
    await books.append(*(decide(make_event(n), ["ads"]) for n in range(5)))

    async def lose() -> None:
        await redis.xtrim(KEYS.feed, maxlen=2, approximate=False)

    async with connect_for_work(redis_url) as client:
        before_each_call(client, lose, "XRANGE")
        compared = await audit.compare(Feed(client, KEYS), ["ads"], books.reader)
    (found,) = balances_of(*compared)
    assert found.problems == ["accepted: Redis counts 5, the ledger 2"]
    assert await redis.hget(ADS.counts, "accepted") == b"5"
    books.writer.close()


async def test_an_audit_ends_while_the_ledger_stores_a_long_feed(
    redis: Redis, redis_url: str, folder: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audit needs no moment at which nothing is being stored."""
    monkeypatch.setattr(feed_module, "MAX_PAGE", 2)
    monkeypatch.setattr(feed_module, "READ", 1)
    monkeypatch.setattr(audit, "TRIES", 1)
    books = Books(redis, folder)
    await books.store()
    await books.append(*(decide(make_event(n), ["ads"]) for n in range(60)))

    async def store() -> None:
        await books.writer.step()

    async with connect_for_work(redis_url) as client:
        before_each_call(client, store)
        compared = await audit.compare(Feed(client, KEYS), ["ads"], books.reader)
    (found,) = balances_of(*compared)
    assert (found.problems, found.redis["accepted"]) == ([], 60)
    assert 0 < len(await books.records()) < 60
    books.writer.close()
