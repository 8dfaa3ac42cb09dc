"""Append on a cluster: one step for each destination; what failed in part may be sent again."""

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
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from gateway.cli.main import main
from gateway.configuration.delivery import DeliverySettings
from gateway.event import Received
from gateway.queue.append import MIN_WINDOW, Appender, Retention
from gateway.queue.append_batch import AppendBatch
from gateway.queue.append_plan import parts_of, plan_of
from gateway.queue.bounds import ALL_MEMORY, OPEN, Limits
from gateway.queue.capacity import CapacityWatch, read_bounds, read_memory_usage
from gateway.queue.dead_letters import encode_dead_letter
from gateway.queue.held_consent import withdrawn
from gateway.queue.marks import marks_of
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.quarantine import quarantine_of
from gateway.queue.read import Reader, ensure_group
from gateway.queue.settle import Ending, Settler
from gateway.redis_client.connect import connect_for_intake, connect_for_work
from gateway.stages.held_consent import HeldConsent
from tests.support.destination_numbers import counts
from tests.support.events import decide, decisions, make_event
from tests.support.keys import ADS, KEYS
from tests.support.quarantine import make_releaser
from tests.support.valkey_cluster import Cluster
from tests.support.valkey_server import TcpServer

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
NAMES = ["ads", "books", "crm", "shop-1"]
"""Spread over all nodes, as `test_the_destinations_are_on_every_node` checks."""


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


def appender(
    redis: Redis, pending_counts: PendingCounts | None = None, woken: Woken | None = None
) -> Appender:
    return Appender(
        redis,
        KEYS,
        pending_counts or PendingCounts(),
        woken if woken is not None else Woken(),
    )  # type: ignore[arg-type]


# split


def test_the_gateway_s_own_keys_share_a_slot_that_no_destination_is_named_after() -> None:
    assert {key_slot(key.encode()) for key in KEYS.own} == {key_slot(KEYS.counts.encode())}
    assert ":" in KEYS.counts


FATES = st.lists(st.tuples(st.sets(st.sampled_from(NAMES)), st.booleans()), max_size=3)


@given(st.lists(st.tuples(FATES, st.booleans())))
def test_the_parts_say_together_what_the_whole_says(
    requests: list[tuple[list[tuple[set[str], bool]], bool]],
) -> None:
    group, number = [], 0
    for request, again in requests:
        decided = []
        for sent, kept_aside in request:
            number += 1
            decision = decide(make_event(number), sent, set(NAMES) - sent)
            decided.append(replace(decision, quarantine="does not fit" if kept_aside else ""))
        group.append(AppendBatch(decided, marked=True))
        group[-1].again = again
    parts, own = parts_of(group)
    whole_names, whole_payloads, whole = plan_of(group)
    assert len(parts) == len(whole_names)
    for part in parts:
        (name,), payloads, plan = plan_of(part)
        before = whole["destinations"][whole_names.index(name)]
        (after,) = plan["destinations"]
        assert len(after) == len(before)
        for (*day, mine, waits, again), (*same_day, theirs, wait, same) in zip(
            after, before, strict=True
        ):
            assert (day, waits, again) == (same_day, wait, same)
            for what, all_of_them in ((payloads, whole_payloads), (plan["marks"], whole["marks"])):
                assert [what[n - 1] for n in mine] == [all_of_them[n - 1] for n in theirs]
        assert not plan["quarantine"]
    names, payloads, plan = plan_of(own)
    assert names == []
    kept_aside = [payloads[n - 1] for n, _ in plan["quarantine"]]
    assert kept_aside == [whole_payloads[n - 1] for n, _ in whole["quarantine"]]


# on a real cluster


def test_the_destinations_are_on_every_node(cluster: Cluster) -> None:
    assert {cluster.node_of(name).port for name in NAMES} == {node.port for node in cluster.nodes}


