"""The status of the gateway and of each destination, read from Redis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway.configuration.destination import ForwardingSettings, build_destination
from gateway.configuration.settings import Settings
from gateway.credentials import read_stored_token, refresh_token_warning
from gateway.event.endings import FINAL_COUNTS
from gateway.monitoring.api_versions import version_end
from gateway.monitoring.configuration import ConfigurationState
from gateway.monitoring.numbers import OUTCOMES, DestinationNumbers, read_numbers
from gateway.queue.address_counts import unknown_addresses, untrusted_proxy_requests
from gateway.queue.bounds import ALL_MEMORY, Bound, Closed, Limits
from gateway.queue.capacity import read_bounds
from gateway.queue.counting import Reason
from gateway.queue.dead_letters import removed_of
from gateway.queue.keys import GROUP, DestinationKeys, Keys
from gateway.queue.pause import PAUSES, Pause, current_pause
from gateway.queue.unclaimed_counts import unclaimed_requests
from gateway.stages.consent.counts import ConsentCounts, read_consent_counts

COUNTED = (*OUTCOMES, "replayed", "dropped", "removed")


@dataclass(frozen=True, slots=True)
class LastError:
    """The last attempt that failed. at: Unix seconds. reason: in the vendor's words."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class LastWarning:
    """The last answer with a warning. at: Unix seconds. words: the vendor's."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """How many events a stage withheld for one reason."""

    stage: str
    reason: str
    events: int


@dataclass(frozen=True, slots=True)
class DestinationStatus:
    """The status of one destination.

    pending: events without an ending. submitted: pending events that the vendor has accepted and
    gives its verdict on later. oldest_pending: age in seconds of the oldest event in the stream
    that is not submitted; None if there is none. in_flight: events that were handed to a drain and
    are not submitted: under way, or waiting for their next try. delivered_per_minute: in the last
    sixty seconds. version_warning: why the API version must be changed; "" if it need not be.
    credential_warning: why a credential must be changed; "" if it need not be. pause: the current
    one. pauses: the number in a row; also set when the last one is over but nothing has succeeded
    yet. dead_letter_bytes: size of the dead letters. removed: how many dead letters were removed
    because of a limit, by the reasons in `gateway.queue.dead_letters.REMOVED`. full: the senders
    for whom intake is closed, and the limit that is reached, in words. outcomes: counts by the
    names in `COUNTED`. withheld: the withheld events by reason, the most frequent first. balanced:
    whether accepted is the sum of withheld, delivered, rejected, expired and pending. dry_run:
    whether requests are built and counted as delivered, but not sent.
    """

    pending: int
    submitted: int
    oldest_pending: float | None
    in_flight: int
    delivered_per_minute: float
    last_error: LastError | None
    last_warning: LastWarning | None
    version_warning: str
    credential_warning: str
    pause: Pause | None
    pauses: int
    dead_letters: int
    dead_letter_bytes: int
    removed: Mapping[str, int]
    full: str | None
    outcomes: Mapping[str, int]
    withheld: Sequence[Withheld]
    balanced: bool
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """The status of the gateway.

    at: Unix seconds. full: the senders for whom intake is closed altogether, and the limit that is
    reached, in words. destinations: by name, in the order of the configuration. quarantined: events
    in quarantine. configuration: the one in force, if it is known. unknown_addresses: numbers of
    requests that did not state the visitor's address, by the reasons in
    `gateway.queue.address_counts.UNKNOWN`. untrusted_proxy_requests: number of requests with a
    forwarding header from a private address that is not trusted. Both since counting began.
    consent: the counts about consent. conflicts_ranked: whether rank decides between contradictory
    consent signals (`consent.conflicts`). bounds: every limit, with how much of it is used.
    unclaimed_requests: numbers of requests to which no source answered, by the kind of source that
    they look like.
    """

    at: float
    full: str | None
    destinations: Mapping[str, DestinationStatus]
    quarantined: int = 0
    configuration: ConfigurationState | None = None
    unknown_addresses: Mapping[str, int] = field(default_factory=dict)
    untrusted_proxy_requests: int = 0
    consent: ConsentCounts = field(default_factory=ConsentCounts)
    conflicts_ranked: bool = False
    bounds: Sequence[Bound] = ()
    unclaimed_requests: Mapping[str, int] = field(default_factory=dict)


async def read_status(
    redis: Redis,
    settings: Settings,
    now: float,
    configuration: ConfigurationState | None = None,
) -> Status:
    """The status under `settings`, with secrets masked in the vendors' words.

    now: Unix seconds by the clock of the Redis server, which gives entries their times.
    configuration: the state of the configuration, if it is known.
    Raises a redis-py error if Redis does not answer.
    """
    keys = Keys.of(settings)
    numbers = await read_numbers(redis, keys, settings.destinations)
    bounds = await read_bounds(redis, keys, Limits.of(settings))
    closed = Closed.by(bounds)
    destinations = {}
    for name, configured in settings.destinations.items():
        mask = build_destination(configured).mask
        destinations[name] = await _status(
            redis,
            keys.destination(name),
            numbers.destinations[name],
            full_in_words(closed, name),
            mask,
            now,
            _version_warning(configured, now),
            await _credential_warning(redis, keys, settings, configured, now),
            configured.dry_run,
        )
    return Status(
        now,
        full_in_words(closed, ALL_MEMORY),
        destinations,
        numbers.quarantined,
        configuration,
        unknown_addresses(numbers.gateway),
        untrusted_proxy_requests(numbers.gateway),
        read_consent_counts(numbers.gateway),
        settings.consent.conflicts == "ranked",
        bounds,
        unclaimed_requests(numbers.gateway),
    )


def full_in_words(closed: Closed, of: str) -> str | None:
    """The senders for whom intake of `of` is closed, and why; None if it is open. of: a destination
    or `ALL_MEMORY`."""
    if of in closed.trusted:
        return f"all senders: {closed.trusted[of]}"
    if of in closed.untrusted:
        return f"senders without a key: {closed.untrusted[of]}"
    return None


async def _status(
    redis: Redis,
    keys: DestinationKeys,
    numbers: DestinationNumbers,
    full: str | None,
    mask: Callable[[str], str],
    now: float,
    version_warning: str,
    credential_warning: str,
    dry_run: bool,
) -> DestinationStatus:
    outcomes = {counted: numbers.counts.get(counted, 0) for counted in COUNTED}
    removed = removed_of(numbers.counts)
    outcomes["removed"] = sum(removed.values())
    ended = sum(outcomes[outcome] for outcome in FINAL_COUNTS)
    submitted = numbers.counts.get("submitted", 0)
    pause = await current_pause(redis, keys)
    error, warning = await _last(redis, keys.error), await _last(redis, keys.warning)
    return DestinationStatus(
        pending=numbers.pending,
        submitted=submitted,
        oldest_pending=None if numbers.oldest is None else max(0.0, now - numbers.oldest),
        in_flight=max(0, await _in_flight(redis, keys) - submitted),
        delivered_per_minute=await _delivered_per_minute(redis, keys, now),
        last_error=error and LastError(error[0], mask(error[1])),
        last_warning=warning and LastWarning(warning[0], mask(warning[1])),
        version_warning=version_warning,
        credential_warning=credential_warning,
        pause=pause and Pause(pause.seconds, mask(pause.reason), pause.number),
        pauses=numbers.counts.get(PAUSES, 0),
        dead_letters=numbers.dead,
        dead_letter_bytes=numbers.dead_bytes,
        removed=removed,
        full=full,
        outcomes=outcomes,
        withheld=_withheld(numbers.withheld),
        balanced=outcomes["accepted"] == ended + numbers.pending,
        dry_run=dry_run,
    )


def _version_warning(configured: ForwardingSettings, now: float) -> str:
    end = version_end(configured)
    return end.warning(datetime.fromtimestamp(now, UTC).date()) if end else ""


async def _credential_warning(
    redis: Redis, keys: Keys, settings: Settings, configured: ForwardingSettings, now: float
) -> str:
    warnings = []
    for name in sorted(set(configured.credential_names())):
        token = await read_stored_token(name, settings.credentials[name], redis, keys)
        if token and (warning := refresh_token_warning(name, token, now)):
            warnings.append(warning)
    return "; ".join(warnings)


def _withheld(counts: Mapping[Reason, int]) -> list[Withheld]:
    found = (Withheld(stage, reason, count) for (stage, reason), count in counts.items())
    return sorted(found, key=lambda each: (-each.events, each.stage, each.reason))


async def _in_flight(redis: Redis, keys: DestinationKeys) -> int:
    try:
        return int((await redis.xpending(keys.stream, GROUP))["pending"])
    except ResponseError as error:
        if "NOGROUP" in str(error):  # nothing was ever appended
            return 0
        raise


async def _last(redis: Redis, key: str) -> tuple[float, str] | None:
    """The time and the text of the last failure or warning."""
    state = await redis.get(key)
    if state is None:
        return None
    read = orjson.loads(state)
    return read["at"], read["reason"]


async def _delivered_per_minute(redis: Redis, keys: DestinationKeys, now: float) -> float:
    counts = await redis.mget(keys.minute(now), keys.minute(now - 60))
    current, before = (int(count or 0) for count in counts)
    return per_minute(current, before, now)


def per_minute(current: int, before: int, now: float) -> float:
    """Events in the sixty seconds before `now`. current, before: the counts of its minute and of
    the one before, whose events are taken as evenly spread."""
    return round(current + before * (1 - now % 60 / 60), 1)
