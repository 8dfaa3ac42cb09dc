"""Events that Redis cannot take wait on disk, and reach it later: all of them, once, in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError, RedisError

from gateway.pipeline.decision import Decision
from gateway.queue.admission import Full
from gateway.queue.append import Appender, Retention
from gateway.queue.append_batch import AppendBatch
from gateway.queue.bounds import Closed
from gateway.queue.commits import Commit
from gateway.queue.entry import decode
from gateway.queue.pending_counts import PendingCounts
from gateway.redis_client.connect import connect_for_intake
from gateway.spool import appender as spool_module
from gateway.spool.appender import SpoolingAppender
from gateway.spool.file import (
    PORTION_BYTES,
    PORTION_ROWS,
    PORTION_WEIGHT,
    SpoolError,
    SpoolFull,
)
from gateway.spool.folder import SpoolFolder
from tests.support.events import decide, decisions, make_event
from tests.support.keys import ADS, KEYS
from tests.support.valkey_server import Valkey

pytestmark = pytest.mark.anyio

Open = Callable[..., Awaitable[SpoolingAppender]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "PROBE_SECONDS", 0.02)
    monkeypatch.setattr(spool_module, "ADOPT_SECONDS", 0.05)


@pytest.fixture
async def open_spool(mortal: Valkey, tmp_path: Path) -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def wake(_: object) -> None:
            return

        async def open_spool(max_bytes: int = 10_000_000, dedupe: int = 0) -> SpoolingAppender:
            redis = await stack.enter_async_context(connect_for_intake(mortal.url))
            folder = SpoolFolder(tmp_path / "spool", max_bytes)
            appender = Appender(redis, KEYS, PendingCounts(), wake, Retention(dedupe))
            spool = SpoolingAppender(appender, redis, folder)
            await spool.open()
            stack.push_async_callback(spool.close)
            return spool

        yield open_spool


@pytest.fixture
def client(mortal: Valkey) -> Redis:
    return mortal.client()


@pytest.fixture
async def spool(open_spool: Open) -> SpoolingAppender:
    return await open_spool()


def event(number: int) -> list[Decision]:
    return [decide(make_event(number), send=["ads"], withhold=["books"])]


async def append(spool: SpoolingAppender, first: int, count: int) -> list[str]:
    """Appends `count` events one after the other. Returns their ids."""
    for number in range(first, first + count):
        await spool.append(event(number))
    return [f"event-{number}" for number in range(first, first + count)]


async def fed(spool: SpoolingAppender) -> None:
    async with asyncio.timeout(60):
        while spool.is_spooling:
            await asyncio.sleep(0.01)


def arrived(server: Valkey, destination: str = "ads") -> list[str]:
    with server.client() as redis:
        rows = redis.xrange(KEYS.destination(destination).stream)
    return [decode(number, 1, fields[b"e"]).event["event_id"] for number, fields in rows]  # type: ignore[union-attr]


def accepted(server: Valkey, destination: str) -> int:
    with server.client() as redis:
        return int(redis.hget(KEYS.destination(destination).counts, "accepted") or 0)  # type: ignore[arg-type]


def files(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "spool").iterdir())


async def test_while_redis_answers_nothing_touches_the_disk(
    spool: SpoolingAppender, mortal: Valkey, tmp_path: Path
) -> None:
    ids = await append(spool, 0, 5)
    assert arrived(mortal) == ids
    assert not spool.is_spooling
    assert files(tmp_path) == []
    assert spool.numbers.spooled == 0


async def test_what_came_while_redis_was_dead_arrives_once_and_in_order(
    spool: SpoolingAppender, mortal: Valkey, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.spool.appender")
    ids = await append(spool, 0, 5)
    mortal.kill()
    ids += await append(spool, 5, 300)
    assert spool.is_spooling
    assert spool.numbers.events == spool.numbers.spooled == 300
    assert spool.numbers.bytes > 300 * 50
    mortal.start()
    await fed(spool)
    ids += await append(spool, 305, 5)
    assert arrived(mortal) == ids
    assert accepted(mortal, "ads") == accepted(mortal, "books") == 310
    assert (spool.numbers.events, spool.numbers.bytes, spool.numbers.spooled) == (0, 0, 300)
    assert files(tmp_path) == []
    started, ended = [record.message for record in caplog.records]
    assert "ConnectionError" in started
    assert "300 events sent to Redis" in ended


async def test_destinations_that_were_forgotten_meanwhile_are_known_again(
    spool: SpoolingAppender, mortal: Valkey, client: Redis
) -> None:
    """Otherwise nothing would remove the events of a destination that is no longer configured."""
    mortal.kill()
    await append(spool, 0, 1)
    mortal.start()
    await fed(spool)
    assert client.smembers(KEYS.destinations) == {b"ads"}


async def test_what_comes_again_while_it_waits_arrives_once(
    open_spool: Open, mortal: Valkey
) -> None:
    spool = await open_spool(dedupe=600)
    ids = await append(spool, 0, 5)
    mortal.kill()
    await append(spool, 0, 10)
    ids += await append(spool, 5, 5)
    mortal.start()
    await fed(spool)
    assert arrived(mortal) == ids
    assert accepted(mortal, "ads") == 10


async def test_new_events_line_up_behind_those_that_wait(
    spool: SpoolingAppender, mortal: Valkey
) -> None:
    mortal.kill()
    ids = await append(spool, 0, 300)
    mortal.start()
    number = 300
    while spool.is_spooling:
        ids += await append(spool, number, 1)
        number += 1
    ids += await append(spool, number, 20)
    await fed(spool)
    assert arrived(mortal) == ids


async def test_many_at_once_through_several_deaths(spool: SpoolingAppender, mortal: Valkey) -> None:
    async def visitor(name: int) -> None:
        for number in range(60):
            await spool.append(event(1000 * name + number))
            await asyncio.sleep(0.005)

    visitors = asyncio.gather(*(visitor(name) for name in range(20)))
    for _ in range(3):
        await asyncio.sleep(0.1)
        mortal.kill()
        await asyncio.sleep(0.1)
        await asyncio.to_thread(mortal.start)
    await visitors
    await fed(spool)
    ids = [int(each.removeprefix("event-")) for each in arrived(mortal)]
    for name in range(20):
        own = [each % 1000 for each in ids if each // 1000 == name]
        assert own == list(range(60))


async def test_only_the_first_waits_for_a_server_that_hangs(
    spool: SpoolingAppender, mortal: Valkey
) -> None:
    """The fifty wait with the first. If each of the next hundred waited, that would be 300 s."""
    mortal.suspend()
    async with asyncio.timeout(60):
        first = asyncio.create_task(append(spool, 0, 1))
        await asyncio.sleep(0.1)
        await asyncio.gather(first, *(append(spool, number, 1) for number in range(1, 51)))
        await append(spool, 51, 100)
    mortal.resume()
    await fed(spool)
    # once, though the first came again from the disk after the server had appended it
    assert arrived(mortal) == [f"event-{number}" for number in range(151)]
    assert accepted(mortal, "ads") == accepted(mortal, "books") == 151


@pytest.mark.parametrize("limit", [1, 3_000_000], ids=["no memory", "hardly any memory"])
async def test_without_memory_events_wait_until_there_is_some(
    spool: SpoolingAppender, mortal: Valkey, client: Redis, limit: int
) -> None:
    client.config_set("maxmemory", limit)
    while client.info("memory")["used_memory"] < 0.95 * limit:  # type: ignore[index]
        client.lpush("ballast", b"b" * 10_000)
    if limit > 1:
        spool.appender.closed = Closed({"": "the memory is full"})  # as the upkeep would find
    ids = await append(spool, 0, 20)
    await asyncio.sleep(0.2)
    assert spool.is_spooling
    assert arrived(mortal) == []
    client.config_set("maxmemory", 0)
    await fed(spool)
    ids += await append(spool, 20, 1)
    assert arrived(mortal) == ids
    assert not spool.is_spooling


async def test_redis_may_refuse_to_say_how_much_memory_it_has(
    spool: SpoolingAppender, mortal: Valkey
) -> None:
    mortal.kill()
    ids = await append(spool, 0, 20)
    mortal.start()
    with mortal.client() as redis:
        redis.execute_command("ACL", "SETUSER", "default", "-info")
    await fed(spool)
    assert arrived(mortal) == ids


async def test_why_redis_refuses_what_is_fed_is_logged_once(
    spool: SpoolingAppender, mortal: Valkey, client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    keys = ADS
    client.set(keys.stream, "of another type")
    ids = await append(spool, 0, 3)

    def complaints() -> list[logging.LogRecord]:
        return [record for record in caplog.records if record.levelname == "ERROR"]

    async with asyncio.timeout(60):
        while not complaints():
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    (complaint,) = complaints()
    assert "WRONGTYPE" in complaint.message
    client.delete(keys.stream)
    await fed(spool)
    assert arrived(mortal) == ids


async def test_the_limit_of_one_destination_refuses_and_does_not_hold_up_the_others(
    spool: SpoolingAppender, mortal: Valkey
) -> None:
    spool.appender.closed = Closed({"ads": "ads is full"})
    with pytest.raises(Full, match="ads is full"):
        await spool.append(event(1))
    await spool.append([decide(make_event(2), send=["crm"])])
    assert arrived(mortal, "crm") == ["event-2"]
    assert not spool.is_spooling


async def test_when_memory_is_closed_to_untrusted_senders_others_do_not_wait_on_disk(
    spool: SpoolingAppender, mortal: Valkey, client: Redis
) -> None:
    client.config_set("maxmemory", int(1.3 * client.info("memory")["used_memory"]))  # type: ignore[index]
    spool.appender.closed = Closed({"": "the memory is full"})
    await spool.append(event(1))
    await spool.append([decide(make_event(2), ["ads"], trusted=True)])
    assert spool.numbers.events == 1
    assert arrived(mortal) == ["event-2"]
    client.config_set("maxmemory", 0)
    await fed(spool)
    assert arrived(mortal) == ["event-2", "event-1"]


FOUR = ["ads", "books", "crm", "shop"]
REQUESTS = {
    "rows": [[decide(make_event(number), FOUR[:1])] for number in range(PORTION_ROWS + 44)],
    "entries": [decisions(PORTION_WEIGHT // 10, FOUR) for _ in range(4)],
    "bytes": [
        [decide(make_event(number, pad="p" * (PORTION_BYTES // 10)), FOUR[:1])]
        for number in range(15)
    ],
}
"""Each value: requests that share one commit and fill more than one portion of the spool."""


@pytest.mark.parametrize("requests", REQUESTS.values(), ids=REQUESTS)
class TestGroup:
    """A commit fails, and its requests are fed in more than one portion."""

    @pytest.fixture
    def commits(self, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Commit]]:
        """The commits that each call of `Appender.write` names."""
        commits: list[Sequence[Commit]] = []
        write = Appender.write

        async def note(self: Appender, group: list[AppendBatch], by: Sequence[Commit]) -> None:
            commits.append(by)
            await write(self, group, by)

        monkeypatch.setattr(Appender, "write", note)
        return commits

    async def answer(self, spool: SpoolingAppender, requests: list[list[Decision]]) -> None:
        await asyncio.gather(*(spool.append(request) for request in requests))
        assert spool.numbers.spooled == sum(map(len, requests))

    def check(
        self, server: Valkey, requests: list[list[Decision]], commits: list[Sequence[Commit]]
    ) -> None:
        expected = [decision.event["event_id"] for request in requests for decision in request]
        assert arrived(server) == expected
        for name in requests[0][0].verdicts:
            assert accepted(server, name) == len(expected)
        (tried,), *portions = commits
        assert len(portions) > 1
        assert all(by[1:] == [tried] for by in portions)

    async def test_redis_was_dead(
        self,
        spool: SpoolingAppender,
        mortal: Valkey,
        requests: list[list[Decision]],
        commits: list[Sequence[Commit]],
    ) -> None:
        mortal.kill()
        await self.answer(spool, requests)
        mortal.start()
        await fed(spool)
        self.check(mortal, requests, commits)

    async def test_redis_had_no_memory(
        self,
        spool: SpoolingAppender,
        client: Redis,
        mortal: Valkey,
        requests: list[list[Decision]],
        commits: list[Sequence[Commit]],
    ) -> None:
        client.config_set("maxmemory", 1)
        await self.answer(spool, requests)
        client.config_set("maxmemory", 0)
        await fed(spool)
        self.check(mortal, requests, commits)

    async def test_the_answer_was_lost(
        self,
        spool: SpoolingAppender,
        mortal: Valkey,
        requests: list[list[Decision]],
        commits: list[Sequence[Commit]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Redis carried out the whole commit."""
        write = spool.appender.write

        async def lose_answer(*of: Any) -> None:
            await write(*of)
            if len(commits) == 1:
                raise ConnectionError

        monkeypatch.setattr(spool.appender, "write", lose_answer)
        await self.answer(spool, requests)
        await fed(spool)
        self.check(mortal, requests, commits)

    async def test_the_process_ended_between_two_portions(
        self,
        open_spool: Open,
        mortal: Valkey,
        requests: list[list[Decision]],
        commits: list[Sequence[Commit]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        first = await open_spool()
        write = first.appender.write

        async def write_one_portion(*of: Any) -> None:
            if arrived(mortal):
                raise ConnectionError
            await write(*of)

        mortal.kill()
        await self.answer(first, requests)
        monkeypatch.setattr(first.appender, "write", write_one_portion)
        mortal.start()
        total = first.numbers.events
        while first.numbers.events == total:
            await asyncio.sleep(0.01)
        await first.close()
        assert 0 < len(arrived(mortal)) < total
        await fed(await open_spool())
        self.check(mortal, requests, commits)


class TestRestart:
    async def test_the_next_process_feeds_what_the_last_one_left(
        self, open_spool: Open, mortal: Valkey
    ) -> None:
        first = await open_spool()
        mortal.kill()
        ids = await append(first, 0, 10)
        await first.close()
        second = await open_spool()
        assert second.is_spooling
        assert second.numbers.events == 10
        ids += await append(second, 10, 10)
        mortal.start()
        await fed(second)
        assert arrived(mortal) == ids
        assert accepted(mortal, "books") == 20

    async def test_a_neighbour_takes_over_when_no_next_process_comes(
        self, open_spool: Open, mortal: Valkey
    ) -> None:
        first, neighbour = await open_spool(), await open_spool()
        mortal.kill()
        ids = await append(first, 0, 10)
        await asyncio.sleep(0.2)
        assert (first.numbers.events, neighbour.numbers.events) == (10, 0)
        await first.close()
        mortal.start()
        async with asyncio.timeout(60):
            while len(arrived(mortal)) < 10:
                await asyncio.sleep(0.02)
        await fed(neighbour)
        assert arrived(mortal) == ids

    async def test_a_process_that_stops_while_it_feeds_loses_and_repeats_nothing(
        self, open_spool: Open, mortal: Valkey
    ) -> None:
        first = await open_spool()
        mortal.kill()
        ids = await append(first, 0, 600)
        mortal.start()
        while not arrived(mortal):
            await asyncio.sleep(0)
        await first.close()
        await fed(await open_spool())
        assert arrived(mortal) == ids

    async def test_what_was_fed_when_a_process_died_is_not_fed_again(
        self, open_spool: Open, mortal: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The process died before it removed the portion from the disk."""
        first = await open_spool()
        mortal.kill()
        ids = await append(first, 0, 10)
        with monkeypatch.context() as patch:
            patch.setattr(SpoolFolder, "remove", lambda *_: time.sleep(0.2))
            mortal.start()
            while not arrived(mortal):
                await asyncio.sleep(0)
            await first.close()
            assert first.is_spooling
        await fed(await open_spool())
        assert arrived(mortal) == ids
        assert accepted(mortal, "ads") == accepted(mortal, "books") == 10

    async def test_what_comes_after_a_portion_whose_answer_was_lost_does_not_double_it(
        self, open_spool: Open, mortal: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spool = await open_spool()
        write = spool.appender.write
        lost = asyncio.Event()

        async def lose_answer(*of: Any) -> None:
            await write(*of)
            if not lost.is_set() and len(of[0]) > 1:  # the first event, tried before, is alone
                lost.set()
                raise ConnectionError

        mortal.kill()
        ids = await append(spool, 0, 10)
        monkeypatch.setattr(spool_module, "PROBE_SECONDS", 0.5)
        monkeypatch.setattr(spool.appender, "write", lose_answer)
        mortal.start()
        await asyncio.wait_for(lost.wait(), 60)
        assert spool.is_spooling
        ids += await append(spool, 10, 10)
        await fed(spool)
        assert arrived(mortal) == ids
        assert accepted(mortal, "ads") == accepted(mortal, "books") == 20

    @pytest.mark.parametrize("waits", [False, True])
    async def test_who_is_not_open_refuses(
        self, open_spool: Open, mortal: Valkey, waits: bool
    ) -> None:
        spool = await open_spool()
        mortal.kill()
        if waits:
            await append(spool, 0, 1)
        await spool.close()
        with pytest.raises(RedisError):
            await spool.append(event(1))


class TestFull:
    async def test_a_flood_leaves_room_for_trusted_senders(
        self, open_spool: Open, mortal: Valkey
    ) -> None:
        spool = await open_spool(max_bytes=6000)
        mortal.kill()
        for number in range(100):
            with contextlib.suppress(SpoolFull):
                await append(spool, number, 1)
        assert 0.7 * 6000 <= spool.numbers.bytes < 0.95 * 6000
        await spool.append([decide(make_event(1000), ["ads"], trusted=True)])
        mortal.start()
        await fed(spool)
        assert arrived(mortal)[-1] == "event-1000"

    async def test_beyond_the_bound_events_are_refused_until_redis_is_back(
        self, open_spool: Open, mortal: Valkey
    ) -> None:
        spool = await open_spool(max_bytes=3000)
        mortal.kill()
        kept = await append(spool, 0, 5)
        for number in range(5, 100):
            with contextlib.suppress(SpoolFull):
                kept += await append(spool, number, 1)
        assert len(kept) < 20
        assert spool.numbers.bytes <= 3000
        with pytest.raises(SpoolFull):
            await spool.append(event(1000))
        mortal.start()
        await fed(spool)
        kept += await append(spool, 2000, 1)
        assert arrived(mortal) == kept

    async def test_when_nothing_could_be_spooled_redis_is_used_again_all_the_same(
        self, open_spool: Open, mortal: Valkey
    ) -> None:
        spool = await open_spool(max_bytes=1)
        mortal.kill()
        with pytest.raises(SpoolFull):
            await spool.append(event(1))
        mortal.start()
        await fed(spool)
        ids = await append(spool, 2, 1)
        assert arrived(mortal) == ids

    async def test_a_disk_in_trouble_refuses_and_recovers(
        self, spool: SpoolingAppender, mortal: Valkey, tmp_path: Path
    ) -> None:
        (tmp_path / "spool").rmdir()
        (tmp_path / "spool").write_text("a file in its place")
        mortal.kill()
        with pytest.raises(SpoolError):
            await spool.append(event(1))
        (tmp_path / "spool").unlink()
        ids = await append(spool, 2, 3)
        mortal.start()
        await fed(spool)
        assert arrived(mortal) == ids

    async def test_a_folder_that_cannot_be_used_does_not_stop_the_start(
        self, open_spool: Open, mortal: Valkey, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "spool").write_text("a file in its place")
        spool = await open_spool()
        assert "cannot be used" in caplog.text
        assert await append(spool, 0, 1) == arrived(mortal)


async def test_an_event_that_json_cannot_say_is_not_spooled(
    spool: SpoolingAppender, mortal: Valkey
) -> None:
    mortal.kill()
    with pytest.raises(TypeError):
        await spool.append([decide(make_event(1, note="\ud800"), send=["ads"])])
    assert not spool.is_spooling


async def test_requests_with_many_events_arrive_whole(
    spool: SpoolingAppender, mortal: Valkey
) -> None:
    mortal.kill()
    for _ in range(5):
        await spool.append(decisions(700, send=["ads", "books"], withhold=["crm"]))
    mortal.start()
    await fed(spool)
    assert arrived(mortal) == [f"event-{number}" for number in range(700)] * 5
    assert accepted(mortal, "crm") == 3500
