"""Jobs name a destination and nothing else, and nothing else can be slipped in."""

from __future__ import annotations

import asyncio
import pickle
import zlib
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from redis import Redis
from rq import Callback, Queue, Webhook
from rq.exceptions import StopRequested
from rq.job import Job, JobStatus
from rq.registry import ScheduledJobRegistry
from rq.scheduler import RQScheduler
from rq.serializers import JSONSerializer

from gateway.configuration.load import parse_settings
from gateway.delivery import job as job_module
from gateway.delivery.forward import Forwarding
from gateway.delivery.job import forward
from gateway.queue.keys import WAKE_MARK_MS
from gateway.queue.wake import FORWARD, MAX_MARK_MS, ForwardJob, WakeQueue
from tests.support import crafted_job as crafted
from tests.support.gateway_process import free_port
from tests.support.keys import ADS, KEYS
from tests.support.queued_jobs import work_off_jobs
from tests.support.sink_server import Sink
from tests.support.waking import wake_unmarked

WAKE = ADS.wake


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:  # type: ignore[override]
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def wake_queue(redis: Redis) -> WakeQueue:
    return WakeQueue(redis, KEYS)


@pytest.fixture(autouse=True)
def forget_calls() -> None:
    crafted.calls.clear()


def jobs(redis: Redis) -> list[dict[bytes, bytes]]:
    return [redis.hgetall(b"rq:job:" + each) for each in redis.lrange(KEYS.queue_key, 0, -1)]


class TestWaking:
    def test_a_job_holds_a_name_and_nothing_else(self, redis: Redis) -> None:
        assert wake_unmarked(redis, "ads")
        (job,) = jobs(redis)
        assert orjson.loads(zlib.decompress(job[b"data"])) == [FORWARD, None, ["ads"], {}]
        assert job[b"description"] == b"forward ads"
        assert int(job[b"result_ttl"]) >= 60  # with 0, RQ runs a job dozens of times
        assert 0 < int(job[b"failure_ttl"]) <= 3600

    def test_a_marked_destination_is_not_woken_again(self, redis: Redis) -> None:
        assert wake_unmarked(redis, "ads")
        assert not wake_unmarked(redis, "ads")
        assert redis.llen(KEYS.queue_key) == 1
        assert 0 < redis.pttl(WAKE) <= WAKE_MARK_MS
        redis.delete(WAKE)
        assert wake_unmarked(redis, "ads")
        assert redis.llen(KEYS.queue_key) == 2

    def test_while_workers_are_away_few_jobs_are_queued(self, redis: Redis) -> None:
        """Each mark lives for as long as the jobs queued before its own may take."""
        passed_ms = 0
        for _ in range(30):
            assert wake_unmarked(redis, "ads")
            passed_ms += redis.pttl(WAKE)
            redis.delete(WAKE)
        assert passed_ms > 3 * 30 * WAKE_MARK_MS
        redis.rpush(KEYS.queue_key, *range(10_000))
        assert wake_unmarked(redis, "ads")
        assert MAX_MARK_MS - 10_000 < redis.pttl(WAKE) <= MAX_MARK_MS

    @pytest.mark.anyio
    async def test_several_are_woken_at_once(self, wake_queue: WakeQueue, redis: Redis) -> None:
        await wake_queue.wake(["ads", "books"])
        assert {job[b"description"] for job in jobs(redis)} == {b"forward ads", b"forward books"}

    def test_a_later_wake_up_replaces_an_earlier_one(
        self, wake_queue: WakeQueue, redis: Redis
    ) -> None:
        for seconds in (5, 600):
            wake_queue.wake_later("ads", seconds)
        scheduled = ScheduledJobRegistry(KEYS.queue, connection=redis)
        assert scheduled.get_job_ids() == ["later-ads"]
        left = scheduled.get_scheduled_time("later-ads").timestamp() - redis.time()[0]
        assert left == pytest.approx(600, abs=5)
        job = ForwardJob.fetch("later-ads", connection=redis, serializer=JSONSerializer)
        assert (job.description, job.args) == ("forward ads later", ["ads"])

    def test_the_queue_of_rq_is_the_one_that_drains_look_at(self, redis: Redis) -> None:
        wake_unmarked(redis, "ads")
        assert Queue(KEYS.queue, connection=redis).key == KEYS.queue_key


