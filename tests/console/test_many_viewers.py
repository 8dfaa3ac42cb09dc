"""Fifty viewers with a live tail each: what they cost the process that receives events."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import time
from contextlib import suppress

import httpx
import pytest

from gateway.console.site import NAVIGATION
from tests.console.conftest import CONFIG, GRANTED
from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for
from tests.support.load_generator import post_many
from tests.support.process_stats import children, cpu_seconds, memories
from tests.support.sink_server import Sink

pytestmark = pytest.mark.nightly

VIEWERS, EVENTS, PAIRS = 50, 4_000, 4
MAX_RATIO = 1.25
"""The web process's CPU time for an event with viewers, divided by that without. The web process
does not know of viewers; an excess over 1 comes from the senders, the viewers and the console,
which share its cores and caches."""
MAX_MEMORY = 300
"""MB of all processes of `gateway run` when idle, after each page was opened once."""
REST_SECONDS = 5.0
"""How long to wait until the drains sleep, so that everything is idle."""


async def watch(url: str, token: dict[str, str], lines: list[int], started: asyncio.Event) -> None:
    """Watches as a browser does: reconnects when its stream ends. lines: counts the data lines."""
    async with httpx.AsyncClient(cookies=token, timeout=60) as client:
        while True:
            async with client.stream("GET", f"{url}/live/stream") as stream:
                assert stream.status_code == 200
                started.set()
                async for line in stream.aiter_lines():
                    lines[0] += line.startswith("data:")


async def load(gateway: Gateway, name: str, token: dict[str, str], viewers: int) -> float:
    """The web process's CPU time for an event, in microseconds."""
    seen = [[0] for _ in range(viewers)]
    started = [asyncio.Event() for _ in range(viewers)]
    watching = [
        asyncio.create_task(watch(gateway.console_url, token, *each))
        for each in zip(seen, started, strict=True)
    ]
    await asyncio.gather(*(each.wait() for each in started))
    web = gateway.pids("gateway serve")
    began = cpu_seconds(web)
    answers = await post_many(gateway.port, "/collect", requests(name), 8)
    spent = cpu_seconds(web) - began
    assert answers.statuses == {204: EVENTS}
    async with asyncio.timeout(60):
        while not all(lines[0] for lines in seen):
            await asyncio.sleep(0.1)
    for task in watching:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return 1e6 * spent / EVENTS


def requests(name: str) -> list[tuple[str, bytes]]:
    return [
        (
            f"{name}-{number}",
            json.dumps(
                {
                    "event_name": "page_view",
                    "event_id": f"{name}-{number}",
                    "client_id": f"{number}.1",
                    "page_location": f"https://shop.example/{number}",
                    "consent": GRANTED,
                }
            ).encode(),
        )
        for number in range(EVENTS)
    ]


def test_viewers_cost_the_collect_path_nothing(sink: Sink, tmp_path, capsys) -> None:
    with Gateway(tmp_path, CONFIG.format(sink=sink.url)).with_console() as gateway:
        gateway.wait_for_console()
        link = wait_for(lambda: printed_link(gateway), 60, "the link to the console")
        token = dict(plain_http.post(link, headers={"sec-fetch-site": "same-origin"}).cookies)
        for page in NAVIGATION:
            assert plain_http.get(gateway.console_url + page.path, cookies=token).status_code == 200
        time.sleep(REST_SECONDS)
        idle = memory(gateway)
        asyncio.run(load(gateway, "warm", token, 1))
        gateway.wait_until_delivered("crm")
        ratios = []
        for pair in range(PAIRS):
            costs = []
            for viewers in (0, VIEWERS) if pair % 2 else (VIEWERS, 0):
                cost = asyncio.run(load(gateway, f"{pair}-{viewers}", token, viewers))
                gateway.wait_until_delivered("crm")
                costs.append((viewers, cost))
            without, with_viewers = (cost for _, cost in sorted(costs))
            ratios.append(with_viewers / without)
            with capsys.disabled():
                print(f"\nµs of an event: {without:.0f}, watched {with_viewers:.0f}", end="")
    ratio = statistics.median(ratios)
    with capsys.disabled():
        print(f"\nratio {ratio:.2f}; memory, idle: {idle:.0f} MB")
    assert ratio <= MAX_RATIO
    assert idle <= MAX_MEMORY


def printed_link(gateway: Gateway) -> str:
    return (re.findall(r"console +(http\S+/link/\S+)", gateway.log.read_text()) or [""])[-1]


def memory(gateway: Gateway) -> float:
    """MB of all processes (PSS)."""
    pids = [gateway.process.pid, *children(gateway.process.pid)]
    return sum(each.proportional for each in memories(pids))
