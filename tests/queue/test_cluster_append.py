"""Append on a cluster: a step for each destination, and what failed in part may be sent again."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from made import decide, decisions, make_event
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from valkey_cluster import Cluster
from valkey_server import TcpServer

from gateway.cli import main
from gateway.delivery.wake import QUEUE_KEY
from gateway.late_consent import Late
from gateway.metrics import read_numbers
from gateway.queue.append import LEAST_WINDOW, Appender, Remembered
from gateway.queue.appendix import Appendix, mark, parts_of, plan_of
from gateway.queue.connect import connect_for_intake, connect_for_work
from gateway.queue.entry import encode_dead_letter
from gateway.queue.keys import COUNTS, OWN, QUARANTINE, WITHDRAWN, DestinationKeys
from gateway.queue.late import withdrawn
from gateway.queue.quarantine import IN_QUARANTINE, Releaser
from gateway.queue.read import Reader, ensure_group
from gateway.queue.room import RoomWatch, read_memory, what_is_full
from gateway.queue.settle import Ending, Settler
from gateway.queue.tally import Tally

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
NAMES = ["ads", "books", "crm", "shop-1"]
"""Not all on one node: `test_the_destinations_are_on_every_node`."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    words = ("--appendonly", "yes", "--appendfsync", "always")
    with Cluster(tmp_path_factory.mktemp("cluster"), *words) as cluster:
        yield cluster


@pytest.fixture
async def redis(cluster: Cluster) -> AsyncIterator[Redis]:  # type: ignore[override]
    cluster.empty()
    async with connect_for_work(cluster.url) as client:
        yield client


@pytest.fixture
async def intake(cluster: Cluster) -> AsyncIterator[Redis]:
    async with connect_for_intake(cluster.url) as client:
        yield client


class Woken(list[str]):
    async def __call__(self, destinations: list[str]) -> None:
        self.extend(destinations)


def appender(redis: Redis, tally: Tally | None = None, woken: Woken | None = None) -> Appender:
    return Appender(redis, tally or Tally(), woken if woken is not None else Woken())  # type: ignore[arg-type]


async def counts(redis: Redis, destination: str) -> dict[str, int]:
    numbers = (await read_numbers(redis, [destination])).destinations[destination]
    counted = {name: count for name, count in numbers.counts.items() if count}
    ended = sum(counted.get(ending, 0) for ending in ("withheld", "delivered", "rejected"))
    assert counted.get("accepted", 0) == ended + numbers.pending
    return counted


# split


def test_the_gateway_s_own_keys_share_a_slot_that_no_destination_is_named_after() -> None:
    assert {key_slot(key.encode()) for key in OWN} == {key_slot(COUNTS.encode())}
    assert ":" in COUNTS


@given(st.lists(st.lists(st.tuples(st.sets(st.sampled_from(NAMES)), st.booleans()), max_size=3)))
def test_the_parts_say_together_what_the_whole_says(
    requests: list[list[tuple[set[str], bool]]],
) -> None:
    group, number = [], 0
    for request in requests:
        decided = []
        for sent, kept_aside in request:
            number += 1
            decision = decide(make_event(number), sent, set(NAMES) - sent)
            decided.append(replace(decision, quarantine="does not fit" if kept_aside else ""))
        group.append(Appendix(decided, marked=True))
    parts, own = parts_of(group)
    whole_names, whole_payloads, whole = plan_of(group)
    assert len(parts) == len(whole_names)
    for part in parts:
        (name,), payloads, plan = plan_of(part)
        before = whole["destinations"][whole_names.index(name)]
        (after,) = plan["destinations"]
        assert (after[0], after[2]) == (before[0], before[2])
        for what, all_of_them in ((payloads, whole_payloads), (plan["marks"], whole["marks"])):
            assert [what[n - 1] for n in after[1]] == [all_of_them[n - 1] for n in before[1]]
        assert not plan["quarantine"]
    names, payloads, plan = plan_of(own)
    assert names == []
    kept_aside = [payloads[n - 1] for n in plan["quarantine"]]
    assert kept_aside == [whole_payloads[n - 1] for n in whole["quarantine"]]


