"""The whole gateway, with sinks as strict as the real vendors: the events of all examples, and
vendors that are busy, are down, or refuse an event."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from redis import Redis

from destinations.base import THROTTLE_SECONDS
from gateway.runtime.embedded import embedded_url
from tests.support import plain_http
from tests.support.every_vendor import ALL, CURRENCY, EXAMPLES, GRANTED, ODD, config, purchase
from tests.support.gateway_process import Gateway, adds_up, wait_for
from tests.support.keys import KEYS
from tests.support.sink_server import Received, Reply, Sink
from tests.support.token_endpoint import PRIVATE_PEM, PUBLIC_PEM
from tests.vendors.all import Vendors
from tests.vendors.answer import Answer
from tests.vendors.tiktok import PATH as TIKTOK
from tests.vendors.tokens import PATH as TOKENS
from tests.vendors.tokens import Tokens

KEY = {"authorization": "Bearer backend-test-key"}
RETRY_AFTER = 2


@dataclass
class Busy(Vendors):
    """All vendors. Those that are busy answer with `Retry-After`. asked: times of the requests with
    events, by path."""

    asked: dict[str, list[float]] = field(default_factory=dict)

    def answer(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Answer:
        path = target.partition("?")[0]
        if method == "POST" and path != TOKENS:
            self.asked.setdefault(path, []).append(time.monotonic())
        answer = super().answer(method, target, body, headers)
        if answer.status != 429:
            return answer
        return answer._replace(headers={**answer.headers, "retry-after": str(RETRY_AFTER)})

    def set_busy(self, busy: bool) -> None:
        """Makes the vendors busy, each in its own way, or ends that."""
        self.tiktok.throttled = self.snapchat.throttled = busy
        self.linkedin.throttled = self.microsoft_uet.throttled = busy
        self.google_data_manager.exhausted = busy
        self.pinterest.error = 8 if busy else None
        self.reddit.status = self.openai_ads.status = 429 if busy else None
        self.x.left = 0 if busy else 60_000


@pytest.fixture(scope="module")
def vendors() -> Busy:
    return Busy(tokens=Tokens(PUBLIC_PEM))


@pytest.fixture(scope="module")
def sink(vendors: Busy) -> Iterator[Sink]:
    with Sink(vendors=vendors) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, sink: Sink) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("vendors")
    key = {"client_email": "a@b.iam", "private_key": PRIVATE_PEM, "private_key_id": "k1"}
    environment = {"GOOGLE_KEY": json.dumps(key)}
    with Gateway(folder, json.dumps(config(sink.url)), environment) as running:
        yield running


@pytest.fixture(scope="module")
def redis(gateway: Gateway) -> Iterator[Redis]:
    with Redis.from_url(embedded_url(gateway.folder / "data") or "") as connected:
        yield connected


NEVER_BUSY = {"ga4", "meta"}
"""GA4 accepts everything, and Meta states whole minutes."""


def send(gateway: Gateway, events: Sequence[Mapping[str, Any]]) -> None:
    answer = plain_http.post(f"{gateway.url}/events", json=events, headers=KEY, timeout=60)
    assert answer.is_success, answer.text


def let_google_decide(redis: Redis) -> None:
    """Makes all polls due, as if the half hour before the first poll were over."""
    for name in EXAMPLES:
        of = KEYS.destination(name)
        for ticket in redis.zrange(of.polls, 0, -1):
            redis.zadd(of.polls, {ticket: 0}, xx=True)
        redis.delete(of.polled)


def wait_for_endings(gateway: Gateway, redis: Redis) -> dict[str, Counter[str]]:
    """The books once nothing is pending. Checks that they always balance."""

    def ended() -> dict[str, Counter[str]]:
        let_google_decide(redis)
        books = gateway.books()
        assert all(map(adds_up, books.values())), books
        return {} if any(each["pending"] for each in books.values()) else books

    return wait_for(ended, 120, "all events to end")


def taken(sink: Sink, kind: str, number: str) -> int:
    """How often the vendor of `kind` accepted the purchase `number`."""
    if kind == "google_data_manager":
        return (
            sink.vendors.google_data_manager.conversions["987", f"e-{number}"]
            or (sink.vendors.google_data_manager.conversions["987", f"o-{number}"])
        )
    events = getattr(sink.vendors, kind).events
    return sum(f'-{number}"' in json.dumps(event) for event in events)


def of_test(
    books: Mapping[str, Counter[str]], before: Mapping[str, Counter[str]], name: str
) -> dict[str, int]:
    """What the books of the destination `name` have in addition to `before`."""
    return dict(books[name] - before[name])


def dead_letters(redis: Redis, name: str) -> list[tuple[str, str]]:
    """The id and the reason of each dead letter of the destination `name`."""
    rows = redis.xrange(KEYS.destination(name).dead)
    letters = [orjson.loads(fields[b"d"]) for _, fields in rows]
    return [(letter["event"]["event_id"], letter["reason"]) for letter in letters]


def test_every_vendor_takes_the_events_of_its_examples(
    gateway: Gateway, redis: Redis, sink: Sink
) -> None:
    """Events without an `event_id` get one, so they can be sent after all."""
    events = [
        {**event, "example": name, "consent": {**GRANTED, **event.get("consent", {})}}
        for name, example in EXAMPLES.items()
        for event in example.events
    ]
    for event in events:
        event.pop("timestamp", None)
    send(gateway, events)
    books = wait_for_endings(gateway, redis)
    for name, example in EXAMPLES.items():
        unsent = [each for each in example.requests if "event_id is missing" not in str(each)]
        unsent = [each for each in unsent if "unsendable" in each]
        assert books[name]["accepted"] == len(events)
        assert books[name]["delivered"] == len(example.events) - len(unsent), name
        assert books[name]["rejected"] <= len(unsent)
        assert books[name]["expired"] == 0
    assert sink.vendors.tokens.granted == 2, "one for each credential"


def test_a_busy_vendor_is_left_alone_for_as_long_as_it_asks(
    gateway: Gateway, redis: Redis, sink: Sink, vendors: Busy
) -> None:
    before = gateway.books()
    vendors.asked.clear()
    vendors.set_busy(True)
    send(gateway, [purchase("busy1"), purchase("busy2")])
    wait_for(lambda: len(vendors.asked) == len(ALL), 60, "all vendors to be asked")
    vendors.set_busy(False)
    books = wait_for_endings(gateway, redis)
    waits = {path: times[1] - times[0] for path, times in vendors.asked.items() if len(times) > 1}
    as_asked = [path for path, wait in waits.items() if wait > 0.9 * RETRY_AFTER]
    assert len(as_asked) >= len(ALL) - len(NEVER_BUSY) - 1, waits
    assert waits[TIKTOK] > 0.9 * THROTTLE_SECONDS, "it tells no time"
    for kind, name in ALL.items():
        assert of_test(books, before, name) == {"accepted": 2, "delivered": 2}, kind
        assert [taken(sink, kind, each) for each in ("busy1", "busy2")] == [1, 1], kind


def test_what_a_vendor_cannot_take_while_it_is_down_it_gets_later(
    gateway: Gateway, redis: Redis, sink: Sink
) -> None:
    before = gateway.books()
    asked: set[str] = set()

    def down(received: Received) -> Reply:
        asked.add(received.path.partition("?")[0])
        return 503, b"<html>Service Unavailable</html>"

    sink.reply = down
    send(gateway, [purchase("down1"), purchase("down2")])
    wait_for(lambda: len(asked) == len(ALL), 60, "all vendors to be asked")
    sink.reply = None
    books = wait_for_endings(gateway, redis)
    for kind, name in ALL.items():
        assert of_test(books, before, name) == {"accepted": 2, "delivered": 2}, kind
        assert [taken(sink, kind, each) for each in ("down1", "down2")] == [1, 1], kind


def test_one_event_that_a_vendor_refuses_ends_alone(
    gateway: Gateway, redis: Redis, sink: Sink
) -> None:
    before = gateway.books()
    good = [f"good{number}" for number in range(20)]
    events = [purchase(number) for number in good]
    events.insert(7, purchase("odd", event_name=ODD))
    send(gateway, events)
    books = wait_for_endings(gateway, redis)
    for kind, name in ALL.items():
        refused = kind in CURRENCY
        ended = {"accepted": 21, "delivered": 21 - refused} | ({"rejected": 1} if refused else {})
        assert of_test(books, before, name) == ended, (kind, dead_letters(redis, name))
        if refused:
            assert [event_id for event_id, _ in dead_letters(redis, name)] == ["e-odd"], kind
        assert {taken(sink, kind, each) for each in good} == {1}, kind


def test_a_vendor_that_answers_later_decides_about_each_event(
    gateway: Gateway, redis: Redis, sink: Sink
) -> None:
    google, name = sink.vendors.google_data_manager, ALL["google_data_manager"]
    before = gateway.books()
    google.reasons, google.processing = {"o-late": "INVALID_GCLID"}, 1
    send(gateway, [purchase("soon"), purchase("late")])
    wait_for(lambda: redis.zcard(KEYS.destination(name).polls), 60, "Google to have them")
    assert of_test(gateway.books(), before, name) == {"accepted": 2, "pending": 2}
    books = wait_for_endings(gateway, redis)
    assert of_test(books, before, name) == {"accepted": 2, "delivered": 1, "rejected": 1}
    assert ("e-late", "Google: INVALID_GCLID") in dead_letters(redis, name)
    assert google.processing == 0
