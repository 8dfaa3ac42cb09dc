"""The status of a destination is read from the current state of Redis."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from redis.asyncio import Redis

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.credentials.token import Token, seal_token
from gateway.monitoring.numbers import OUTCOMES
from gateway.monitoring.status import (
    DestinationStatus,
    LastError,
    LastWarning,
    per_minute,
    read_status,
)
from gateway.queue.credential_tokens import CredentialTokens
from gateway.queue.dead_letters import find, replay
from gateway.queue.keys import Keys
from gateway.queue.pause import pause
from gateway.queue.read import Reader
from gateway.queue.stored_events import StoreBounds
from gateway.queue.submitted import Tickets
from tests.support.dead_letters import append, bury, end
from tests.support.events import make_event
from tests.support.keys import ADS
from tests.support.stopwatch import Stopwatch

pytestmark = pytest.mark.anyio

SECRET = "whsec_dGhlIHNlY3JldCBvZiB0aGUgc2hvcCBhbmQgbm9ib2R5"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return parse_settings(
        f"""
sources: {{site: {{type: collect}}}}
destinations:
  ads: {{type: webhook, url: "https://ads.example/", secret: "{SECRET}"}}
  books: {{type: webhook, url: "https://books.example/", delivery: {{max_pending: 2}}}}
"""
    )


async def server_time(redis: Redis) -> float:
    seconds, microseconds = await redis.time()
    return seconds + microseconds / 1e6


async def read(redis: Redis, settings: Settings, later: float = 0.0) -> DestinationStatus:
    status = await read_status(redis, settings, await server_time(redis) + later)
    return status.destinations["ads"]


async def test_before_the_first_event(redis: Redis, settings: Settings) -> None:
    status = await read_status(redis, settings, 1000.0)
    nothing = DestinationStatus(
        pending=0,
        submitted=0,
        oldest_pending=None,
        in_flight=0,
        delivered_per_minute=0.0,
        last_error=None,
        last_warning=None,
        version_warning="",
        credential_warning="",
        pause=None,
        pauses=0,
        dead_letters=0,
        dead_letter_bytes=0,
        removed={"count": 0, "bytes": 0, "age": 0},
        full=None,
        outcomes=dict.fromkeys((*OUTCOMES, "replayed", "dropped", "removed"), 0),
        withheld=[],
        balanced=True,
    )
    assert (status.at, status.full) == (1000.0, None)
    assert status.destinations == {"ads": nothing, "books": nothing}
    assert list(status.destinations) == ["ads", "books"]


async def test_what_waits_and_what_is_in_flight(redis: Redis, settings: Settings) -> None:
    watch = Stopwatch()
    await append(redis, "ads", [make_event(n) for n in range(5)])
    await Reader(redis, ADS, "drain").new(2, None)
    status = await read(redis, settings, later=60)
    assert (status.pending, status.in_flight) == (5, 2)
    assert status.oldest_pending == watch.age(60)


async def test_what_the_vendor_has_is_pending_and_not_in_flight(
    redis: Redis, settings: Settings
) -> None:
    await append(redis, "ads", [make_event(n) for n in range(3)])
    entries = (await Reader(redis, ADS, "drain").new(3, None)).entries
    tickets = Tickets(redis, ADS, "drain")
    assert await tickets.submit("t", 60.0, [entry.id for entry in entries[:2]]) == 2
    status = await read(redis, settings, later=60)
    assert (status.pending, status.submitted, status.in_flight) == (3, 2, 1)
    assert status.balanced
    await tickets.submit("u", 60.0, [entries[2].id])
    assert (await read(redis, settings, later=60)).oldest_pending is None


async def test_what_became_of_the_others(redis: Redis, settings: Settings) -> None:
    await append(redis, "ads", [make_event(n) for n in range(6)])
    await end(redis, "ads", "delivered", count=2)
    await end(redis, "ads", "rejected", "no", count=2)
    await end(redis, "ads", "expired", "old", count=1)
    letters = [letter async for letter in find(redis, ADS)]
    await replay(redis, ADS, letters[:1])
    status = await read(redis, settings)
    assert status.outcomes == {
        "accepted": 7,
        "withheld": 0,
        "delivered": 2,
        "rejected": 2,
        "expired": 1,
        "replayed": 1,
        "dropped": 0,
        "removed": 0,
    }
    assert (status.pending, status.dead_letters, status.balanced) == (2, 2, True)


async def test_what_was_removed_is_told_by_reason(redis: Redis, settings: Settings) -> None:
    await bury(redis, "ads", [make_event(n) for n in range(3)], bounds=StoreBounds(letters=2))
    await bury(redis, "ads", [make_event(3)], bounds=StoreBounds(size=0))
    status = await read(redis, settings)
    assert status.removed == {"count": 1, "bytes": 3, "age": 0}
    assert (status.outcomes["removed"], status.outcomes["rejected"]) == (4, 4)
    assert (status.dead_letters, status.dead_letter_bytes, status.balanced) == (0, 0, True)
    await bury(redis, "ads", [make_event(4)])
    ((_, fields),) = await redis.xrange(ADS.dead)
    assert (await read(redis, settings)).dead_letter_bytes == len(fields[b"d"])


async def test_books_that_do_not_balance_are_told(redis: Redis, settings: Settings) -> None:
    await bury(redis, "ads", [make_event(1)])
    await redis.hincrby(ADS.counts, "accepted", 1)
    assert not (await read(redis, settings)).balanced


async def test_what_is_full(redis: Redis, settings: Settings) -> None:
    await append(redis, "books", [make_event(n) for n in range(2)])
    status = await read_status(redis, settings, 1000.0)
    assert (
        status.destinations["books"].full
        == "all senders: limit reached: books: 2 of 2 pending events"
    )
    assert (status.full, status.destinations["ads"].full) == (None, None)
    await redis.config_set("maxmemory", 100_000)
    status = await read_status(redis, settings, 1000.0)
    await redis.config_set("maxmemory", 0)
    assert status.full
    assert status.full.startswith("all senders: limit reached: ")
    assert status.full.endswith(" of 100000 bytes of Redis memory")


async def test_a_pause_the_last_error_and_the_last_warning_are_in_the_vendors_words(
    redis: Redis, settings: Settings
) -> None:
    await redis.set(ADS.error, orjson.dumps({"at": 12.5, "reason": f"HTTP 401: bad {SECRET}"}))
    await redis.set(ADS.warning, orjson.dumps({"at": 13.5, "reason": f"{SECRET} is weak"}))
    watch = Stopwatch()
    for seconds in (20, 40, 60):  # each longer: a pause never shortens the current one
        await pause(redis, ADS, f"HTTP 503: {SECRET} is busy", seconds)
    status = await read(redis, settings)
    assert status.last_error == LastError(12.5, "HTTP 401: bad ***")
    assert status.last_warning == LastWarning(13.5, "*** is weak")
    assert status.pause is not None
    assert (status.pause.reason, status.pause.number) == ("HTTP 503: *** is busy", 3)
    assert status.pause.seconds == watch.left(60)
    await redis.delete(ADS.pause)
    status = await read(redis, settings)
    assert (status.pause, status.pauses) == (None, 3)


async def test_delivered_in_the_last_minute(redis: Redis, settings: Settings) -> None:
    watch = Stopwatch()  # if a minute begins meanwhile, only a share of the last one counts
    await append(redis, "ads", [make_event(n) for n in range(30)])
    await end(redis, "ads", "delivered")
    assert 2 * (await read(redis, settings)).delivered_per_minute == watch.left(60, margin=4)
    assert (await read(redis, settings, later=120)).delivered_per_minute == 0


@pytest.mark.parametrize(
    ("current", "before", "now", "rate"),
    [
        (0, 60, 600.0, 60.0),
        (0, 60, 615.0, 45.0),
        (30, 60, 630.0, 60.0),
        (59, 60, 659.0, 60.0),
        (7, 0, 659.9, 7.0),
    ],
)
def test_the_minute_before_counts_as_far_as_it_reaches(
    current: int, before: int, now: float, rate: float
) -> None:
    assert per_minute(current, before, now) == rate


async def test_an_api_version_is_told_when_it_ends_soon(redis: Redis) -> None:
    settings = parse_settings(
        """