# on a real cluster


def test_the_destinations_are_on_every_node(cluster: Cluster) -> None:
    assert {cluster.node_of(name).port for name in NAMES} == {node.port for node in cluster.nodes}


@pytest.mark.anyio
async def test_every_destination_gets_its_events_in_order_and_is_woken(
    intake: Redis, redis: Redis
) -> None:
    woken, tally = Woken(), Tally()
    tally.add("received:site", 3)
    appending = appender(intake, tally, woken)
    await appending.append(
        [
            decide(make_event(0), NAMES),
            decide(make_event(1), ["books"], ["ads", "crm", "shop-1"]),
            decide(make_event(2), NAMES),
        ]
    )
    await asyncio.sleep(0)
    assert sorted(woken) == sorted(NAMES)
    for name in NAMES:
        await ensure_group(redis, name)
        entries = (await Reader(redis, name, "one").new(10, None)).entries
        expected = ["event-0", "event-1", "event-2"] if name == "books" else ["event-0", "event-2"]
        assert [entry.event["event_id"] for entry in entries] == expected
    assert await counts(redis, "ads") == {"accepted": 3, "withheld": 1}
    assert await counts(redis, "books") == {"accepted": 3}
    await appending.flush_counts()
    assert await redis.hgetall(COUNTS) == {b"received:site": b"3"}


@pytest.mark.anyio
async def test_without_a_window_in_the_settings_there_is_one(intake: Redis, redis: Redis) -> None:
    for _ in range(3):
        await appender(intake).append(decisions(2, NAMES))
    for name in NAMES:
        assert await counts(redis, name) == {"accepted": 2, "repeated": 4}
    seen = f"{DestinationKeys.of('ads').seen}:{mark(make_event(0))}"
    assert LEAST_WINDOW - 10 < await redis.ttl(seen) <= LEAST_WINDOW


@pytest.mark.anyio
async def test_what_failed_in_part_is_taken_once_when_it_is_sent_again(
    cluster: Cluster, intake: Redis, redis: Redis
) -> None:
    appending, dead = appender(intake), cluster.node_of("ads")
    await appending.append(decisions(1, NAMES))
    dead.kill()
    try:
        sent = [decide(make_event(1), NAMES)]
        for _ in range(3):
            with pytest.raises(RedisError):
                await appending.append(sent)
        alive = [name for name in NAMES if cluster.node_of(name) is not dead]
        assert alive
        for name in alive:
            counted = await redis.hgetall(DestinationKeys.of(name).counts)
            assert counted == {b"accepted": b"2", b"repeated": b"2"}
    finally:
        dead.start()
    while True:
        try:
            await appending.append(sent)
            break
        except RedisError:
            await asyncio.sleep(0.05)
    for name in NAMES:
        counted = await counts(redis, name)
        assert counted["accepted"] == 2
        assert counted.get("repeated", 0) >= 3 if name in alive else "repeated" not in counted


@pytest.mark.anyio
async def test_a_connection_of_old_is_no_reason_to_fail(
    cluster: Cluster, intake: Redis, redis: Redis
) -> None:
    """The node was started again meanwhile, and nobody has told this process."""
    appending = appender(intake)
    await appending.append(decisions(1, NAMES))
    for node in cluster.nodes:
        node.kill()
    for node in cluster.nodes:
        node.start()
    await asyncio.to_thread(cluster.wait_until_joined)
    await appending.append([decide(make_event(1), NAMES)])
    for name in NAMES:
        assert await counts(redis, name) == {"accepted": 2}


@pytest.mark.anyio
async def test_counts_that_could_not_be_written_are_kept(
    cluster: Cluster, intake: Redis, redis: Redis
) -> None:
    tally = Tally()
    tally.add("received:site", 3)
    appending = appender(intake, tally)
    with cluster.node_of("ads").client() as node:
        node.set(DestinationKeys.of("ads").stream, "no stream")
    with pytest.raises(RedisError):
        await appending.append(decisions(1, NAMES))
    assert dict(tally.take()) == {"received:site": 3}