def test_a_signal_to_stop_while_a_job_is_read_stops_the_worker(
    monkeypatch: pytest.MonkeyPatch, redis: Redis
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise StopRequested

    monkeypatch.setattr(Job, "refresh", interrupted)
    with pytest.raises(StopRequested):
        ForwardJob.fetch("later-ads", connection=redis, serializer=JSONSerializer)


def test_a_drain_that_does_not_end_by_itself_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before RQ kills it, with its requests under way."""
    ended = []

    async def forward_events(*known: Any) -> None:
        stopping = known[3]
        async with asyncio.timeout(60):
            await stopping.wait()
        ended.append(known[2])

    monkeypatch.setattr(job_module, "forward_events", forward_events)
    monkeypatch.setattr(job_module, "STOP_SECONDS", 0.01)
    monkeypatch.setattr(job_module, "_settings", parse_settings(CONFIG.format(port=1)))
    forward("ads")
    assert ended == ["ads"]


class TestRefusals:
    """Anyone who can write to Redis can write a job, which must not become code."""

    def slip_in(self, redis: Redis, func: str, *args: Any, **options: Any) -> Job:
        queue = Queue(KEYS.queue, connection=redis, serializer="json")
        return queue.enqueue_call(func, args=args, **options)

    @pytest.mark.parametrize(
        ("func", "args", "kwargs"),
        [
            ("tests.support.crafted_job.spy", ("ads",), None),
            ("os.getpid", (), None),
            ("gateway.delivery.job.run_worker", ("ads",), None),
            (FORWARD, ("ads", "books"), None),
            (FORWARD, (), None),
            (FORWARD, (["ads"],), None),
            (FORWARD, ({"name": "ads"},), None),
            (FORWARD, (1,), None),
            (FORWARD, ("ads",), {"destination": "books"}),
            (FORWARD, (), {"destination": "ads"}),
        ],
    )
    def test_any_other_call(
        self, redis: Redis, func: str, args: tuple[Any, ...], kwargs: dict[str, Any] | None
    ) -> None:
        crafted_job = self.slip_in(redis, func, *args, kwargs=kwargs)
        with pytest.raises(PermissionError):
            ForwardJob.fetch(crafted_job.id, connection=redis, serializer=JSONSerializer).perform()
        work_off_jobs(redis)
        assert crafted_job.get_status() == JobStatus.FAILED
        assert crafted.calls == []

    def test_a_method_of_an_instance(self, redis: Redis) -> None:
        slipped = self.slip_in(redis, FORWARD, "ads")
        data = orjson.dumps([FORWARD, {"forward": 1}, ["ads"], {}])
        redis.hset(slipped.key, "data", zlib.compress(data))
        work_off_jobs(redis)
        assert slipped.get_status() == JobStatus.FAILED

    def test_a_pickle(self, redis: Redis) -> None:
        class Bomb:
            def __reduce__(self) -> Any:
                return crafted.spy, ("boom",)

        slipped = self.slip_in(redis, FORWARD, "ads")
        redis.hset(slipped.key, "data", zlib.compress(pickle.dumps(Bomb())))
        work_off_jobs(redis)
        assert crafted.calls == []

    @pytest.mark.parametrize("fails", [False, True])
    def test_callbacks(self, redis: Redis, fails: bool) -> None:
        spy = Callback("tests.support.crafted_job.spy")
        args = () if fails else ("ads",)
        self.slip_in(redis, FORWARD, *args, on_success=spy, on_failure=spy, on_stopped=spy)
        work_off_jobs(redis)
        assert crafted.calls == []

    @pytest.mark.parametrize("fails", [False, True])
    def test_webhooks(self, redis: Redis, fails: bool) -> None:
        with Sink() as sink:
            hooks = [
                Webhook(sink.url + "/inside", status, method="POST")  # type: ignore[arg-type]
                for status in ("finished", "failed")
            ]
            args = () if fails else ("ads",)
            self.slip_in(redis, FORWARD, *args, webhooks=hooks)
            work_off_jobs(redis)
            assert sink.requests == []

    def test_our_own_job_runs(self, redis: Redis) -> None:
        wake_unmarked(redis, "ads")
        (job_id,) = redis.lrange(KEYS.queue_key, 0, -1)
        work_off_jobs(redis)
        job = ForwardJob.fetch(job_id.decode(), connection=redis, serializer=JSONSerializer)
        assert job.get_status() == JobStatus.FINISHED


CONFIG = """
sources:
  site: {{type: collect}}
destinations:
  ads:
    type: webhook
    url: http://127.0.0.1:{port}/
    allow_private_addresses: true
    delivery: {{tries: 1, backoff: [3600]}}
"""


class TestForward:
    @pytest.fixture
    def port(self, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> int:
        """The port of a destination that is down, with settings as a worker would have them."""
        port = free_port()
        monkeypatch.setattr(job_module, "_settings", parse_settings(CONFIG.format(port=port)))
        monkeypatch.setattr(job_module, "_redis_url", redis_url)
        return port

    def add(self, redis: Redis) -> None:
        event = {"event_name": "x", "event_id": "1", "timestamp": redis.time()[0]}
        entry = {"source": "site", "received_at": 1.0, "version": "v", "applied": []}
        data = orjson.dumps({"event": event, **entry})
        redis.xadd(ADS.stream, {"e": data})

    def test_an_unknown_destination_is_left_to_those_who_know_it(self, port: int) -> None:
        forward("books")

    def test_what_has_to_wait_is_woken_later(self, port: int, redis: Redis) -> None:
        self.add(redis)
        redis.rpush(KEYS.queue_key, "somebody waits")
        forward("ads")
        assert ScheduledJobRegistry(KEYS.queue, connection=redis).get_job_ids() == ["later-ads"]
        assert redis.zcard(ADS.drains) == 0

    def test_a_job_that_came_later_may_schedule_itself_again(
        self, port: int, redis: Redis, wake_queue: WakeQueue
    ) -> None:
        """RQ lets the hash of a finished job expire; the new wake-up must not expire with it."""
        self.add(redis)
        wake_queue.wake_later("ads", 3600)
        scheduled = ScheduledJobRegistry(KEYS.queue, connection=redis)
        scheduled.remove("later-ads")
        redis.rpush(KEYS.queue_key, "later-ads")  # as the scheduler does when the job is due
        redis.rpush(KEYS.queue_key, "somebody waits")
        work_off_jobs(redis)
        assert scheduled.get_job_ids() == ["later-ads"]
        wait = scheduled.get_scheduled_time("later-ads").timestamp() - redis.time()[0]
        lives = redis.ttl("rq:job:later-ads")
        assert lives == -1 or lives > wait
        self.time_passes(redis)
        assert b"later-ads" in redis.lrange(KEYS.queue_key, 0, -1)

    def time_passes(self, redis: Redis) -> None:
        """Makes the scheduled job due, and has RQ's scheduler look."""
        redis.zadd(ScheduledJobRegistry(KEYS.queue, connection=redis).key, {"later-ads": 1})
        scheduler = RQScheduler([KEYS.queue], connection=redis, serializer="json")
        scheduler.acquire_locks()
        scheduler.enqueue_scheduled_jobs()

    def test_what_came_while_a_drain_ended_is_not_forgotten(
        self, port: int, redis: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its append found a drain at work, so it woke none."""

        async def ends_at_once(*_: object) -> None:
            self.add(redis)

        monkeypatch.setattr(Forwarding, "drain", ends_at_once)
        forward("ads")
        assert redis.llen(KEYS.queue_key) == 1
        assert redis.exists(WAKE)

    def test_no_more_drains_than_allowed(self, port: int, redis: Redis) -> None:
        keys = ADS
        redis.zadd(keys.drains, {"at work": (redis.time()[0] + 60) * 1000})
        self.add(redis)
        forward("ads")
        assert redis.xpending(keys.stream, "gateway")["pending"] == 0
        assert redis.llen(KEYS.queue_key) == 0
