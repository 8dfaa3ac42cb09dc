"""Every key that a gateway leaves in Redis expires, or is bounded, or is a set of counters.

A key that no row names fails the test: state here and in docs/operations.md ("How long data is
kept") when it is removed.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from redis import Redis

from tests.support import plain_http
from tests.support.gateway_process import Gateway, wait_for
from tests.support.postgresql_server import PostgreSQL
from tests.support.sink_server import Received, Reply, Sink
from tests.support.valkey_server import Valkey

CONFIG = """
server: {{hash_salt: a-salt-of-some-length}}
dedupe_window: 600
redis: {{url: "{url}", data_dir: "${{DATA_DIR}}"}}
ledger: {{url: "{ledger}"}}
sources:
  site: {{type: collect, rate_limit: {{shared: true}}}}
  backend: {{type: events, paths: [/events], keys: [key]}}
consent: {{default: {{}}, regions: [], hold: {{seconds: 600}}, withdrawals: true}}
identity: {{link_domains: [shop.example, shop.test]}}
enrichment: []
schemas:
  odd: {{on_mismatch: quarantine, schema: {{required: [currency]}}}}
destinations:
  all: {{type: webhook, url: "{sink}/all", allow_private_addresses: true, consent: [ad_storage]}}
  bad: {{type: webhook, url: "{sink}/bad", allow_private_addresses: true, consent: [ad_storage]}}
  down:
    type: webhook
    url: {sink}/down
    allow_private_addresses: true
    consent: [ad_storage]
    delivery: {{backoff: [1]}}
