"""Append: at all destinations or none, counted in the same step; sleeping ones are woken once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, RedisError

from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.append import Appender, Retention
from gateway.queue.append_batch import AppendBatch
from gateway.queue.commits import KEEP_SECONDS, Commit
from gateway.queue.entry import Entry, decode
from gateway.queue.feed import Feeding
from gateway.queue.group_commit import Overloaded
from gateway.queue.keys import WAKE_MARK_MS
from gateway.queue.pending_counts import PendingCounts
from gateway.redis_client.connect import connect_for_intake
from tests.support.destination_numbers import counts
from tests.support.drains import nobody
from tests.support.events import decide, decisions, make_event
from tests.support.keys import ADS, BOOKS, KEYS

pytestmark = pytest.mark.anyio


class Woken:
    """Records the destinations that it was asked to wake."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    async def wake(self, destinations: list[str]) -> None:
        self.calls.append(sorted(destinations))


@pytest.fixture
def pending_counts() -> PendingCounts:
    return PendingCounts()


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
async def intake(redis_url: str) -> AsyncIterator[Redis]:
    async with connect_for_intake(redis_url) as client:
        yield client


@pytest.fixture
def appender(intake: Redis, pending_counts: PendingCounts, woken: Woken) -> Appender:
    return Appender(intake, KEYS, pending_counts, woken.wake)  # type: ignore[arg-type]


async def stored(redis: Redis, destination: str) -> list[Entry]:
    rows = await redis.xrange(KEYS.destination(destination).stream)
    return [decode(entry_id, 1, fields[b"e"]) for entry_id, fields in rows]


async def ids(redis: Redis, destination: str) -> list[str]:
    return [entry.event["event_id"] for entry in await stored(redis, destination)]


async def test_each_destination_gets_what_was_decided_in_order(
    appender: Appender, redis: Redis
) -> None:
    await appender.append(
        [
            decide(make_event(0), send=["ads", "books"]),
            decide(make_event(1), send=["books"], withhold=["ads"]),
            decide(make_event(2), send=["ads", "books"]),
        ]
    )
    assert await ids(redis, "ads") == ["event-0", "event-2"]
    assert await ids(redis, "books") == ["event-0", "event-1", "event-2"]
    assert await counts(redis, "ads") == {"accepted": 3, "withheld": 1}
    assert await counts(redis, "books") == {"accepted": 3}


async def test_an_entry_says_all_that_the_decision_said(appender: Appender, redis: Redis) -> None:
    decision = decide(make_event(7, value=1.5, note="Zürich ✓"), send=["ads"])
    await appender.append([decision])
    (entry,) = await stored(redis, "ads")
    assert entry.event == decision.event
    assert (entry.source, entry.version, entry.applied) == ("site", "version-1", ["a rule"])
    assert entry.received_at == decision.received_at


async def test_a_destination_with_rules_of_its_own_gets_its_own_event(
    appender: Appender, redis: Redis
) -> None:
    event = make_event(0, email="someone")
    less = make_event(0)
    verdicts = {
        "ads": Verdict(event),
        "books": Verdict(less, applied=("no mail",)),
        "crm": Verdict(event),
    }
    await appender.append([Decision(event, verdicts, ("a rule",), "site", 1.0, "v")])
    (ads,), (books,), (crm,) = [await stored(redis, name) for name in ("ads", "books", "crm")]
    assert ads.event == crm.event == event
    assert books.event == less
    assert books.applied == ["a rule", "no mail"]
    assert ads.applied == crm.applied == ["a rule"]


@pytest.mark.parametrize("order", [["plain", "ruled"], ["ruled", "plain"]])
async def test_a_rule_that_changed_nothing_stands_only_where_it_was_met(
    appender: Appender, redis: Redis, order: list[str]
) -> None:
    event = make_event(0)
    verdicts = {"plain": Verdict(event), "ruled": Verdict(event, applied=("no mail",))}
    in_order = {name: verdicts[name] for name in order}
    await appender.append([Decision(event, in_order, (), "site", 1.0, "v")])
    (plain,), (ruled,) = await stored(redis, "plain"), await stored(redis, "ruled")
    assert (plain.applied, ruled.applied) == ([], ["no mail"])


