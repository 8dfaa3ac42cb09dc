"""The status of each destination, read from Redis: what waits, what fails, how it went so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway.delivery.pause import PAUSES, Pause, current_pause
from gateway.metrics import OUTCOMES, DestinationNumbers, limits_of, read_numbers
from gateway.queue.keys import GROUP, DestinationKeys
from gateway.settings import Settings, build_destination

ENDINGS = ("withheld", "delivered", "rejected", "expired")
COUNTED = (*OUTCOMES, "replayed", "dropped")


@dataclass(frozen=True, slots=True)
class LastError:
    """The last attempt that failed. at: Unix seconds. reason: in the vendor's words."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class DestinationStatus:
    """How one destination does.

    pending: events that have not ended. oldest_pending: age in seconds of the oldest, None when
    nothing is pending. in_flight: those of the pending ones that were handed to a drain: under
    way, or waiting for their next try. delivered_per_minute: in the last sixty seconds.
    pause: the one that it is in now. pauses: in a row, also when the last one is over and no
    success has come yet. full: the limit that is reached, so that no events are taken for it, in
    words. outcomes: counts by the names in `COUNTED`. balanced: whether accepted is the sum of
    withheld, delivered, rejected, expired and pending.
    """

    pending: int
    oldest_pending: float | None
    in_flight: int
    delivered_per_minute: float
    last_error: LastError | None
    pause: Pause | None
    pauses: int
    dead_letters: int
    full: str | None
    outcomes: Mapping[str, int]
    balanced: bool


@dataclass(frozen=True, slots=True)
class Status:
    """at: Unix seconds. full: the limit that is reached, so that no events are taken at all, in
    words. destinations: by name, in the order of the configuration. quarantined: events that did
    not fit their schema and wait for a person."""

    at: float
    full: str | None
    destinations: Mapping[str, DestinationStatus]
    quarantined: int = 0


async def read_status(redis: Redis, settings: Settings, now: float) -> Status:
    """The status of every destination in `settings`, the vendors' words without its secrets.

    now: Unix seconds by the clock of the Redis server, which stamped what is there.
    Raises a redis-py error when Redis does not answer.
    """
    numbers = await read_numbers(redis, settings.destinations)
    full = numbers.full(limits_of(settings))
    destinations = {}
    for name, configured in settings.destinations.items():
        mask = build_destination(configured).mask
        destinations[name] = await _status(
            redis, name, numbers.destinations[name], full.get(name), mask, now
        )
    return Status(now, full.get(""), destinations, numbers.quarantined)


async def _status(
    redis: Redis,
    name: str,
    numbers: DestinationNumbers,
    full: str | None,
    mask: Callable[[str], str],
    now: float,
) -> DestinationStatus:
    outcomes = {counted: numbers.counts.get(counted, 0) for counted in COUNTED}
    ended = sum(outcomes[outcome] for outcome in ENDINGS)
    pause = await current_pause(redis, name)
    error = await _last_error(redis, name)
    return DestinationStatus(
        pending=numbers.pending,
        oldest_pending=None if numbers.oldest is None else max(0.0, now - numbers.oldest),
        in_flight=await _in_flight(redis, name),
        delivered_per_minute=await _delivered_per_minute(redis, name, now),
        last_error=error and LastError(error.at, mask(error.reason)),
        pause=pause and Pause(pause.seconds, mask(pause.reason), pause.number),
        pauses=numbers.counts.get(PAUSES, 0),
        dead_letters=numbers.dead,
        full=full,
        outcomes=outcomes,
        balanced=outcomes["accepted"] == ended + numbers.pending,
    )


async def _in_flight(redis: Redis, name: str) -> int:
    try:
        return int((await redis.xpending(DestinationKeys.of(name).stream, GROUP))["pending"])
    except ResponseError as error:
        if "NOGROUP" in str(error):  # nothing was ever appended
            return 0
        raise


async def _last_error(redis: Redis, name: str) -> LastError | None:
    state = await redis.get(DestinationKeys.of(name).error)
    if state is None:
        return None
    read = orjson.loads(state)
    return LastError(read["at"], read["reason"])


async def _delivered_per_minute(redis: Redis, name: str, now: float) -> float:
    keys = DestinationKeys.of(name)
    counts = await redis.mget(keys.minute(now), keys.minute(now - 60))
    current, before = (int(count or 0) for count in counts)
    return per_minute(current, before, now)


def per_minute(current: int, before: int, now: float) -> float:
    """Events in the sixty seconds before `now`, from the counts of its minute and the one before.

    Those of the minute before are taken as evenly spread.
    """
    return round(current + before * (1 - now % 60 / 60), 1)