@pytest.mark.anyio
async def test_every_destination_gets_its_events_in_order_and_is_woken(
    intake: Redis, redis: Redis
) -> None:
    woken, pending_counts = Woken(), PendingCounts()
    pending_counts.add("received:site", 3)
    appending = appender(intake, pending_counts, woken)
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
        await ensure_group(redis, KEYS.destination(name))
        entries = (await Reader(redis, KEYS.destination(name), "one").new(10, None)).entries
        expected = ["event-0", "event-1", "event-2"] if name == "books" else ["event-0", "event-2"]
        assert [entry.event["event_id"] for entry in entries] == expected
    assert await counts(redis, "ads") == {"accepted": 3, "withheld": 1}
    assert await counts(redis, "books") == {"accepted": 3}
    await appending.flush_counts()
    assert await redis.hgetall(KEYS.counts) == {b"received:site": b"3"}


@pytest.mark.anyio
async def test_without_a_window_in_the_settings_there_is_one(intake: Redis, redis: Redis) -> None:
    for _ in range(3):
        await appender(intake).append(decisions(2, NAMES))
    for name in NAMES:
        assert await counts(redis, name) == {"accepted": 2, "repeated": 4}
    seen = f"{KEYS.destination('ads').seen}:{marks_of(decide(make_event(0)))[0]}"
    assert MIN_WINDOW - 10 < await redis.ttl(seen) <= MIN_WINDOW


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
            counted = await redis.hgetall(KEYS.destination(name).counts)
            del counted[b"pending_bytes"], counted[b"days_from"]
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
    """The nodes have been restarted, and this process does not know it."""
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
    pending_counts = PendingCounts()
    pending_counts.add("received:site", 3)
    appending = appender(intake, pending_counts)
    with cluster.node_of("ads").client() as node:
        node.set(ADS.stream, "no stream")
    with pytest.raises(RedisError):
        await appending.append(decisions(1, NAMES))
    assert dict(pending_counts.take()) == {"received:site": 3}


# the quarantine


async def set_aside(redis: Redis, count: int) -> None:
    await appender(redis).append(
        [replace(decide(make_event(n), [], NAMES), quarantine="no") for n in range(count)]
    )


@pytest.mark.anyio
async def test_the_quarantine_gets_and_releases(intake: Redis, redis: Redis) -> None:
    await set_aside(intake, 3)
    found = [each async for each in quarantine_of(KEYS).find(redis)]
    assert [each.event_id for each in found] == ["event-0", "event-1", "event-2"]
    decided = {each.id: decide(each.event, NAMES) for each in found[:2]}
    assert await make_releaser(redis, Woken()).release(decided) == 2
    assert [each.id async for each in quarantine_of(KEYS).find(redis)] == [found[2].id]
    for name in NAMES:
        assert await counts(redis, name) == {"accepted": 5, "withheld": 3}


@pytest.mark.anyio
async def test_a_release_that_failed_in_part_can_be_repeated(
    cluster: Cluster, intake: Redis, redis: Redis
) -> None:
    await set_aside(intake, 2)
    found = [each async for each in quarantine_of(KEYS).find(redis)]
    decided = {each.id: decide(each.event, NAMES) for each in found}
    key = ADS.stream
    await redis.set(key, "no stream")
    with pytest.raises(RedisError):
        await make_releaser(redis, Woken()).release(decided)
    assert await redis.xlen(KEYS.quarantine) == 2
    await redis.delete(key)
    assert await make_releaser(redis, Woken()).release(decided) == 2
    assert await redis.xlen(KEYS.quarantine) == 0
    for name in NAMES:
        assert await redis.xlen(KEYS.destination(name).stream) == 2


@pytest.mark.anyio
async def test_a_commit_that_failed_in_part_is_repeated_in_smaller_ones(
    intake: Redis, redis: Redis
) -> None:
    """Each destination knows what it took from the first commit."""
    batches = [AppendBatch([decide(make_event(n), NAMES)]) for n in range(5)]
    await redis.set(ADS.stream, "no stream")
    with pytest.raises(RedisError):
        await appender(intake).write(batches, [("process", 7)])
    await redis.delete(ADS.stream)
    for first, last in ((0, 2), (2, 4), (4, 5)):
        commits = [("file", last), ("process", 7)]
        for _ in range(2):
            await appender(intake).write(batches[first:last], commits)
    for name in NAMES:
        assert await redis.xlen(KEYS.destination(name).stream) == 5
        assert await counts(redis, name) == {"accepted": 5}


# held consent


