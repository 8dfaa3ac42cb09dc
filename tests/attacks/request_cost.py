"""What all limits together add to a normal request: its CPU with and without them, in one run.

    python -m tests.attacks.request_cost

A visitor's purchase goes from the head of its request to the moment when its event would be
appended, through every stage of the pipeline. The yardstick is `json.loads` of the same body.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import uvloop
from starlette.types import Receive

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import build_sources
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Decision
from gateway.queue.pending_counts import PendingCounts
from gateway.web.client_ip import compile_client_ip
from gateway.web.deadlines import Deadlines
from gateway.web.intake import Intake
from gateway.web.load_shedder import LoadShedder
from gateway.web.shared import Shared
from tests.benchmarks.pipeline import PURCHASE, Work, microseconds

REQUESTS = 300
RUNS = 40
BODY = json.dumps(PURCHASE).encode()
CONFIG = """
server: {hash_salt: salt-of-the-shop}
sources: {site: {type: collect%s}}
destinations:
  hook: {type: webhook, url: "https://a.example/", consent: []}
"""
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/collect",
    "query_string": b"",
    "client": ("203.0.113.7", 50000),
    "headers": [
        (b"host", b"m.shop.example"),
        (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        (b"accept", b"*/*"),
        (b"accept-language", b"en-GB,en;q=0.9"),
        (b"accept-encoding", b"gzip, deflate, br"),
        (b"content-type", b"text/plain"),
        (b"content-length", b"%d" % len(BODY)),
        (b"origin", b"https://shop.example"),
        (b"referer", b"https://shop.example/thanks"),
        (b"cookie", b"_ga=GA1.1.7.1795210000; visitor_id=7.1795210000; cart=3"),
    ],
}


@dataclass(frozen=True)
class Cost:
    """Microseconds of CPU for a request with all limits, without them, and for the yardstick."""

    limited: float
    unlimited: float
    yardstick: float

    @property
    def added(self) -> float:
        return self.limited - self.unlimited

    def __str__(self) -> str:
        return (
            f"{self.limited:.0f} µs with all limits and {self.unlimited:.0f} µs without, which is "
            f"{self.added:.0f} µs or {self.added / self.unlimited:.0%} more; "
            f"`json.loads` of the event takes {self.yardstick:.0f} µs"
        )


class _Nowhere:
    """An appender that keeps nothing."""

    async def append(self, decisions: list[Decision]) -> bool:
        return False


class _NeverShed(LoadShedder):
    def should_shed(self, now: float) -> bool:
        return False


def _read_headers(lines: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in lines}


async def _read_body(
    receive: Receive, headers: Mapping[str, str], limit: int, deadlines: Deadlines
) -> bytes:
    return (await receive())["body"]  # type: ignore[no-any-return]


@contextmanager
def _no_limits() -> Iterator[None]:
    with ExitStack() as stack:
        for name, instead in {
            "gateway.web.intake.read_headers": _read_headers,
            "gateway.web.intake.read_body": _read_body,
            "gateway.event.model.is_within_bounds": lambda containers: True,
            "gateway.stages.pii.cleaning.work_of": lambda text: 0,
        }.items():
            stack.enter_context(patch(name, instead))
        yield


def _intake(source: str, load_shedder: LoadShedder) -> Intake:
    settings = parse_settings(CONFIG % source, "", {})
    shared = Shared(
        compile_pipeline(settings),
        PendingCounts(),
        compile_client_ip([]),
        load_shedder=load_shedder,
    )
    return Intake(
        "site",
        build_sources(settings)["site"],
        shared,
        _Nowhere(),
        131_072,
    )


async def _send(intake: Intake) -> None:
    statuses = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 204))

    for _ in range(REQUESTS):
        await intake(SCOPE, receive, send)
        await asyncio.sleep(0)  # the next one comes in another turn of the loop
    assert set(statuses) == {204}


def limited_work() -> Work:
    intake = _intake(", rate_limit: 10000000/second", LoadShedder())

    def work() -> int:
        uvloop.run(_send(intake))
        return REQUESTS

    return work


def unlimited_work() -> Work:
    intake = _intake(", rate_limit: off", _NeverShed())

    def work() -> int:
        with _no_limits():
            uvloop.run(_send(intake))
        return REQUESTS

    return work


def json_work() -> Work:
    def work() -> int:
        for _ in range(REQUESTS):
            json.loads(BODY)
        return REQUESTS

    return work


def measure_cost() -> Cost:
    return Cost(*microseconds([limited_work(), unlimited_work(), json_work()], RUNS))


if __name__ == "__main__":
    print(measure_cost())
