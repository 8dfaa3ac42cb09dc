"""What strangers send, for the tests and for the table of attacks (`tests.attacks`)."""

from __future__ import annotations

from functools import reduce
from typing import Any

import orjson
from redis import Redis
from rq import Queue

from gateway.queue.wake import FORWARD
from tests.support.keys import KEYS

BODY = b'{"event_name": "page_view"}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
POST = b"POST /collect HTTP/1.1\r\nHost: m.shop.example\r\n"
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"

ODD_HTTP = {
    "no Host": (b"POST /collect HTTP/1.1\r\n" + LENGTH + b"\r\n" + BODY, 400, "host"),
    "two Hosts": (POST + b"Host: other.example\r\n" + LENGTH + b"\r\n" + BODY, 400, "host"),
    "the same Host twice": (POST + b"host: m.shop.example\r\n\r\n", 400, "host"),
    "two Hosts in HTTP/1.0": (b"GET /healthz HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400, "host"),
    "HTTP/0.9 with its number": (b"GET /healthz HTTP/0.9\r\n\r\n", 505, "http_version"),
    "HTTP/2.0 in words": (b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n", 505, "http_version"),
    "a gzip coding": (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501, "transfer_encoding"),
    "gzip in chunks": (
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        501,
        "transfer_encoding",
    ),
}


def keys(count: int) -> dict[str, Any]:
    return {f"k{number}": number for number in range(count)}


def nested(levels: int) -> Any:
    return reduce(lambda inner, _: {"a": inner}, range(levels), 1)


def text_of(unit: str, size: int) -> str:
    return (unit * (size // len(unit) + 1))[:size]


def entry(**changed: Any) -> bytes:
    """A valid entry, with the values of `changed` in place of its own."""
    origin = {"source": "site", "at": 1.5, "version": "v", "applied": [], "visitor": ""}
    origin |= {name: value for name, value in changed.items() if name in origin}
    event = changed.get("event", {"event_name": "page_view"})
    more = [changed.get("trusted", False), "", "", changed.get("passed", "")]
    return orjson.dumps({"event": event, "from": [*origin.values(), *more]})


RUBBISH_ENTRIES = [
    b"",
    b"not JSON",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"1",
    b'"text"',
    b"{}",
    b'{"event": {}}',
    b'{"event": {}, "from": {}}',
    b'{"event": {}, "from": "a text"}',
    b'{"event": {}, "from": []}',
    b"[" * 2000,
    entry(event=[]),
    entry(event="page_view"),
    entry(event=None),
    entry(source=""),
    entry(source=["site"]),
    entry(at="yesterday"),
    entry(at=None),
    entry(at=True),
    entry(version=1),
    entry(applied="a"),
    entry(applied=[1]),
    entry(applied=None),
    entry(visitor={}),
    entry(trusted="no"),
    entry(at=-1),
    entry(at=-1e305),
    entry(at=1e300),
    entry(passed="0" * 28 + "/0"),
    entry(passed="0" * 28 + "/99999999999999999999"),
    entry(passed="0" * 28 + "/x"),
    entry(passed="no receipt"),
    entry(passed="f" * 28),
]

CRAFTED_JOBS = [
    {"created_at": "rubbish"},
    {"enqueued_at": "yesterday"},
    {"timeout": "for ever"},
    {"status": "unheard of"},
    {"result_ttl": "long"},
    {"dependency_ids": "{"},
    {"created_at": b"\xff"},
]


def slip_in(redis: Redis, crafted: dict[str, Any]) -> str:
    """Queues a job with values that RQ does not write, and returns its id."""
    queue = Queue(KEYS.queue, connection=redis, serializer="json")
    job = queue.create_job(FORWARD, args=("hook",))
    job.save()
    redis.hset(job.key, mapping=crafted)
    redis.rpush(KEYS.queue_key, job.id)
    return str(job.id)


def levels_of_aliases(levels: int, each: str) -> str:
    """Lines of YAML, each of which repeats the one before it nine times."""
    lines = ["a0: &a0 [1, 2, 3]"]
    for level in range(1, levels):
        parts = ", ".join(each.format(key=key, alias=f"*a{level - 1}") for key in range(9))
        brackets = "{{{}}}" if ":" in each else "[{}]"
        lines.append(f"a{level}: &a{level} " + brackets.format(parts))
    return "\n".join(lines)
