"""A destination for no real vendor, and a vendor in this process instead of on the network."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import orjson

from destinations.base import (
    Destination,
    DestinationSettings,
    Event,
    Limits,
    Outcome,
    Request,
    Response,
    SettingsClass,
    Unsendable,
    by_status,
)


class ParcelSettings(DestinationSettings):
    type: str = "parcel"


class Parcel(Destination[ParcelSettings]):
    """Sends the ids of events, `size` in a request. An event with `unsendable` is not sent; an
    event with `fault` raises KeyError."""

    type = "parcel"
    Settings: ClassVar[SettingsClass] = ParcelSettings

    def __init__(self, size: int = 1, max_age: timedelta = timedelta(days=7)) -> None:
        super().__init__(ParcelSettings())
        self.limits = Limits(size, max_age)

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        sendable = []
        for position, event in enumerate(events):
            if event.get("fault"):
                raise KeyError(event["secret"])
            if event.get("unsendable"):
                yield Unsendable(position, "client_id is missing")
            else:
                sendable.append(position)
        for first in range(0, len(sendable), self.limits.max_events):
            positions = tuple(sendable[first : first + self.limits.max_events])
            body = orjson.dumps([events[position]["event_id"] for position in positions])
            yield Request("POST", "https://vendor.test/events", {}, body, positions)

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return by_status(request, response, response.body.decode())


Reply = Callable[[list[str]], Response | Awaitable[Response]]


def accept(_: list[str]) -> Response:
    return Response(204)


class Vendor:
    """A client whose answers come from `reply`, which may be changed; an exception is raised.

    requests: the ids in each request, in order. most_at_once: the most requests under way at
    a time.
    """

    def __init__(self, reply: Reply = accept) -> None:
        self.reply = reply
        self.requests: list[list[str]] = []
        self.most_at_once = 0
        self._at_once = 0

    async def send(self, request: Request) -> Response:
        ids: list[str] = orjson.loads(request.body)
        self.requests.append(ids)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await asyncio.sleep(0)
            answer = self.reply(ids)
            return answer if isinstance(answer, Response) else await answer
        finally:
            self._at_once -= 1

    async def close(self) -> None:
        pass

    @property
    def times_sent(self) -> Counter[str]:
        return Counter(id for ids in self.requests for id in ids)


def script(*answers: Response | Exception) -> Callable[[Any], Response]:
    """A reply that gives `answers` in turn, and then repeats the last one."""
    left = list(answers)

    def reply(_: Any) -> Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return reply