async def test_senders_at_the_same_time_lose_and_repeat_nothing(
    appender: Appender, redis: Redis
) -> None:
    requests = [
        [
            decide(make_event(10 * request + number), send=["ads"], withhold=["books"])
            for number in range(request % 4)
        ]
        for request in range(100)
    ]
    await asyncio.gather(*(appender.append(request) for request in requests))
    sent = [decision.event["event_id"] for request in requests for decision in request]
    arrived = await ids(redis, "ads")
    assert sorted(arrived) == sorted(sent)
    for request in requests:  # a request's own events stay in order
        own = [decision.event["event_id"] for decision in request]
        assert [each for each in arrived if each in own] == own
    assert await counts(redis, "ads") == {"accepted": len(sent)}
    assert await counts(redis, "books") == {"accepted": len(sent), "withheld": len(sent)}


async def test_what_the_tally_gathered_is_written_with_the_events(
    appender: Appender, redis: Redis, pending_counts: PendingCounts
) -> None:
    pending_counts.add("received:site", 3)
    await appender.append(decisions(1, send=["ads"]))
    pending_counts.add("received:site", 2)
    await appender.flush_counts()
    assert await redis.hgetall(KEYS.counts) == {b"received:site": b"5"}
    assert not pending_counts


async def test_nothing_to_flush_writes_nothing(appender: Appender, redis: Redis) -> None:
    await appender.flush_counts()
    assert await redis.dbsize() == 0


@pytest.mark.parametrize(
    ("state", "wakes"),
    [
        ("asleep", True),
        ("a drain at work", False),
        ("a dead drain", True),
        ("paused", False),
        ("woken already", False),
    ],
)
async def test_a_destination_is_woken_when_nobody_will_come_by(
    appender: Appender, woken: Woken, redis: Redis, state: str, wakes: bool
) -> None:
    keys = ADS
    now = time.time() * 1000
    if state == "a drain at work":
        await redis.zadd(keys.drains, {"drain": now + 5000})
    elif state == "a dead drain":
        await redis.zadd(keys.drains, {"drain": now - 1})
    elif state == "paused":
        await redis.set(keys.pause, "{}", px=5000)
    elif state == "woken already":
        await redis.set(keys.wake, "1", px=5000)
    await appender.append(decisions(1, send=["ads"], withhold=["books"]))
    await asyncio.sleep(0)
    assert woken.calls == ([["ads"]] if wakes else [])
    assert await ids(redis, "ads") == ["event-0"]


async def test_a_woken_destination_is_marked_for_a_while(
    appender: Appender, woken: Woken, redis: Redis
) -> None:
    await appender.append(decisions(2, send=["ads", "books"]))
    await appender.append(decisions(2, send=["ads", "books"]))
    await asyncio.sleep(0)
    assert woken.calls == [["ads", "books"]]
    assert 0 < await redis.pttl(ADS.wake) <= WAKE_MARK_MS


async def test_behind_many_jobs_a_mark_lives_longer(
    intake: Redis, pending_counts: PendingCounts, redis: Redis
) -> None:
    """Otherwise a job would be queued every ten seconds while workers are away."""

    async def wake(destinations: Sequence[str]) -> int:
        if "books" in destinations:
            await redis.delete(BOOKS.wake)  # a drain was quicker
        return 5 * WAKE_MARK_MS

    appender = Appender(intake, KEYS, pending_counts, wake)
    await appender.append(decisions(1, send=["ads", "books"]))
    await appender.wait_for_wake_ups()
    assert 4 * WAKE_MARK_MS < await redis.pttl(ADS.wake) <= 5 * WAKE_MARK_MS
    assert not await redis.exists(BOOKS.wake)


async def test_a_failing_alarm_does_not_fail_the_append(
    intake: Redis, pending_counts: PendingCounts, redis: Redis
) -> None:
    async def broken(_: object) -> None:
        raise RedisError("no queue")

    await Appender(intake, KEYS, pending_counts, broken).append(decisions(1, send=["ads"]))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert await ids(redis, "ads") == ["event-0"]


async def test_without_redis_it_fails_and_the_counts_are_kept(
    pending_counts: PendingCounts, woken: Woken
) -> None:
    async with connect_for_intake("unix:///nowhere/valkey.sock") as nobody:
        appender = Appender(nobody, KEYS, pending_counts, woken.wake)  # type: ignore[arg-type]
        pending_counts.add("received:site", 3)
        started = time.monotonic()
        with pytest.raises(RedisError):
            await appender.append(decisions(1, send=["ads"]))
        assert time.monotonic() - started < 10
    assert dict(pending_counts.take()) == {"received:site": 3}
    assert woken.calls == []