@pytest.mark.anyio
async def test_a_denial_that_came_late_stops_what_was_appended(intake: Redis, redis: Redis) -> None:
    remembers = Appender(intake, KEYS, PendingCounts(), Woken(), Retention(withdrawal=60))  # type: ignore[arg-type]
    first = decide(make_event(0), NAMES)
    received = Received("site", first.received_at)
    late = HeldConsent("", ["visitor"], {}, (), (), first.event, received)
    await ensure_group(redis, ADS)
    await remembers.append([replace(first, held_consent=late)])
    denial = replace(late, speaks_for=["visitor"], denied=["ad_storage"])
    await remembers.append([replace(decide(make_event(1), [], NAMES), held_consent=denial)])
    assert await redis.hkeys(f"{KEYS.withdrawn}visitor") == [b"ad_storage"]
    entries = (await Reader(redis, ADS, "one").new(10, None)).entries
    assert len(await withdrawn(redis, KEYS, entries, ["ad_storage"])) == 1


# memory


@pytest.mark.anyio
async def test_the_fullest_node_decides_whether_there_is_room(
    cluster: Cluster, redis: Redis
) -> None:
    capacity = CapacityWatch(redis, KEYS, Limits({}))
    assert await capacity.look() == OPEN
    with cluster.nodes[1].client() as node:
        node.config_set("maxmemory", 1000)
    assert [*(await capacity.look()).trusted] == [ALL_MEMORY]
    memory = await read_memory_usage(redis)
    assert memory is not None
    assert memory.limit == 1000


# what operators do, with the documented rights


CONFIG = """
redis: {{url: "{url}", jobs_url: "{jobs}"}}
sources: {{}}
destinations:
  ads: {{type: webhook, url: "http://127.0.0.1:9/", consent: []}}
  books: {{type: webhook, url: "http://127.0.0.1:9/", consent: []}}
"""


def give_rights(cluster: Cluster) -> str:
    """Creates the documented user on every node. Returns the URL with its name and password."""
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
        await read_bounds(own, KEYS, Limits({"ads": DeliverySettings()}, withdrawals=True))
        assert [each["name"] for each in await own.xinfo_groups(ADS.stream)]

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
    await redis.delete(ADS.wake)  # set by the append, which queued no job
    with redis_server.client() as jobs:
        jobs.flushall()
        replay = ["dead-letters", "replay", "--destination", "ads", "--yes"]
        assert "Replayed 3" in await asyncio.to_thread(run, *replay)
        assert jobs.llen(KEYS.queue_key) == 1
        assert not jobs.keys("gw:*")
    assert "1 event" in await asyncio.to_thread(run, "quarantine", "list")
    assert "Dropped 1" in await asyncio.to_thread(run, "quarantine", "drop", "--yes")
    assert (await counts(redis, "ads"))["replayed"] == 3


async def reject_all(redis: Redis, name: str) -> None:
    await ensure_group(redis, KEYS.destination(name))
    entries = (await Reader(redis, KEYS.destination(name), "one").new(10, None)).entries
    letters = [encode_dead_letter(each, "rejected", "HTTP 400", 0.0, None) for each in entries]
    endings = [Ending(e.id, "rejected", letter) for e, letter in zip(entries, letters, strict=True)]
    await Settler(redis, KEYS.destination(name), PendingCounts()).settle(endings)


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
        # the old node redirects to the new one, which reads a key that it has, but runs no script
        # with missing keys
        assert await intake.xlen(ADS.stream) == 1
        with pytest.raises(RedisConnectionError, match="during rehashing"):
            await appending.append([decide(make_event(1), NAMES)])
        for node in (taker, giver):
            set_slot(node, "NODE", ids[taker])
        # the old node answers that the slot has moved
        await appending.append([decide(make_event(number), NAMES) for number in (1, 2)])
        assert await counts(redis, "ads") == {"accepted": 3}
        moved = giver.execute_command("CLUSTER COUNTKEYSINSLOT", slot)
        await redis.delete(*keys, *taker.execute_command("CLUSTER GETKEYSINSLOT", slot, 100))
        for node in (giver, taker):
            set_slot(node, "NODE", ids[giver])
    assert moved == 0
