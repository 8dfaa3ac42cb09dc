"""A sample of refused requests, for people who look for the reason why nothing arrives: where they
went and why they were refused, never a value. It is kept for a short time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from redis.asyncio import Redis

from gateway.queue.keys import Keys
from gateway.queue.scripts import script
from gateway.sources.recognition import UNKNOWN

SECONDS = 86_400
"""How long a request is kept after it was last seen."""

MAX_OF_GROUP = 8
"""Maximum number of requests in a group: with one reason, and one source or protocol."""

MAX_REQUESTS = 300

MAX_SEEN = 50
"""Maximum number of requests of a group that a process looks at between two flushes; further ones
cost nothing."""


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A kind of request that was refused.

    source: the one to which it went, or "". looks_like: the kind of source that reads its protocol,
    if no source answered. message: the text of the answer. keys: where it showed a key, and the
    length of that. Others: as in `gateway.sources.recognition.Outline`.
    """

    reason: str
    source: str
    looks_like: str
    message: str
    method: str
    path: str
    parameters: tuple[str, ...] = ()
    content_type: str = ""
    origin: str = ""
    asked_method: str = ""
    keys: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        return f"{self.reason}:{self.source or self.looks_like}"


@dataclass(frozen=True, slots=True)
class SampledRequest:
    """A refused request in the sample. first, last: when it was seen, in Unix seconds. count: how
    often at least; during a flood, only some are counted."""

    request: RefusedRequest
    first: float
    last: float
    count: int


@dataclass(slots=True)
class _Waiting:
    first: float
    last: float
    count: int


class RequestSample:
    """Collects refused requests, each kind once, until the next flush."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._key = keys.refused_requests
        self._seen: dict[str, int] = defaultdict(int)
        self._waiting: dict[str, dict[RefusedRequest, _Waiting]] = defaultdict(dict)

    def has_place(self, group: str) -> bool:
        """Whether another request of `group` (see `RefusedRequest`) may be looked at before the
        next flush. Counts the request."""
        seen = self._seen[group]
        self._seen[group] = seen + 1
        return seen < MAX_SEEN

    def add(self, request: RefusedRequest, at: float) -> None:
        waiting = self._waiting[request.group]
        if found := waiting.get(request):
            found.last = at
            found.count += 1
            return
        if len(waiting) >= MAX_OF_GROUP:
            once = next((each for each, seen in waiting.items() if seen.count == 1), None)
            if once is None:
                return
            del waiting[once]
        waiting[request] = _Waiting(at, at, 1)

    async def flush(self) -> None:
        """Writes the collected requests. They are lost if it raises a redis-py error."""
        self._seen.clear()
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, defaultdict(dict)
        arguments: list[str | bytes | int | float] = [SECONDS, MAX_OF_GROUP, MAX_REQUESTS]
        for group, requests in waiting.items():
            for request, seen in requests.items():
                field = group.encode() + b"\n" + orjson.dumps(asdict(request))
                arguments += [field, seen.first, seen.last, seen.count]
        await self._redis.register_script(script("sample_requests"))([self._key], arguments)


async def read_refused_requests(redis: Redis, keys: Keys, now: float) -> list[SampledRequest]:
    """The refused requests of the last `SECONDS` before `now`, the latest first."""
    rows: Any = await redis.hgetall(keys.refused_requests)
    sample = [_read(field, value) for field, value in rows.items()]
    recent = (each for each in sample if each.last > now - SECONDS)
    return sorted(recent, key=lambda each: each.last, reverse=True)


def useful_first(sample: Sequence[SampledRequest]) -> list[SampledRequest]:
    """`sample`, with requests that look like no known protocol last: anyone may have sent them."""
    return sorted(sample, key=lambda each: each.request.looks_like == UNKNOWN)


def _read(field: bytes, value: bytes) -> SampledRequest:
    stated = orjson.loads(field.rpartition(b"\n")[2])
    request = RefusedRequest(
        **{**stated, "parameters": tuple(stated["parameters"]), "keys": tuple(stated["keys"])}
    )
    first, last, count = value.split()
    return SampledRequest(request, float(first), float(last), int(count))