async def test_a_commit_that_was_carried_out_is_not_carried_out_again(
    appender: Appender, redis: Redis, pending_counts: PendingCounts, woken: Woken
) -> None:
    """The repetition wakes all destinations: when the first answer was lost, none were woken."""
    batch = appender.batch_of([decide(make_event(0), ["ads"], ["books"])])
    await appender.write([batch], [("process", 7)])
    pending_counts.add("received:site", 3)
    await appender.write([batch], [("file", 1), ("process", 7)])
    assert await ids(redis, "ads") == ["event-0"]
    assert await counts(redis, "ads") == {"accepted": 1}
    assert await counts(redis, "books") == {"accepted": 1, "withheld": 1}
    await appender.wait_for_wake_ups()
    assert woken.calls == [["ads"], ["ads", "books"]]
    assert await redis.hget(KEYS.counts, "received:site") == b"3"


async def test_a_commit_that_arrives_after_its_repetition_is_not_carried_out(
    appender: Appender, redis: Redis
) -> None:
    """It was on its way when the connection was given up."""
    batch = appender.batch_of([decide(make_event(0), ["ads"])])
    await appender.write([batch], [("file", 1), ("process", 7)])
    await appender.write([batch], [("process", 7)])
    assert await ids(redis, "ads") == ["event-0"]


@pytest.mark.parametrize("tried", ["before", "after the first part", "after all", "never"])
async def test_what_was_one_commit_and_is_repeated_in_parts_is_carried_out_once(
    appender: Appender, redis: Redis, tried: str
) -> None:
    """The one commit may have been carried out, or may come late, or not at all."""
    batches = [appender.batch_of([decide(make_event(n), ["ads"], ["books"])]) for n in range(5)]

    async def attempt(when: str) -> None:
        if tried == when:
            await appender.write(batches, [("process", 7)])

    await attempt("before")
    for first, last in ((0, 2), (2, 4), (4, 5)):
        for _ in range(2):  # its answer may be lost too
            await appender.write(batches[first:last], [("file", last), ("process", 7)])
        await attempt("after the first part")
    await attempt("after all")
    assert await ids(redis, "ads") == [f"event-{number}" for number in range(5)]
    assert await counts(redis, "ads") == {"accepted": 5}
    assert await counts(redis, "books") == {"accepted": 5, "withheld": 5}


@pytest.mark.parametrize("commits", [[("process", 8)], [("file", 1), ("process", 8)], []])
async def test_a_commit_that_comes_after_the_last_is_carried_out(
    appender: Appender, redis: Redis, commits: list[Commit]
) -> None:
    batch = appender.batch_of([decide(make_event(0), ["ads"])])
    await appender.write([batch], [("process", 7)])
    await appender.write([batch], commits)
    assert await ids(redis, "ads") == ["event-0"] * 2


async def test_a_commit_that_failed_half_way_is_carried_out_again(
    appender: Appender, redis: Redis
) -> None:
    batch = appender.batch_of([decide(make_event(0), ["ads"])])
    await redis.set(ADS.stream, "of another type")
    with pytest.raises(RedisError):
        await appender.write([batch], [("process", 1)])
    await redis.delete(ADS.stream)
    await appender.write([batch], [("process", 1)])
    assert await ids(redis, "ads") == ["event-0"]


async def test_no_trace_of_a_commit_is_kept_for_ever(appender: Appender, redis: Redis) -> None:
    await appender.write([appender.batch_of(decisions(1, ["ads"]))], [("process", 1)])
    (key,) = await redis.keys(f"{KEYS.committed}*")
    assert KEEP_SECONDS - 60 < await redis.ttl(key) <= KEEP_SECONDS


async def test_at_maxmemory_nothing_is_appended_anywhere(
    appender: Appender, woken: Woken, redis: Redis, pending_counts: PendingCounts
) -> None:
    await appender.append(decisions(1, send=["ads", "books"]))
    pending_counts.add("received:site")
    await redis.config_set("maxmemory", 1)
    with pytest.raises(OutOfMemoryError):
        await appender.append(decisions(3, send=["ads", "books"], withhold=["crm"]))
    await redis.config_set("maxmemory", 0)
    for name in ("ads", "books"):
        assert await ids(redis, name) == ["event-0"]
        assert await counts(redis, name) == {"accepted": 1}
    assert await counts(redis, "crm") == {}
    assert dict(pending_counts.take()) == {"received:site": 1}


async def test_an_event_that_json_cannot_say_fails_alone(appender: Appender, redis: Redis) -> None:
    bad = decide(make_event(1, note="\ud800"), send=["ads"])
    results = await asyncio.gather(
        appender.append(decisions(1, send=["ads"])),
        appender.append([bad]),
        return_exceptions=True,
    )
    assert results[0] is False
    assert isinstance(results[1], TypeError)
    assert await ids(redis, "ads") == ["event-0"]


