"""A vendor refuses one event as if it refused all: the others are delivered, and that event ends
or waits alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from destinations.base import Destination, Request, Response
from destinations.ga4 import GA4
from destinations.meta import Meta
from destinations.webhook import Webhook
from gateway.delivery.adaptive_rate import AdaptiveRate
from gateway.delivery.policy import FAILURES_BEFORE_PAUSE
from gateway.queue.append import Appender
from gateway.queue.pause import current_pause, read_suspects
from gateway.queue.pending_counts import PendingCounts
from gateway.queue.read import ensure_group
from tests.support.drains import (
    SOON,
    Start,
    dead_letters,
    deliveries,
    nobody,
    outcomes,
    run,
)
from tests.support.events import decide, make_event
from tests.support.keys import ADS, KEYS

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("quick")]

GOOD = 30

Condition = Callable[[], Awaitable[bool]]
DrainUntil = Callable[..., Awaitable[None]]


def webhook() -> Webhook:
    return Webhook(Webhook.Settings(url="https://hook.example/"))


def ga4() -> GA4:
    return GA4(GA4.Settings(measurement_id="G-TEST000001", api_secret="secret"))


def meta() -> Meta:
    return Meta(Meta.Settings(pixel_id="1234567890", access_token="token"))


def ids_in(request: Request) -> list[str]:
    """The ids of the events in a request of any of the three destinations."""
    body = orjson.loads(request.body)
    if "events" in body:
        return [event["params"]["marker"] for event in body["events"]]
    data = body["data"]
    return [event["event_id"] for event in (data if isinstance(data, list) else [data])]


@dataclass
class Judge:
    """A vendor that answers by the events in a request.

    refuse: the answer for an event that is not accepted, None for others; an exception is raised.
    """

    refuse: Callable[[str], Response | Exception | None]
    requests: list[list[str]] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)

    async def send(self, request: Request) -> Response:
        ids = ids_in(request)
        self.requests.append(ids)
        await asyncio.sleep(0)
        for event_id in ids:
            answer = self.refuse(event_id)
            if isinstance(answer, Exception):
                raise answer
            if answer is not None:
                return answer
        self.taken.update(ids)
        return Response(200, {}, orjson.dumps({"events_received": len(ids)}))

    def tries(self, event_id: str) -> int:
        return sum(event_id in ids for ids in self.requests)


def graph_error(code: int, **more: Any) -> bytes:
    return orjson.dumps({"error": {"message": "no", "code": code, **more}})


VERDICTS = {
    "webhook": [301, 307, 401, 403, 404, 405, 410, 426],
    "ga4": [301, 307, 401, 403, 404, 426],
}
"""Statuses that seem to be about the whole destination."""

FAILURES = {"webhook": [408, 425, 429, 500, 503], "ga4": [408, 425, 429, 500, 503]}
REFUSALS = {"webhook": [400, 413, 422], "ga4": [400, 410, 413, 422]}
META_VERDICTS = [
    (401, graph_error(190)),
    (400, graph_error(102)),
    (403, graph_error(200)),
    (400, graph_error(100, error_subcode=33)),
    (400, graph_error(2635)),
    (401, graph_error(987_654)),
    (404, graph_error(987_654)),
]
META_FAILURES = [
    (400, graph_error(4)),
    (400, graph_error(2)),
    (429, b"busy"),
    (302, b""),
    (500, b""),
]
META_REFUSALS = [(400, graph_error(100, error_subcode=2804003)), (413, b"")]
WRONG_TOKEN = {
    "webhook": Response(401),
    "ga4": Response(401),
    "meta": Response(401, {}, graph_error(190)),
}
MAKERS: Mapping[str, Callable[[], Destination[Any]]] = {
    "webhook": webhook,
    "ga4": ga4,
    "meta": meta,
}


def answers(
    by_status: Mapping[str, list[int]], by_code: list[tuple[int, bytes]]
) -> Iterator[tuple[str, Response]]:
    for name, statuses in by_status.items():
        yield from ((name, Response(status, {}, b"no")) for status in statuses)
    yield from (("meta", Response(status, {}, body)) for status, body in by_code)


def named(value: object) -> str:
    return f"{value.status} {value.body.decode()}" if isinstance(value, Response) else str(value)


Fill = Callable[..., Awaitable[None]]


@pytest.fixture
async def fill(redis: Redis) -> Fill:
    """Appends events, numbered from `first`, of three visitors: GA4 gets them in batches."""
    await ensure_group(redis, ADS)
    appender = Appender(redis, KEYS, PendingCounts(), nobody)  # type: ignore[arg-type]

    async def append(count: int, first: int = 0) -> None:
        events = [
            make_event(
                number,
                marker=f"event-{number}",
                client_id=f"{number % 3}.2",
                user_id=f"user-{number % 3}",
                user_agent="a browser",
                page_location="https://shop.example/",
                value=1.0,
                currency="EUR",
            )
            for number in range(first, first + count)
        ]
        await appender.append([decide(event, ["ads"]) for event in events])

    return append


@pytest.fixture
def drain_until(start: Start, redis: Redis) -> DrainUntil:
    """Runs one drain after another until a condition holds; ends pauses at once."""

    async def drain(vendor: Judge, name: str, condition: Condition, **settings: Any) -> None:
        async with asyncio.timeout(60):
            while not await condition():
                await redis.delete(ADS.pause)
                how = {"backoff": SOON, "idle": 0.02, **settings}
                await run(await start(vendor, destination=MAKERS[name](), **how))

    return drain


@pytest.fixture
def nothing_pending(redis: Redis) -> Condition:
    async def condition() -> bool:
        return not await redis.xlen(ADS.stream)

    return condition


def taken(vendor: Judge, count: int) -> Condition:
    async def condition() -> bool:
        return len(vendor.taken) >= count

    return condition


def tried(vendor: Judge, event_id: str, times: int) -> Condition:
    async def condition() -> bool:
        return vendor.tries(event_id) >= times

    return condition


def refusing(answer: Response | Exception, *ids: str) -> Judge:
    return Judge(lambda event_id: answer if event_id in ids else None)


@pytest.mark.parametrize(("name", "answer"), [*answers(VERDICTS, META_VERDICTS)], ids=named)
async def test_a_verdict_about_one_event_ends_that_event_and_no_other(
    fill: Fill,
    redis: Redis,
    drain_until: DrainUntil,
    nothing_pending: Condition,
    name: str,
    answer: Response,
) -> None:
    vendor = refusing(answer, "event-7")
    await fill(GOOD + 1)
    await drain_until(vendor, name, taken(vendor, GOOD))
    await fill(1, GOOD + 1)
    await drain_until(vendor, name, nothing_pending)
    assert await outcomes(redis) == {"delivered": GOOD + 1, "rejected": 1}
    assert set(vendor.taken.values()) == {1}
    (letter,) = await dead_letters(redis)
    assert letter["event"]["event_id"] == "event-7"
    assert letter["reason"].endswith("accepted another one and rejected this one twice)")
    assert vendor.tries("event-7") <= 12, "its batch is halved at Meta"
    assert await read_suspects(redis, ADS) == []
    assert await current_pause(redis, ADS) is None


@pytest.mark.parametrize(("name", "answer"), [*answers(FAILURES, META_FAILURES)], ids=named)
async def test_a_failure_for_one_event_delays_no_other_and_costs_it_tries(
    fill: Fill, redis: Redis, drain_until: DrainUntil, name: str, answer: Response
) -> None:
    """Only requests that contain it wait: at Meta, the events that share its batch."""
    vendor = refusing(answer, "event-0")
    await fill(1)
    await drain_until(vendor, name, tried(vendor, "event-0", 2))
    await fill(GOOD, 1)
    await drain_until(vendor, name, taken(vendor, GOOD), backoff=[3600])
    assert await outcomes(redis) == {"delivered": GOOD, "pending": 1}
    assert set(vendor.taken.values()) == {1}
    assert max(await deliveries(redis)) >= 1


@pytest.mark.parametrize(("name", "answer"), [*answers(REFUSALS, META_REFUSALS)], ids=named)
async def test_a_refusal_of_one_event_ends_it(
    fill: Fill,
    redis: Redis,
    drain_until: DrainUntil,
    nothing_pending: Condition,
    name: str,
    answer: Response,
) -> None:
    vendor = refusing(answer, "event-7")
    await fill(GOOD + 1)
    await drain_until(vendor, name, nothing_pending)
    assert await outcomes(redis) == {"delivered": GOOD, "rejected": 1}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("place", [0, 15, GOOD])
async def test_wherever_it_stands_and_however_many_there_are(
    fill: Fill,
    redis: Redis,
    drain_until: DrainUntil,
    nothing_pending: Condition,
    name: str,
    place: int,
) -> None:
    """One good event does not prove that seven in a row are to blame."""
    poison = [f"event-{number}" for number in range(place, place + 7)]
    vendor = refusing(WRONG_TOKEN[name], *poison)
    await fill(GOOD + 7)
    await drain_until(vendor, name, taken(vendor, GOOD), in_flight=4)
    for number in range(GOOD + 7, GOOD + 12):
        await fill(1, number)
        await drain_until(vendor, name, taken(vendor, number - 6), in_flight=4)
    await drain_until(vendor, name, nothing_pending, in_flight=4)
    assert await outcomes(redis) == {"delivered": GOOD + 5, "rejected": 7}
    assert set(vendor.taken.values()) == {1}


@pytest.mark.parametrize("name", MAKERS)
async def test_an_event_that_is_alone_rests_and_pauses_nothing(
    fill: Fill, redis: Redis, start: Start, drain_until: DrainUntil, name: str
) -> None:
    vendor = refusing(WRONG_TOKEN[name], "event-0")
    await fill(1)
    for number in range(1, 5):
        await run(await start(vendor, destination=MAKERS[name](), backoff=[0.01] * 3 + [3600]))
        assert await current_pause(redis, ADS) is None
        assert await deliveries(redis) == {min(number, 3): 1}, "its wait stays short"
        await asyncio.sleep(0.05)
    await fill(1, 1)
    await run(await start(vendor, destination=MAKERS[name](), backoff=[3600]))
    assert await outcomes(redis) == {"delivered": 1, "rejected": 1}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("count", [1, 3, 40])
@pytest.mark.parametrize("refused", [1, 2, 3, 5, 9])
async def test_a_wrong_token_loses_nothing_whenever_it_is_mended(
    fill: Fill,
    redis: Redis,
    drain_until: DrainUntil,
    nothing_pending: Condition,
    name: str,
    count: int,
    refused: int,
) -> None:
    left = refused

    def refuse(_: str) -> Response | None:
        nonlocal left
        left -= 1
        return WRONG_TOKEN[name] if left >= 0 else None

    vendor = Judge(refuse)
    await fill(count)
    await drain_until(vendor, name, nothing_pending, in_flight=4)
    assert await outcomes(redis) == {"delivered": count}
    assert set(vendor.taken.values()) == {1}


async def test_a_token_that_becomes_wrong_while_a_batch_is_halved_loses_one_event_at_most(
    fill: Fill, redis: Redis, start: Start, drain_until: DrainUntil
) -> None:
    """A batch with a bad event is refused, another event is accepted, and then no more are."""
    is_wrong = False

    def refuse(event_id: str) -> Response | None:
        nonlocal is_wrong
        is_wrong = is_wrong or len(vendor.requests) > 6
        return WRONG_TOKEN["meta"] if is_wrong or event_id == "event-7" else None

    vendor = Judge(refuse)
    await fill(200)
    await run(await start(vendor, destination=meta()))
    assert (await outcomes(redis)).get("rejected", 0) <= FAILURES_BEFORE_PAUSE
    assert await current_pause(redis, ADS) is not None


@pytest.mark.parametrize("name", MAKERS)
async def test_a_verdict_about_all_events_pauses_and_costs_no_try(
    fill: Fill, redis: Redis, start: Start, name: str
) -> None:
    vendor = Judge(lambda _: WRONG_TOKEN[name])
    await fill(GOOD)
    await run(await start(vendor, destination=MAKERS[name](), in_flight=4))
    *first, last = vendor.requests
    assert len(first) <= 4
    assert last == [f"event-{GOOD - 1}"], "the newest is sent alone"
    assert await current_pause(redis, ADS) is not None
    assert await deliveries(redis) == {0: GOOD}


@pytest.mark.parametrize(
    "answer",
    [Response(400, {}, graph_error(4)), Response(400, {}, graph_error(80004)), Response(429)],
    ids=named,
)
async def test_meta_is_left_alone_at_once_when_it_throttles(
    fill: Fill, redis: Redis, start: Start, answer: Response
) -> None:
    vendor = Judge(lambda _: answer)
    await fill(GOOD)
    await run(await start(vendor, destination=meta(), tries=3))
    assert len(vendor.requests) == 1
    assert await current_pause(redis, ADS) is not None
    assert await deliveries(redis) == {0: GOOD}


async def test_a_drain_heeds_how_much_of_a_limit_is_used(
    fill: Fill, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[float] = []
    monkeypatch.setattr(AdaptiveRate, "heed", lambda _, usage: heard.append(usage))
    busy = Response(200, {"x-app-usage": '{"call_count":91}'}, b'{"events_received":30}')
    await fill(GOOD)
    await run(await start(Judge(lambda _: busy), destination=meta()))
    assert heard == [91.0]
