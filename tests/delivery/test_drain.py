"""The drain: a destination's stream is emptied, and each event ends as it should."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from math import log2
from typing import Any

import orjson
import pytest
from made import decide, make_event
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError
from vendor import Parcel, Vendor, script

from destinations.base import Outcome, Response
from gateway.delivery import drain as drain_module
from gateway.delivery import send as send_module
from gateway.delivery.drain import Drain, Patience
from gateway.delivery.lease import Lease
from gateway.delivery.pause import current_pause, is_probing, pause
from gateway.delivery.policy import FAILURES_BEFORE_PAUSE, DeliverySettings
from gateway.delivery.send import Attempt
from gateway.delivery.wake import QUEUE_KEY
from gateway.http.client import NotSent
from gateway.metrics import DestinationNumbers, read_numbers
from gateway.queue.append import Appender
from gateway.queue.keys import GROUP, DestinationKeys
from gateway.queue.read import Reader, ensure_group
from gateway.queue.tally import DELIVERY, Tally

pytestmark = pytest.mark.anyio

KEYS = DestinationKeys.of("ads")
OK, DOWN = Response(204), Response(503, {}, b"down")
SOON = [0.2]
"""A backoff that a test can wait for."""

Start = Callable[..., Awaitable[Drain]]
Fill = Callable[..., Awaitable[None]]


async def nobody(_: object = None) -> None:
    return None


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain_module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(drain_module, "BLOCK_MS", 20)
    monkeypatch.setattr(send_module, "wait_random_exponential", lambda **_: lambda _: 0.01)


@pytest.fixture
async def fill(redis: Redis) -> Fill:
    """Appends the events `first` to `first + count`, with the fields given."""
    await ensure_group(redis, "ads")
    appender = Appender(redis, Tally(), nobody)  # type: ignore[arg-type]

    async def fill(count: int, first: int = 0, **fields: Any) -> None:
        events = [make_event(number, **fields) for number in range(first, first + count)]
        await appender.append([decide(event, ["ads"]) for event in events])

    return fill


@pytest.fixture
def watched() -> list[Attempt]:
    return []


@pytest.fixture
def calls_for_help() -> list[float]:
    return []


@pytest.fixture
async def start(redis: Redis, watched: list[Attempt], calls_for_help: list[float]) -> Start:
    """Makes a drain that holds a lease, ready to run; without work it ends after `idle` s."""

    async def call_help() -> None:
        calls_for_help.append(time.time())

    async def start(
        vendor: Vendor | None,
        size: int = 1,
        holder: str = "drain",
        idle: float = 0.15,
        busy: float = 60.0,
        destination: Parcel | None = None,
        **settings: Any,
    ) -> Drain:
        chosen = DeliverySettings(**{"tries": 1, **settings})
        lease = Lease(redis, "ads", holder, 8)
        await lease.take()
        return Drain(
            redis,
            "ads",
            destination or Parcel(size),
            chosen,
            vendor,
            lease,
            watched.append,
            call_help,
            Patience(idle, busy, 60),
        )

    return start


async def run(*drains: Drain) -> None:
    async with asyncio.timeout(30):
        await asyncio.gather(*(drain.run() for drain in drains))


async def numbers(redis: Redis) -> DestinationNumbers:
    return (await read_numbers(redis, ["ads"])).destinations["ads"]


async def outcomes(redis: Redis) -> dict[str, int]:
    """The counts of the law of conservation that are not 0; fails if it does not hold."""
    now = await numbers(redis)
    ended = {end: now.counts.get(end, 0) for end in ("delivered", "rejected", "expired")}
    assert now.counts.get("accepted", 0) == sum(ended.values()) + now.pending
    return {name: count for name, count in {**ended, "pending": now.pending}.items() if count}


async def deliveries(redis: Redis) -> dict[int, int]:
    """How many pending entries were delivered how often."""
    rows = await redis.xpending_range(KEYS.stream, GROUP, "-", "+", 10_000)
    times = [row["times_delivered"] for row in rows]
    return {each: times.count(each) for each in times}


async def dead_letters(redis: Redis) -> list[dict[str, Any]]:
    return [orjson.loads(fields[b"d"]) for _, fields in await redis.xrange(KEYS.dead)]


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


class TestEndings:
    async def test_every_event_is_delivered_once(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(100)
        vendor = Vendor()
        await run(await start(vendor))
        assert await outcomes(redis) == {"delivered": 100}
        assert set(vendor.times_sent.values()) == {1}
        assert len(vendor.times_sent) == 100

    async def test_what_comes_while_it_runs_is_delivered_too(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        vendor = Vendor()
        running = asyncio.create_task(run(await start(vendor, idle=0.5)))
        for number in range(5):
            await fill(1, first=number)
            await until(lambda sent=number + 1: len(vendor.requests) == sent)
        await running
        assert await outcomes(redis) == {"delivered": 5}

    async def test_events_of_one_read_share_requests(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(100)
        vendor = Vendor()
        await run(await start(vendor, size=50))
        assert [len(ids) for ids in vendor.requests] == [50, 50]
        assert await outcomes(redis) == {"delivered": 100}

    async def test_a_refused_event_becomes_a_dead_letter(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(1, email="someone@example.com")
        before = time.time()
        await run(await start(Vendor(script(Response(400, {}, b"no such pixel")))))
        assert await outcomes(redis) == {"rejected": 1}
        (letter,) = await dead_letters(redis)
        assert letter["reason"] == "HTTP 400: no such pixel"
        assert letter["response"] == {"status": 400, "body": "no such pixel"}
        assert letter["event"]["email"] == "someone@example.com"
        assert (letter["result"], letter["deliveries"]) == ("rejected", 1)
        assert before <= letter["at"] <= time.time()

    async def test_a_dead_letter_shows_no_secret_that_the_vendor_repeats(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        class Secretive(Parcel):
            def mask(self, text: str) -> str:
                return text.replace("hush-hush", "***")

        await fill(1)
        vendor = Vendor(script(Response(400, {}, b"bad token hush-hush")))
        await run(await start(vendor, destination=Secretive()))
        assert "hush-hush" not in str(await dead_letters(redis))

    async def test_an_expired_event_is_never_sent(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(2, timestamp=time.time() - 8 * 86_400)
        await fill(1, first=2)
        vendor = Vendor()
        await run(await start(vendor))
        assert vendor.requests == [["event-2"]]
        assert await outcomes(redis) == {"delivered": 1, "expired": 2}
        assert {letter["result"] for letter in await dead_letters(redis)} == {"expired"}

    async def test_a_deadline_may_be_set(self, start: Start, fill: Fill, redis: Redis) -> None:
        await fill(1, timestamp=time.time() - 60)
        await run(await start(Vendor(), max_age=59))
        assert await outcomes(redis) == {"expired": 1}

    async def test_a_fault_in_the_destination_costs_one_event(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(5)
        await fill(1, first=5, fault=True, secret="someone@example.com")
        await fill(5, first=6)
        await run(await start(Vendor(), size=50))
        assert await outcomes(redis) == {"delivered": 10, "rejected": 1}
        (letter,) = await dead_letters(redis)
        assert letter["reason"] == "no request could be made: KeyError"

    async def test_an_event_without_a_time_does_not_stop_the_others(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        """A rule may take any field away, or give it any value."""
        decided = decide(make_event(0), ["ads"])
        del decided.event["timestamp"]
        odd = decide(make_event(1, timestamp="soon"), ["ads"])
        await Appender(redis, Tally(), nobody).append([decided, odd])  # type: ignore[arg-type]
        await fill(3, first=2)
        await run(await start(Vendor()))
        assert (await outcomes(redis)).get("delivered", 0) >= 3
        assert "pending" not in await outcomes(redis)

    async def test_one_bad_event_in_a_thousand_is_found(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(1000)
        vendor = Vendor(lambda ids: Response(400, {}, b"bad") if "event-731" in ids else OK)
        await run(await start(vendor, size=1000))
        assert await outcomes(redis) == {"delivered": 999, "rejected": 1}
        (letter,) = await dead_letters(redis)
        assert letter["event"]["event_id"] == "event-731"
        assert len(vendor.requests) <= 2 * log2(1000) + 2
        counts = (await numbers(redis)).counts
        attempts = [count for name, count in counts.items() if name.startswith("attempts:")]
        assert sum(attempts) == len(vendor.requests)

    async def test_a_dry_run_delivers_and_sends_nothing(
        self, start: Start, fill: Fill, redis: Redis, watched: list[Attempt]
    ) -> None:
        await fill(3)
        await run(await start(None))
        assert await outcomes(redis) == {"delivered": 3}
        assert all(attempt.request and not attempt.response for attempt in watched)


class TestRetries:
    async def test_after_quick_tries_an_event_waits_as_pending(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(1)
        vendor = Vendor(script(DOWN, NotSent("refused"), DOWN))
        await run(await start(vendor, tries=3))
        assert len(vendor.requests) == 3
        assert await outcomes(redis) == {"pending": 1}
        assert await deliveries(redis) == {1: 1}

    async def test_it_is_sent_again_after_its_wait_and_not_before(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(1)
        times: list[float] = []

        def reply(_: Any) -> Response:
            times.append(time.monotonic())
            return OK if len(times) == 3 else DOWN

        await run(await start(Vendor(reply), backoff=[0.2, 0.4], idle=1.0))
        assert await outcomes(redis) == {"delivered": 1}
        waits = [later - earlier for earlier, later in pairwise(times)]
        assert waits[0] >= 0.15
        assert waits[1] >= 0.3

    async def test_a_later_drain_takes_over_what_a_dead_one_held(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(3)
        await Reader(redis, "ads", "dead").new(3, None)
        await run(await start(Vendor(), backoff=SOON, idle=0.5))
        assert await outcomes(redis) == {"delivered": 3}

    async def test_a_request_that_takes_long_is_not_sent_a_second_time(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        """A vendor may take longer to answer than an event waits for its second delivery."""
        await fill(3)

        async def slowly(_: Any) -> Response:
            await asyncio.sleep(0.6)
            return OK

        vendor = Vendor(slowly)
        await run(await start(vendor, backoff=SOON))
        assert set(vendor.times_sent.values()) == {1}
        assert await outcomes(redis) == {"delivered": 3}

    async def test_what_waits_for_its_turn_is_not_read_a_second_time(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(8)

        async def slowly(_: Any) -> Response:
            await asyncio.sleep(0.1)
            return OK

        vendor = Vendor(slowly)
        await run(await start(vendor, backoff=SOON, in_flight=1))
        assert set(vendor.times_sent.values()) == {1}

    async def test_an_event_that_is_to_wait_alone_does_not_come_back_at_once(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        class Choosy(Parcel):
            def outcomes(self, request: Any, response: Any) -> Any:
                return [Outcome("retry", "later", "event", 30.0)] * len(request.events)

        await fill(1)
        vendor = Vendor()
        await run(await start(vendor, destination=Choosy(), idle=0.3))
        assert len(vendor.requests) == 1
        assert await outcomes(redis) == {"pending": 1}


class TestPauses:
    async def test_retry_after_hands_back_and_pauses(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(10)
        vendor = Vendor(script(Response(429, {"retry-after": "30"}, b"slow down")))
        await run(await start(vendor, in_flight=1))
        assert len(vendor.requests) == 1
        assert await outcomes(redis) == {"pending": 10}
        assert set(await deliveries(redis)) <= {0}
        paused = await current_pause(redis, "ads")
        assert paused is not None
        assert paused.seconds == pytest.approx(30, abs=1)
        assert paused.reason == "HTTP 429: slow down"

    async def test_failures_in_a_row_pause(self, start: Start, fill: Fill, redis: Redis) -> None:
        await fill(50)
        vendor = Vendor(script(DOWN))
        await run(await start(vendor, in_flight=1))
        assert len(vendor.requests) == FAILURES_BEFORE_PAUSE
        spent = await deliveries(redis)
        assert spent.pop(1) == FAILURES_BEFORE_PAUSE
        assert set(spent) <= {0}
        assert await current_pause(redis, "ads") is not None
        assert await outcomes(redis) == {"pending": 50}

    async def test_one_event_that_makes_the_vendor_fail_does_not(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(30)
        vendor = Vendor(lambda ids: DOWN if ids == ["event-3"] else OK)
        await run(await start(vendor, in_flight=1))
        assert await outcomes(redis) == {"delivered": 29, "pending": 1}
        assert await current_pause(redis, "ads") is None

    async def test_a_paused_destination_is_left_alone(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(3)
        await pause(redis, "ads", "HTTP 503", 60)
        vendor = Vendor()
        await run(await start(vendor))
        assert vendor.requests == []
        assert await deliveries(redis) == {}

    async def test_a_pause_stops_the_other_drains_too(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        vendor = Vendor()
        running = asyncio.create_task(run(await start(vendor, idle=1)))
        await fill(1)
        await until(lambda: vendor.requests)
        await pause(redis, "ads", "another drain was told to wait", 60)
        await asyncio.sleep(0.2)
        await fill(1, first=1)
        await running
        assert vendor.requests == [["event-0"]]

    async def over(self, redis: Redis) -> None:
        """A pause that has just ended."""
        await pause(redis, "ads", "HTTP 503", None)
        await redis.delete(KEYS.pause)

    async def test_a_single_probe_goes_first_and_the_others_follow_its_success(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(20)
        await self.over(redis)
        answered = asyncio.Event()

        async def reply(_: Any) -> Response:
            await answered.wait()
            return OK

        vendor = Vendor(reply)
        running = asyncio.create_task(run(await start(vendor, idle=0.5)))
        await until(lambda: vendor.requests)
        await asyncio.sleep(0.2)
        assert len(vendor.requests) == 1
        answered.set()
        await running
        assert await outcomes(redis) == {"delivered": 20}
        assert not await is_probing(redis, "ads")

    async def test_a_probe_that_fails_pauses_for_longer(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(20)
        await self.over(redis)
        vendor = Vendor(script(DOWN))
        await run(await start(vendor))
        assert len(vendor.requests) == 1
        paused = await current_pause(redis, "ads")
        assert paused is not None
        assert paused.number == 2
        assert await outcomes(redis) == {"pending": 20}

    @pytest.mark.parametrize(
        "fields", [{"timestamp": 1.0}, {"unsendable": True}, {"fault": True, "secret": "x"}]
    )
    async def test_an_event_that_ends_unsent_is_no_probe(
        self, start: Start, fill: Fill, redis: Redis, fields: dict[str, Any]
    ) -> None:
        """After a long outage the oldest events have expired: that says nothing of the vendor."""
        await fill(3, **fields)
        await fill(20, first=3)
        await self.over(redis)
        vendor = Vendor(script(DOWN))
        await run(await start(vendor, size=1))
        assert len(vendor.requests) == 1
        assert await is_probing(redis, "ads")

    @pytest.mark.parametrize("fields", [{"timestamp": 1.0}, {"unsendable": True}])
    async def test_nor_does_it_break_a_row_of_failures(
        self, start: Start, fill: Fill, redis: Redis, fields: dict[str, Any]
    ) -> None:
        for number in range(0, 40, 2):
            await fill(1, first=number)
            await fill(1, first=number + 1, **fields)
        vendor = Vendor(script(DOWN))
        await run(await start(vendor, in_flight=1))
        assert len(vendor.requests) == FAILURES_BEFORE_PAUSE


class TestPace:
    @pytest.mark.parametrize("in_flight", [1, 5])
    async def test_no_more_requests_at_once_than_set(
        self, start: Start, fill: Fill, redis: Redis, in_flight: int
    ) -> None:
        await fill(60)

        async def slowly(_: Any) -> Response:
            await asyncio.sleep(0.005)
            return OK

        vendor = Vendor(slowly)
        await run(await start(vendor, in_flight=in_flight))
        assert vendor.most_at_once == in_flight
        assert await outcomes(redis) == {"delivered": 60}

    async def test_a_slow_request_does_not_block_the_others(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(40)
        others = asyncio.Event()

        async def reply(ids: list[str]) -> Response:
            if ids == ["event-0"]:
                await others.wait()
            elif vendor.times_sent.total() == 40:
                others.set()
            return OK

        vendor = Vendor(reply)
        await run(await start(vendor, in_flight=2))
        assert await outcomes(redis) == {"delivered": 40}

    async def test_it_stays_while_nobody_else_waits_and_leaves_when_somebody_does(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        running = asyncio.create_task(run(await start(Vendor(), idle=60)))
        await asyncio.sleep(0.3)
        assert not running.done()
        await redis.rpush(QUEUE_KEY, "job")
        await asyncio.wait_for(running, 5)

    async def test_with_work_it_leaves_when_others_have_waited_long_enough(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(500)
        await redis.rpush(QUEUE_KEY, "job")

        async def slowly(_: Any) -> Response:
            await asyncio.sleep(0.05)
            return OK

        vendor = Vendor(slowly)
        await run(await start(vendor, in_flight=1, busy=0.3))
        became = await outcomes(redis)
        assert 0 < became["delivered"] < 40
        assert became["delivered"] + became["pending"] == 500
        assert set(vendor.times_sent.values()) == {1}
        assert set(await deliveries(redis)) <= {0}

    async def test_stop_hands_back_what_was_not_sent(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(20)
        answered = asyncio.Event()

        async def reply(_: Any) -> Response:
            await answered.wait()
            return OK

        vendor = Vendor(reply)
        drain = await start(vendor, in_flight=3)
        running = asyncio.create_task(run(drain))
        await until(lambda: len(vendor.requests) == 3)
        drain.stop()
        answered.set()
        await running
        assert len(vendor.requests) == 3
        assert await outcomes(redis) == {"delivered": 3, "pending": 17}
        assert set(await deliveries(redis)) <= {0}
        await Lease(redis, "ads", "drain", 8).release()
        await run(await start(vendor, holder="next"))
        assert await outcomes(redis) == {"delivered": 20}
        assert set(vendor.times_sent.values()) == {1}

    async def test_stop_ends_quick_tries(self, start: Start, fill: Fill, redis: Redis) -> None:
        """Whoever stops a gateway waits 20 s, then kills; each try may take 10 s."""
        await fill(1)
        answered = asyncio.Event()

        async def reply(_: Any) -> Response:
            await answered.wait()
            return DOWN

        vendor = Vendor(reply)
        drain = await start(vendor, tries=10)
        running = asyncio.create_task(run(drain))
        await until(lambda: vendor.requests)
        drain.stop()
        answered.set()
        await running
        assert len(vendor.requests) == 1
        assert await outcomes(redis) == {"pending": 1}

    async def stopped_while_it_waits(self, start: Start, redis: Redis, answer: Response) -> None:
        """A drain that is told to stop before the vendor gives its `answer`."""
        answered = asyncio.Event()

        async def reply(_: Any) -> Response:
            await answered.wait()
            return answer

        vendor = Vendor(reply)
        drain = await start(vendor)
        running = asyncio.create_task(run(drain))
        await until(lambda: vendor.requests)
        drain.stop()
        answered.set()
        await running

    async def test_a_failed_probe_is_no_success_because_the_drain_ends(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        """Else whoever restarts the gateway in an outage sends everything to a dead vendor."""
        await fill(5)
        for _ in range(4):
            await pause(redis, "ads", "HTTP 503", None)
        await redis.delete(KEYS.pause)
        await self.stopped_while_it_waits(start, redis, DOWN)
        assert await is_probing(redis, "ads")

    async def test_retry_after_counts_although_the_drain_ends(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(1)
        await self.stopped_while_it_waits(start, redis, Response(429, {"retry-after": "30"}))
        assert await current_pause(redis, "ads") is not None

    async def test_stop_before_the_start_reads_nothing(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(3)
        drain = await start(Vendor())
        drain.stop()
        await run(drain)
        assert await deliveries(redis) == {}


class TestSeveral:
    async def slowly(self, _: Sequence[str]) -> Response:
        await asyncio.sleep(0.002)
        return OK

    async def test_two_drains_share_a_stream_and_send_nothing_twice(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        vendor = Vendor(self.slowly)
        drains = [
            await start(vendor, holder=holder, drains=2, in_flight=4, idle=0.3, backoff=SOON)
            for holder in ("one", "two")
        ]
        running = asyncio.create_task(run(*drains))
        for number in range(0, 300, 30):
            await fill(30, first=number)
        await running
        assert len(vendor.times_sent) == 300
        assert set(vendor.times_sent.values()) == {1}
        assert await outcomes(redis) == {"delivered": 300}

    async def test_two_drains_that_find_events_handed_back_send_nothing_twice(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(60)
        before = Reader(redis, "ads", "before")
        await before.hand_back((await before.new(100, None)).entries)
        vendor = Vendor(self.slowly)
        drains = [
            await start(vendor, holder=f"drain-{number}", drains=4, in_flight=4, idle=0.3)
            for number in range(4)
        ]
        await run(*drains)
        assert await outcomes(redis) == {"delivered": 60}
        assert set(vendor.times_sent.values()) == {1}

    @pytest.mark.parametrize(("drains", "called"), [(1, False), (2, True)])
    async def test_a_long_backlog_calls_for_help_where_several_may_work(
        self,
        start: Start,
        fill: Fill,
        redis: Redis,
        calls_for_help: list[float],
        drains: int,
        called: bool,
    ) -> None:
        await fill(100)
        await run(await start(Vendor(self.slowly), drains=drains, in_flight=1))
        assert bool(calls_for_help) is called


class TestBooks:
    async def test_attempts_and_times_are_counted(
        self, start: Start, fill: Fill, redis: Redis, watched: list[Attempt]
    ) -> None:
        await fill(4)
        await run(await start(Vendor(script(OK, Response(400), DOWN, OK)), in_flight=1))
        counts = (await numbers(redis)).counts
        attempts = {name: n for name, n in counts.items() if name.startswith("attempts:")}
        assert attempts == {
            "attempts:delivered": 2,
            "attempts:rejected": 1,
            "attempts:retry": 1,
        }
        assert len(watched) == 4
        buckets, seconds = DELIVERY.read(counts)
        assert buckets[-1] == ("+Inf", 2)
        assert 0 < seconds < 60

    async def test_when_redis_fails_what_was_sent_is_settled_first(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        """Requests under way when reading fails are not forgotten, or they would be sent again."""
        await fill(2)
        answered = asyncio.Event()

        async def reply(_: Any) -> Response:
            await answered.wait()
            return OK

        vendor = Vendor(reply)
        running = asyncio.create_task(run(await start(vendor)))
        await until(lambda: len(vendor.requests) == 2)
        await redis.acl_setuser("default", enabled=True, commands=["-xreadgroup"])
        try:
            await asyncio.sleep(0.2)
            ended_early = running.done()
            answered.set()
            with pytest.raises(NoPermissionError):
                await running
        finally:
            await redis.acl_setuser("default", enabled=True, commands=["+xreadgroup"])
        assert not ended_early
        assert await outcomes(redis) == {"delivered": 2}

    async def test_answers_that_come_together_are_settled_together(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(30)
        answered = asyncio.Event()

        async def reply(_: Any) -> Response:
            await answered.wait()
            return OK

        vendor = Vendor(reply)
        running = asyncio.create_task(run(await start(vendor)))
        await until(lambda: len(vendor.requests) == 30)
        await redis.config_resetstat()
        answered.set()
        await running
        assert await outcomes(redis) == {"delivered": 30}
        assert (await redis.info("commandstats"))["cmdstat_xdel"]["calls"] <= 3

    async def test_what_is_answered_after_settling_failed_is_settled(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(2)
        answered = asyncio.Event()

        async def reply(ids: list[str]) -> Response:
            if ids == ["event-1"]:
                await answered.wait()
            return OK

        running = asyncio.create_task(run(await start(Vendor(reply))))
        await redis.acl_setuser("default", enabled=True, commands=["-xack"])
        try:
            await asyncio.sleep(0.3)
        finally:
            await redis.acl_setuser("default", enabled=True, commands=["+xack"])
        answered.set()
        with pytest.raises(RedisError):
            await running
        assert await outcomes(redis) == {"delivered": 1, "pending": 1}

    async def test_when_settling_fails_the_events_stay_pending(
        self, start: Start, fill: Fill, redis: Redis
    ) -> None:
        await fill(2)
        drain = await start(Vendor())
        await redis.acl_setuser("default", enabled=True, commands=["-xack"])
        try:
            with pytest.raises(RedisError):
                await run(drain)
        finally:
            await redis.acl_setuser("default", enabled=True, commands=["+xack"])
        assert await outcomes(redis) == {"pending": 2}