# the quarantine


async def set_aside(redis: Redis, count: int) -> None:
    await appender(redis).append(
        [replace(decide(make_event(n), [], NAMES), quarantine="no") for n in range(count)]
    )


@pytest.mark.anyio
async def test_the_quarantine_gets_and_releases(intake: Redis, redis: Redis) -> None:
    await set_aside(intake, 3)
    found = [each async for each in IN_QUARANTINE.find(redis)]
    assert [each.event_id for each in found] == ["event-0", "event-1", "event-2"]
    decided = {each.id: decide(each.event, NAMES) for each in found[:2]}
    assert await Releaser(redis, Woken()).let_out(decided) == 2  # type: ignore[arg-type]
    assert [each.id async for each in IN_QUARANTINE.find(redis)] == [found[2].id]
    for name in NAMES:
        assert await counts(redis, name) == {"accepted": 5, "withheld": 3}


@pytest.mark.anyio
async def test_a_release_that_failed_in_part_can_be_repeated(
    cluster: Cluster, intake: Redis, redis: Redis
) -> None:
    await set_aside(intake, 2)
    found = [each async for each in IN_QUARANTINE.find(redis)]
    decided = {each.id: decide(each.event, NAMES) for each in found}
    key = DestinationKeys.of("ads").stream
    await redis.set(key, "no stream")
    with pytest.raises(RedisError):
        await Releaser(redis, Woken()).let_out(decided)  # type: ignore[arg-type]
    assert await redis.xlen(QUARANTINE) == 2
    await redis.delete(key)
    assert await Releaser(redis, Woken()).let_out(decided) == 2  # type: ignore[arg-type]
    assert await redis.xlen(QUARANTINE) == 0
    for name in NAMES:
        assert await redis.xlen(DestinationKeys.of(name).stream) == 2


# late consent


@pytest.mark.anyio
async def test_a_denial_that_came_late_stops_what_was_appended(intake: Redis, redis: Redis) -> None:
    remembers = Appender(intake, Tally(), Woken(), Remembered(withdrawal=60))  # type: ignore[arg-type]
    first = decide(make_event(0), NAMES)
    late = Late("visitor", {}, first.event, None)  # type: ignore[arg-type]
    await ensure_group(redis, "ads")
    await remembers.append([replace(first, late=late)])
    denial = replace(late, stated={"ad_storage": "denied"})
    await remembers.append([replace(decide(make_event(1), [], NAMES), late=denial)])
    assert await redis.hkeys(f"{WITHDRAWN}visitor") == [b"ad_storage"]
    entries = (await Reader(redis, "ads", "one").new(10, None)).entries
    assert len(await withdrawn(redis, entries, ["ad_storage"])) == 1


# memory


@pytest.mark.anyio
async def test_the_fullest_node_decides_whether_there_is_room(
    cluster: Cluster, redis: Redis
) -> None:
    room = RoomWatch(redis, {})
    assert await room.look() == {}
    with cluster.nodes[1].client() as node:
        node.config_set("maxmemory", 1000)
    assert await room.look() == {"": "the memory of Redis is nearly full"}
    memory = await read_memory(redis)
    assert memory is not None
    assert memory.limit == 900


# what operators do, with the rights that the documents give them