"""
GRANTED = {"ad_storage": "granted", "analytics_storage": "granted"}

EXPIRE = (
    r"gw:\{\w+\}:(wake|pause|suspects|error|warning|drains)",
    r"gw:\{\w+\}:seen(:\w+|#\d+)",
    r"gw:\{\w+\}:replays:\w+/\d+",
    r"gw:\{\w+\}:(minute|counts):\d+",
    r"gw:\{gw:counts\}:late:withdrawn:(#\d+|[\w-]+)",
    r"gw:\{gw:counts\}:limit:site:.+",
    r"gw:\{gw:counts\}:(erased|committed:\w+)",
    r"gw:\{gw:counts\}:credential:.+",
    r"gw:gateways",
    r"gw:link:.+",
    r"gw:(recent|refused)",
    r"rq:(worker|scheduler|scheduler-lock):\w+",
    r"rq:(worker:\w+:executions|executions:[\w-]+|execution:[\w-]+:\w+)",
    r"rq:results:[0-9a-f-]{36}",
    r"rq:(clean_registries:gateway|clean_groups|queue:gateway:intermediate:.+)",
)
BOUNDED = {
    r"gw:\{\w+\}:stream": "deadline, max_pending; without its destination seven days",
    r"gw:\{\w+\}:(dead|untrusted)": "max_dead_letter...; without its destination 30 days",
    r"gw:\{gw:counts\}:quarantine(:untrusted)?": "100,000 events, 100 MB, 30 days",
    r"gw:\{gw:counts\}:late:(due|said|events:[\w-]+)": "consent.hold",
    r"gw:\{gw:counts\}:feed": "its bytes",
    r"gw:(destinations|configured)": "names that were configured and have events",
    r"rq:queue:gateway(:intermediate)?": "a job for each destination that was woken",
    r"rq:(finished|failed|wip|scheduled|deferred|canceled):gateway": "jobs, which expire",
    r"rq:(job|results):later-\w+": "one for each destination",
    r"rq:(queues|workers|workers:gateway)": "names of queues and of workers at work",
}
COUNTERS = {r"gw:\{\w+\}:counts": 300, r"gw:counts": 300, r"gw:\{gw:counts\}:feed:name": 0}
"""Hashes of numbers, with the most fields that each may have."""


EXPECTED = (
    "dead",
    "untrusted",
    "quarantine",
    "counts",
    "seen:",
    "seen#",
    "replays",
    "minute",
    "pause",
)
EXPECTED += (
    "error",
    "committed",
    "late:events",
    "late:due",
    "withdrawn",
    "erased",
    "link",
    "refused",
)
EXPECTED += ("feed:name", "gateways", "destinations", "rq:job")
"""Parts of keys that the test must have seen: otherwise it shows nothing about them."""


def answer(received: Received) -> Reply:
    return {"/all": (204, b""), "/bad": (400, b"no"), "/down": (503, b"")}[received.path]


def live(gateway: Gateway) -> None:
    """Sends events that end in every way."""
    host = {"host": "metrics.shop.example", "user-agent": "Mozilla/5.0 (X11; Linux) Firefox/150.0"}
    page = {**host, "cookie": "visitor_id=1525593269.1795289657"}

    def collect(token: str, *events: dict[str, Any], headers: dict[str, str] = host) -> None:
        body = {"page_token": f"a-token-of-the-page-with-the-name-{token}", "events": list(events)}
        found = plain_http.post(f"{gateway.url}/collect", json=body, headers=headers, timeout=60)
        assert found.status_code in {204, 400}, found.text

    there = plain_http.get(
        f"{gateway.url}/link", params={"to": "https://shop.test/cart"}, headers=page, timeout=60
    ).headers["location"]
    sold = {"event_name": "purchase", "consent": GRANTED}
    collect("held", {"event_name": "page_view", "event_id": "held"})
    collect("linked", {**sold, "event_id": "linked", "page_location": there}, headers=host)
    collect(
        "denied", {"event_name": "page_view", "consent": {"ad_storage": "denied"}}, headers=page
    )
    collect("refused", {"value": 5}, {"event_name": ""})
    own = [{**sold, "event_id": f"event-{number % 20}"} for number in range(30)]
    odd = {"event_name": "odd", "event_id": "odd", "consent": GRANTED}
    found = plain_http.post(
        f"{gateway.url}/events",
        json={"events": [*own, odd]},
        headers={"authorization": "Bearer key"},
        timeout=60,
    )
    assert found.status_code in {200, 204}, found.text


def retention_of(redis: Redis, key: str) -> str:
    """What limits the life or size of `key`; "" if no row names it, or if it breaks its row."""
    if any(re.fullmatch(pattern, key) for pattern in EXPIRE):
        return "expires" if redis.pttl(key) != -1 else ""
    if any(re.fullmatch(pattern, key) for pattern in BOUNDED):
        return "is bounded"
    if re.fullmatch(r"rq:job:[0-9a-f-]{36}", key):
        is_at_work = redis.hget(key, "status") in {b"queued", b"started", None}
        return "is bounded" if is_at_work or redis.pttl(key) != -1 else ""
    for pattern, most in COUNTERS.items():
        if re.fullmatch(pattern, key):
            is_small = redis.type(key) != b"hash" or redis.hlen(key) <= most
            return "counts" if is_small else ""
    return ""


def test_every_key_goes_or_is_bounded(tmp_path: Path, postgresql: PostgreSQL) -> None:
    with Sink(answer) as sink, Valkey(tmp_path / "valkey") as valkey:
        ledger = postgresql.new_database()
        config = CONFIG.format(sink=sink.url, url=valkey.url, ledger=ledger)
        with Gateway(tmp_path, config) as gateway, valkey.client() as redis:
            live(gateway)
            seen = {key.decode() for key in redis.scan_iter(count=1000)}
            wait_for(lambda: redis.xlen("gw:{bad}:dead") >= 20, 60, "dead letters")
            wait_for(lambda: redis.hget("gw:{all}:counts", "delivered"), 60, "a delivery")
            wait_for(lambda: redis.exists("gw:{down}:pause"), 60, "a pause")
            wait_for(lambda: redis.exists("gw:refused"), 60, "the sample of refused events")
            gateway.command("replay", "--destination", "bad", "--since", "1h", "--yes")
            gateway.command("erase", "event-3", "--yes")
            scans, until = 0, time.monotonic() + 60
            # some keys exist only for a moment, and pauses come and go
            while scans < 20 or (unseen(seen) and time.monotonic() < until):
                scans += 1
                keys = [key.decode() for key in redis.scan_iter(count=1000)]
                seen.update(keys)
                without = [k for k in keys if not retention_of(redis, k) and redis.exists(k)]
                assert not without, without
        assert unseen(seen) == set()


def unseen(keys: set[str]) -> set[str]:
    """The parts in `EXPECTED` that none of `keys` contains."""
    return {name for name in EXPECTED if not any(name in key for key in keys)}
