"""Every attack of the table: what a stranger does for some seconds, and the expected answers."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import Any

from redis import Redis

from gateway.runtime.embedded import embedded_url
from tests.attacks.flood import CLOSED, Answers, addresses, flood, request
from tests.attacks.target import Target
from tests.hostile.payloads import (
    BODY,
    CRAFTED_JOBS,
    LENGTH,
    ODD_HTTP,
    POST,
    RUBBISH_ENTRIES,
    UPGRADE,
    keys,
    levels_of_aliases,
    slip_in,
    text_of,
)
from tests.soak.scenario_slow_connections import KINDS, Slow
from tests.soak.sending import KEY
from tests.support.gateway_process import wait_for
from tests.support.keys import KEYS

Run = Callable[[Target, float], Awaitable[Answers]]
"""Attacks until a time of the monotonic clock, in seconds."""

CONNECTIONS = 500
CROWD = 300
MAX_SECONDS = 120
"""The longest wait for something to happen."""
BUSY = "503 busy"
FOREIGN = {"Origin": "https://evil.example"}
GZIP = {"Content-Encoding": "gzip"}


@dataclass(frozen=True)
class Attack:
    """expected: the allowed answers. seconds: the shortest duration. memory: how much the web
    process may grow, in MB."""

    name: str
    run: Run
    expected: frozenset[str]
    seconds: float = 4.0
    memory: float = 60.0


def _event(name: str = "page_view", **fields: Any) -> bytes:
    return json.dumps({"event_name": name, **fields}, separators=(",", ":")).encode()


def _requests(
    path: str,
    bodies: Callable[[int], bytes] | bytes,
    headers: Mapping[str, str] | None = None,
    connections: int = 20,
) -> Run:
    """Requests to `path`, each from a different address, so that none reaches a rate limit."""

    async def run(target: Target, until: float) -> Answers:
        senders = addresses()

        def make(number: int) -> bytes:
            body = bodies if isinstance(bodies, bytes) else bodies(number)
            return request(path, body, next(senders), headers)

        return await flood(target.port, make, until, connections)

    return run


async def _endless_headers(target: Target, until: float) -> Answers:
    answers = Answers()

    async def send() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        answer = asyncio.ensure_future(reader.read(4096))
        with suppress(ConnectionError):
            writer.write(POST + b"X: ")
            while not answer.done() and time.monotonic() < until:
                writer.write(b"y" * 65_536)
                await writer.drain()
                await asyncio.sleep(0)
        await asyncio.wait([answer], timeout=max(0.0, until - time.monotonic()))
        if answer.done() and not answer.exception():
            answers[answer.result()[9:12].decode() or CLOSED] += 1
        answer.cancel()
        writer.close()

    async def repeat() -> None:
        while time.monotonic() < until:
            with suppress(OSError):
                await send()

    await asyncio.gather(*(repeat() for _ in range(20)))
    return answers


async def _hold_connections(target: Target, until: float, *, silent: bool) -> Answers:
    """Slow or silent connections, each reopened when the gateway closes it."""
    kinds = KINDS[:1] if silent else KINDS[1:]
    slow = Slow(target.port, until)
    tasks = [asyncio.create_task(slow.keep(*kind)) for kind in islice(cycle(kinds), CONNECTIONS)]
    await asyncio.wait(tasks, timeout=max(0.0, until - time.monotonic()))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return Answers({CLOSED if each == "none" else each: 1 for each in slow.answers})


async def _flood_from_one_address(target: Target, until: float) -> Answers:
    sent = request("/limited", BODY, "203.0.113.66")
    return await flood(target.port, lambda _: sent, until)


async def _flood_from_many_addresses(target: Target, until: float) -> Answers:
    senders = addresses()
    return await flood(
        target.port, lambda _: request("/collect", BODY, next(senders)), until, CROWD
    )


async def _fill_destination(target: Target, until: float) -> Answers:
    """Sends until the destination is full, and then for two more seconds."""
    run, answers, full = _requests("/collect", _batch), Answers(), "503 full"
    deadline = until + MAX_SECONDS
    while full not in answers and time.monotonic() < deadline:
        answers += await run(target, max(until, time.monotonic() + 2))
    return answers + await run(target, time.monotonic() + 2)


async def _guess_keys(target: Target, until: float) -> Answers:
    senders = addresses()

    def make(number: int) -> bytes:
        wrong = {"Authorization": f"Bearer {KEY}{number}"}
        return request("/events", BODY, next(senders), wrong)

    return await flood(target.port, make, until, CROWD)


async def _odd_http(target: Target, until: float) -> Answers:
    odd = [sent for sent, _, _ in ODD_HTTP.values()]
    odd += [b"GET /\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x1b[2J\r\n\r\n"]
    odd.append(POST + UPGRADE + LENGTH + b"\r\n" + BODY)
    return await flood(target.port, lambda number: odd[number % len(odd)], until)


async def _rest(until: float) -> None:
    await asyncio.sleep(max(0.0, until - time.monotonic()))


async def _wait_for(condition: Callable[[], bool], what: str) -> None:
    await asyncio.to_thread(wait_for, condition, MAX_SECONDS, what)


async def _rubbish_in_redis(target: Target, until: float) -> Answers:
    """Entries and jobs that no gateway wrote, from somebody who can write to its Redis."""
    url = embedded_url(target.gateway.folder / "data")
    assert url
    stream = KEYS.destination("hook").stream
    with Redis.from_url(url) as redis:
        for entry, crafted in zip(cycle(RUBBISH_ENTRIES), [*CRAFTED_JOBS] * 4, strict=False):
            redis.xadd(stream, {"e": entry})
            slip_in(redis, crafted)
        await _rest(until)
        await _wait_for(lambda: not redis.llen(KEYS.queue_key), "the queue to be empty")
        letters: Any = redis.xlen(KEYS.destination("hook").dead)
    return Answers({"dead letters": letters})


async def _aliases(target: Target, until: float) -> Answers:
    """A configuration with nine times nine times nine ... values, while the gateway runs."""
    path, refused = target.gateway.config, "aliases"
    good = path.read_text()
    path.write_text(levels_of_aliases(9, "{alias}"))
    try:
        await _rest(until)
        await _wait_for(lambda: refused in target.gateway.log.read_text(), "the refusal")
    finally:
        path.write_text(good)
    return Answers({"not loaded": 1})


def _sixty_fields(unit: str) -> bytes:
    return _event(**{f"f{number}": text_of(unit, 2000) for number in range(60)})


def _batch(_: int) -> bytes:
    events = [{"event_name": "flood", "page_title": "x" * 50} for _ in range(500)]
    return json.dumps(events).encode()


def _set(*answers: str) -> frozenset[str]:
    return frozenset(answers)


ATTACKS = (
    Attack("headers that never end", _endless_headers, _set("431", CLOSED)),
    Attack(
        f"{CONNECTIONS} slow connections",
        partial(_hold_connections, silent=False),
        _set("408", CLOSED),
        seconds=16,
    ),
    Attack(
        f"{CONNECTIONS} silent connections",
        partial(_hold_connections, silent=True),
        _set(CLOSED),
        seconds=16,
    ),
    Attack(
        "a gzip bomb, 10 KB for 10 MB",
        _requests("/collect", gzip.compress(_event(pad="x" * 10_000_000)), GZIP),
        _set("413 inflates_too_much", "413 too_large", BUSY),
    ),
    Attack(
        "60 fields of secrets for the PII guard, in 2 KB of gzip",
        _requests("/collect", gzip.compress(_sixty_fields("password=x&")), GZIP),
        _set("413 inflates_too_much", BUSY),
    ),
    Attack(
        "60 fields of secrets for the PII guard, in 120 KB",
        _requests("/collect", _sixty_fields("password=x&")),
        _set("204", BUSY),
    ),
    Attack(
        "events with 80,000 keys",
        _requests("/large", _event(**dict.fromkeys(keys(80_000), 0))),
        _set("204", BUSY),
    ),
    Attack(
        "JSON with 60,000 levels",
        _requests("/collect", b"[" * 60_000 + b"]" * 60_000),
        _set("400 malformed", BUSY),
    ),
    Attack(
        f"{CROWD} requests at once with 1,000 events each, in 25 KB",
        _requests("/collect", json.dumps([{"event_name": "rush"}] * 1000).encode(), None, CROWD),
        _set("204", "503 full", BUSY),
    ),
    Attack(
        "events for a destination that is down",
        _fill_destination,
        _set("204", "503 full", BUSY),
        memory=120,
    ),
    Attack(
        "requests from one address, which may send 1,000 a minute",
        _flood_from_one_address,
        _set("204", "429 rate_limited", BUSY),
    ),
    Attack(
        "requests, each from another address",
        _flood_from_many_addresses,
        _set("204", BUSY),
        seconds=8,
    ),
    Attack(
        "guessed keys, each from another address",
        _guess_keys,
        _set("401 unauthorized", BUSY),
        seconds=8,
    ),
    Attack(
        "events from a foreign page",
        _requests("/own", BODY, FOREIGN),
        _set("403 origin", BUSY),
    ),
    Attack(
        "events that only servers may send",
        _requests("/collect", _event("refund", value=1)),
        _set("400", BUSY),
    ),
    Attack(
        "odd HTTP: h2c, no Host, two Hosts, gzip as transfer encoding, HTTP/0.9, TLS",
        _odd_http,
        _set("204", "400 host", "400 malformed_http", "501 transfer_encoding", "505 http_version"),
    ),
    Attack("rubbish entries and crafted jobs in Redis", _rubbish_in_redis, _set("dead letters")),
    Attack("YAML aliases of aliases", _aliases, _set("not loaded")),
)