CONFIG = """
redis: {{url: "{url}", jobs_url: "{jobs}"}}
sources: {{}}
destinations:
  ads: {{type: webhook, url: "http://127.0.0.1:9/", consent: []}}
  books: {{type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""


def give_rights(cluster: Cluster) -> str:
    """The documented user on every node; the URL with it."""
    documented = re.search(r"^redis-cli (ACL SETUSER .*?)^```", OPERATIONS.read_text(), re.M | re.S)
    assert documented is not None
    rights = shlex.split(documented[1].replace("\\\n", " "))
    for node in cluster.nodes:
        with node.client() as redis:
            redis.execute_command(*rights, "resetkeys", "~gw:*", "+cluster|slots", "+asking")
    return cluster.url.replace("://", "://gateway:PASSWORD@")


@pytest.mark.anyio
async def test_rights_and_commands(
    cluster: Cluster, redis: Redis, redis_server: TcpServer, tmp_path: Path
) -> None:
    url = give_rights(cluster)
    config = tmp_path / "gateway.yaml"
    config.write_text(CONFIG.format(url=url, jobs=redis_server.url))
    async with connect_for_intake(url) as own:
        await appender(own).append(decisions(3, ["ads", "books", "gone"]))
        for name in ("ads", "gone"):
            await reject_all(own, name)
        await set_aside(own, 1)
        await what_is_full(own, {})
        assert [each["name"] for each in await own.xinfo_groups(DestinationKeys.of("ads").stream)]

    def run(*words: str) -> str:
        more = ["--config", str(config), "--redis-url", cluster.url]
        result = CliRunner().invoke(main, [*words, *more])
        assert result.exit_code == 0, result.output
        return result.output

    told = await asyncio.to_thread(run, "status", "--json")
    status = orjson.loads(told)["destinations"]
    assert status["ads"]["dead_letters"] == 3
    assert status["ads"]["balanced"]
    assert "gone" in await asyncio.to_thread(run, "dead-letters", "list")
    await redis.delete(DestinationKeys.of("ads").wake)  # of the append; nobody has queued its job
    with redis_server.client() as jobs:
        jobs.flushall()
        replay = ["dead-letters", "replay", "--destination", "ads", "--yes"]
        assert "Replayed 3" in await asyncio.to_thread(run, *replay)
        assert jobs.llen(QUEUE_KEY) == 1
        assert not jobs.keys("gw:*")
    assert "1 event" in await asyncio.to_thread(run, "quarantine", "list")
    assert "Dropped 1" in await asyncio.to_thread(run, "quarantine", "drop", "--yes")
    assert (await counts(redis, "ads"))["replayed"] == 3


async def reject_all(redis: Redis, name: str) -> None:
    await ensure_group(redis, name)
    entries = (await Reader(redis, name, "one").new(10, None)).entries
    letters = [encode_dead_letter(each, "rejected", "HTTP 400", 0.0, None) for each in entries]
    endings = [Ending(e.id, "rejected", letter) for e, letter in zip(entries, letters, strict=True)]
    await Settler(redis, name, Tally()).settle(endings)


# a slot that moves


@pytest.mark.anyio
async def test_a_slot_may_move_while_events_come(
    cluster: Cluster, intake: Redis, redis: Redis
) -> None:
    appending, slot = appender(intake), key_slot(b"ads")
    old = cluster.node_of("ads")
    new = next(node for node in cluster.nodes if node is not old)
    await appending.append([decide(make_event(0), NAMES)])
    with old.client() as giver, new.client() as taker:
        ids = {node: node.execute_command("CLUSTER MYID") for node in (giver, taker)}

        def set_slot(node: SyncRedis, *words: Any) -> None:
            node.execute_command("CLUSTER SETSLOT", slot, *words)

        set_slot(taker, "IMPORTING", ids[giver])
        set_slot(giver, "MIGRATING", ids[taker])
        keys = giver.execute_command("CLUSTER GETKEYSINSLOT", slot, 100)
        giver.execute_command("MIGRATE", "127.0.0.1", new.port, "", 0, 5000, "KEYS", *keys)
        # told to ask the other, where a single key can be had, and a script with missing keys
        # cannot
        assert await intake.xlen(DestinationKeys.of("ads").stream) == 1
        with pytest.raises(RedisConnectionError, match="during rehashing"):
            await appending.append([decide(make_event(1), NAMES)])
        for node in (taker, giver):
            set_slot(node, "NODE", ids[taker])
        # told that it has moved
        await appending.append([decide(make_event(number), NAMES) for number in (1, 2)])
        assert await counts(redis, "ads") == {"accepted": 3}
        moved = giver.execute_command("CLUSTER COUNTKEYSINSLOT", slot)
        await redis.delete(*keys, *taker.execute_command("CLUSTER GETKEYSINSLOT", slot, 100))
        for node in (giver, taker):
            set_slot(node, "NODE", ids[giver])
    assert moved == 0
