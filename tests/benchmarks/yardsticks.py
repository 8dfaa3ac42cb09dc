"""The cost of minimal programs for the same work, on the same machine."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import aiohttp
import uvloop
from redis import Redis

from tests.benchmarks.bodies import Body, purchase
from tests.benchmarks.children import BareApp, CountingSink
from tests.benchmarks.hammer import CONNECTIONS, Answered, hammer
from tests.benchmarks.pace import Pace
from tests.benchmarks.results import Section, Yardsticks, quantile
from tests.support.process_stats import cpu_seconds
from tests.support.valkey_server import Valkey

TEXT = (
    "Microseconds of CPU for each request or entry, at full pace. The applications read a "
    "request, answer 204 and do nothing else, with the same uvicorn, uvloop and httptools. "
    "redis-py appends entries to a stream of the same Valkey, on disk before each answer, one "
    "at a time and a hundred in a pipeline. The bare client is aiohttp's, with 32 requests in "
    "progress, against the same sink."
)
COLUMNS = ("", "client", "server", "slowness", "a second", "answer p50", "answer p99")


def measure(seconds: int, pace: Pace) -> Yardsticks:
    """seconds: for each of them."""
    asgi, asgi_row = _application("asgi", "bare ASGI application", seconds, pace)
    starlette, starlette_row = _application("starlette", "route of Starlette", seconds, pace)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Valkey(Path(folder)) as valkey:
        client = valkey.client()
        entries = [_append(client, at_once, seconds / 2, pace) for at_once in (1, 100)]
        client.close()
    with CountingSink() as sink:
        posting, posting_row = uvloop.run(_post(sink, seconds / 2, pace))
    rows = [asgi_row, starlette_row, *entries, posting_row]
    return Yardsticks(pace, asgi, starlette, posting, Section("Yardsticks", TEXT, COLUMNS, rows))


def again(yardsticks: Yardsticks, seconds: int) -> Section:
    """The section of `yardsticks`, with the first of them measured once more."""
    title = "bare ASGI application, once more at the end"
    _, row = _application("asgi", title, seconds, yardsticks.pace)
    section = yardsticks.section
    return Section(section.title, section.text, section.columns, [*section.rows, row])


def _application(name: str, title: str, seconds: int, pace: Pace) -> tuple[float, list[str]]:
    body = Body(purchase())
    with BareApp(name) as app:
        hammer(app.port, body, 1)
        before, began = cpu_seconds([app.pid]), time.monotonic()
        answered: Answered = hammer(app.port, body, seconds)
        slowness = pace.slowness(began)
        cost = (cpu_seconds([app.pid]) - before) / answered.requests / slowness * 1e6
    a_second = f"{answered.requests / answered.seconds:,.0f}"
    times = (f"{answered.p50:.1f}", f"{answered.p99:.1f}")
    return cost, [title, "", f"{cost:.0f}", f"{slowness:.2f}", a_second, *times]


def _append(client: Redis, at_once: int, seconds: float, pace: Pace) -> list[str]:
    payload = purchase().encode()
    server = [int(client.info("server")["process_id"])]
    entries, began = 0, time.monotonic()
    own, before = time.process_time(), cpu_seconds(server)
    while time.monotonic() - began < seconds:
        pipeline = client.pipeline(transaction=False)
        for _ in range(at_once):
            pipeline.xadd("bare", {"e": payload})
        pipeline.execute()
        entries += at_once
    own, used = time.process_time() - own, cpu_seconds(server) - before
    slowness = pace.slowness(began)
    costs = [f"{cost / entries / slowness * 1e6:.0f}" for cost in (own, used)]
    a_second = f"{entries / seconds:,.0f}"
    return [f"XADD, {at_once} at once", *costs, f"{slowness:.2f}", a_second, "", ""]


async def _post(sink: CountingSink, seconds: float, pace: Pace) -> tuple[float, list[str]]:
    body, headers = purchase().encode(), {"content-type": "application/json"}
    took: list[float] = []
    started = time.monotonic()
    until = started + seconds

    async def in_turn(session: aiohttp.ClientSession) -> None:
        while (began := time.monotonic()) < until:
            async with session.post(f"{sink.url}/events", data=body, headers=headers) as answer:
                await answer.read()
            took.append(time.monotonic() - began)

    own, before = time.process_time(), cpu_seconds([sink.pid])
    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(in_turn(session) for _ in range(CONNECTIONS)))
    own, used = time.process_time() - own, cpu_seconds([sink.pid]) - before
    slowness = pace.slowness(started)
    costs = [cost / len(took) / slowness * 1e6 for cost in (own, used)]
    times = [f"{1000 * quantile(took, share):.1f}" for share in (0.5, 0.99)]
    a_second = f"{len(took) / seconds:,.0f}"
    parts = [*(f"{cost:.0f}" for cost in costs), f"{slowness:.2f}"]
    row = ["POST by aiohttp", *parts, a_second, *times]
    return costs[0], row
