"""A vendor that answers with a ticket, and gives its verdicts on the events later."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from destinations.base import DELIVERED, Limits, Outcome, Request, Response, submitted
from tests.support.scripted_vendor import Parcel

VERDICTS = {
    "ok": DELIVERED,
    "warned": Outcome("delivered", warnings=("hm",)),
    "bad": Outcome("rejected", "HTTP 200: bad"),
    "again": Outcome("retry", "too early"),
    "closed": Outcome("retry", "terms are not signed", "configuration", 60.0),
    "wait": None,
}


class LaterParcel(Parcel):
    """poll_after, poll_every: seconds."""

    def __init__(self, size: int = 10, poll_after: float = 0.0, poll_every: float = 0.0) -> None:
        super().__init__(size)
        self.limits = Limits(size, timedelta(days=7), poll_every=timedelta(seconds=poll_every))
        self._poll_after = poll_after

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        if response.status != 202:
            return super().outcomes(request, response)
        return [submitted(response.body.decode(), self._poll_after)] * len(request.events)

    def poll(self, ticket: str) -> Request:
        return Request("GET", f"https://vendor.test/verdicts?ticket={ticket}", {}, b"", ())

    def verdicts(self, ticket: str, events: int, response: Response) -> Iterable[Outcome | None]:
        if response.status != 200:
            return [None] * events
        return [VERDICTS[word] for word in orjson.loads(response.body)]


class LaterVendor:
    """The client of `LaterParcel`. verdict: maps an event's id to one of `VERDICTS`. file: where it
    keeps requests and polls, for a vendor that outlives the sending process.

    requests: the ids in each request, in order. polls: the tickets asked about.
    """

    def __init__(self, verdict: Callable[[str], str] = lambda _: "ok", file: Path | None = None):
        self.verdict = verdict
        self.requests: list[list[str]] = []
        self.polls: list[str] = []
        self.poll_status = 200
        self._file = file
        if file is not None and file.exists():
            for line in file.read_bytes().splitlines():
                kind, value = orjson.loads(line)
                (self.requests if kind == "request" else self.polls).append(value)

    async def send(self, request: Request) -> Response:
        if request.method == "GET":
            (ticket,) = parse_qs(urlsplit(request.url).query)["ticket"]
            self._note("poll", self.polls, ticket)
            told = [self.verdict(each) for each in self.requests[int(ticket.removeprefix("t-"))]]
            return Response(self.poll_status, {}, orjson.dumps(told))
        self._note("request", self.requests, orjson.loads(request.body))
        return Response(202, {}, f"t-{len(self.requests) - 1}".encode())

    async def close(self) -> None:
        pass

    @property
    def times_sent(self) -> dict[str, int]:
        ids = [each for request in self.requests for each in request]
        return {each: ids.count(each) for each in ids}

    def _note(self, kind: str, kept: list[Any], value: Any) -> None:
        kept.append(value)
        if self._file is not None:
            with self._file.open("ab") as file:
                file.write(orjson.dumps([kind, value]) + b"\n")