sources: {site: {type: collect}}
destinations:
  old: {type: meta, pixel_id: "1", access_token: a-token, api_version: v25.0}
  new: {type: meta, pixel_id: "1", access_token: a-token}
"""
    )
    day = datetime(2027, 2, 1, tzinfo=UTC).timestamp()
    told = (await read_status(redis, settings, day)).destinations
    assert "ends version v25.0 of its API on 2027-02-23" in told["old"].version_warning
    assert told["new"].version_warning == ""


async def test_a_refresh_token_is_told_when_it_ends_soon(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "of-the-client")
    monkeypatch.setenv("FIRST", "the-first-token")
    settings = parse_settings(
        """
sources: {site: {type: collect}}
destinations:
  linkedin: {type: linkedin, credential: ads, mapping: {events: {purchase: "1"}}}
  other: {type: webhook, url: "https://a.example/"}
credentials:
  ads:
    type: refresh_token
    token_url: https://login.example/token
    client_id: c
    client_secret: "${SECRET}"
    refresh_token: "${FIRST}"
"""
    )
    day = datetime(2027, 2, 1, tzinfo=UTC).timestamp()
    token = Token("access", day, day + 3600, "newest", day + 20 * 86_400)
    stored = CredentialTokens(redis, Keys.of(settings), "ads")
    await stored.write(seal_token(token, "the-first-token", "ads"))
    told = (await read_status(redis, settings, day)).destinations
    assert told["linkedin"].credential_warning == (
        "the refresh token of the credential ads ends on 2027-02-21; get a new one from the "
        "vendor, and write it in credentials.ads.refresh_token"
    )
    assert told["other"].credential_warning == ""