async def test_scripts_are_found_again_after_the_server_forgot_them(
    appender: Appender, redis: Redis
) -> None:
    await appender.append(decisions(1, send=["ads"]))
    await redis.script_flush()
    await appender.append(decisions(1, send=["ads"]))
    assert len(await ids(redis, "ads")) == 2


async def test_no_commit_keeps_the_server_busy_for_long(appender: Appender, redis: Redis) -> None:
    """While a script runs, Redis serves no other client, and senders wait 3 s at most."""
    scripts = await commits(appender, redis, 8, decisions(1000, send=["ads", "books", "crm"]))
    assert await redis.xlen(ADS.stream) == 8000
    assert 24_000 / scripts <= 10_000


async def test_no_commit_of_withheld_events_keeps_the_server_busy_for_long(
    intake: Redis, redis: Redis
) -> None:
    """They are in no stream, but the ledger gets a record of each."""
    feeding = Feeding(100_000_000, lambda *_: [])
    appender = Appender(intake, KEYS, PendingCounts(), nobody, feeding=feeding)
    scripts = await commits(appender, redis, 12, decisions(1000, withhold=["ads"]))
    assert await redis.xlen(KEYS.feed) == 12_000
    assert 12_000 / scripts <= 4_000


MANY = [f"d{n}" for n in range(20)]


def sent_by(trusted: bool, has_own_id: bool = False) -> list[Decision]:
    """A request with as many events as allowed, for many destinations."""
    return [
        replace(decide(make_event(n), send=MANY, trusted=trusted), has_own_id=has_own_id)
        for n in range(1000)
    ]


@pytest.mark.parametrize(
    ("request_", "dedupe", "steps"),
    [
        (sent_by(trusted=False), 0, 5),
        (sent_by(trusted=False), 600, 5),
        (sent_by(trusted=True), 600, 1),
        (sent_by(trusted=True, has_own_id=True), 0, 1),
        (sent_by(trusted=True, has_own_id=True), 1, 1),
        (sent_by(trusted=True, has_own_id=True), 600, 5),
    ],
)
async def test_a_large_request_is_divided_unless_its_repetition_would_count_twice(
    intake: Redis, redis: Redis, request_: list[Decision], dedupe: int, steps: int
) -> None:
    """Other clients wait while a script runs. A backend's request is taken whole or not at all if
    its repetition would not be recognised."""
    appender = Appender(intake, KEYS, PendingCounts(), nobody, Retention(dedupe=dedupe))
    await appender.append(request_[:1])  # loads the script
    assert await commits(appender, redis, 1, request_[1:]) == steps
    for name in (MANY[0], MANY[-1]):
        assert await ids(redis, name) == [each.event["event_id"] for each in request_]


async def test_what_was_taken_of_a_divided_request_is_recognised_when_it_comes_again(
    intake: Redis, redis: Redis
) -> None:
    appender = Appender(intake, KEYS, PendingCounts(), nobody, Retention(dedupe=600))
    request = sent_by(trusted=True, has_own_id=True)
    write, calls = appender.write, 0

    async def fail_once(group: list[AppendBatch], commits: Sequence[Commit] = ()) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OutOfMemoryError
        await write(group, commits)

    appender._commits._commit = fail_once
    with pytest.raises(OutOfMemoryError):
        await appender.append(request)
    assert await counts(redis, MANY[0]) == {"accepted": 400}
    await appender.append(request)
    assert await counts(redis, MANY[0]) == {"accepted": 1000, "repeated": 400}
    assert await ids(redis, MANY[0]) == [each.event["event_id"] for each in request]


async def commits(appender: Appender, redis: Redis, count: int, request: list[Decision]) -> int:
    """Appends `request` `count` times at once. Returns the number of steps."""

    async def append() -> None:
        try:
            await appender.append(request)
        except Overloaded:  # on a slow machine
            await append()

    await redis.config_resetstat()
    await asyncio.gather(*(append() for _ in range(count)))
    steps: int = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    return steps


def test_payloads_are_shared_by_destinations_that_get_the_same_event() -> None:
    event, less = make_event(0), make_event(0, less=True)
    verdicts: dict[str, Any] = {name: Verdict(event) for name in ("a", "b", "c")}
    verdicts["d"] = Verdict(less, applied=("less",))
    batch = AppendBatch([Decision(event, verdicts, (), "site", 1.0, "v")])
    assert len(batch.payloads) == 2
    assert batch.sent == {"a": [1], "b": [1], "c": [1], "d": [2]}
    assert orjson.loads(batch.payloads[1])["event"] == less
