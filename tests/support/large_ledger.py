"""A large ledger, written directly as rows like those of production; the same each time.

    python -m tests.support.large_ledger FOLDER [EVENTS] [DAYS]

writes SQLite files to FOLDER: a million events by default, each with five endings.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b, sha256
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import orjson

from gateway.event.endings import DELIVERIES, WITH_WARNINGS
from gateway.ledger.consent_words import consent_in_words
from gateway.ledger.day_rows import NONE, RECEIVED, DayRows, Traits
from gateway.ledger.delays import bucket_of
from gateway.ledger.digests import EventDigests
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.postgresql.place import LedgerDatabase
from gateway.queue.receipts import day_of

DAY = 86_400.0
CHUNK = 10_000
"""Events in a transaction."""

DESTINATIONS = ("ads", "books", "crm", "meta", "warehouse")
NAMES = ("page_view", "view_item", "add_to_cart", "purchase", "sign_up", "search", "scroll")
NAME_WEIGHTS = (50, 20, 8, 6, 2, 6, 8)
COUNTRIES = (*("DE", "FR", "US", "GB", "IT", "ES", "NL", "PL", "AT", "CH"), *map(str, range(40)))
BROWSERS = ("Chrome", "Safari", "Firefox", "Edge", "Samsung Internet")
FAILURES = (
    ("rejected", 400, "HTTP 400: (#100) Invalid parameter user_data (id 8812345{})"),
    ("rejected", 403, "HTTP 403: the token has expired"),
    ("expired", 503, "HTTP 503: the event is older than 7.{} days"),
    (WITH_WARNINGS, 200, "v25.0 ends on 2027-03-0{}"),
)
_VISITORS = 50_000
_GRANTED = {"ad_storage": "granted", "analytics_storage": "granted"}
_DENIED = {"ad_storage": "denied", "analytics_storage": "granted"}
_NOTHING = {"ad_storage": "denied", "analytics_storage": "denied"}
_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


@dataclass(frozen=True, slots=True)
class Large:
    """What was written. end: Unix seconds after the newest event. order: the id of
    an order near the middle that both a browser and a backend sent."""

    events: int
    days: float
    end: float
    order: str


class LargeLedger(NamedTuple):
    folder: LedgerFolder
    written: Large


def fill(
    place: LedgerFolder | LedgerDatabase,
    events: int,
    days: float = 7.0,
    end: float = 0.0,
    spread: Callable[[float], float] = float,
) -> Large:
    """Writes `events` events, each with an ending at each of `DESTINATIONS`, spread evenly over the
    `days` before `end` (Unix seconds, or now). spread: maps places in this time, from 0 to 1, to
    others without changing their order."""
    end = end or time.time()
    store = place.to_write()
    store.open()
    try:
        chunks = _chunks(events, days, end, EventDigests(place.key()), spread)
        for number, (day, rows) in enumerate(chunks, 1):
            rows.count()
            store.write(day, rows, "large", f"{number}-0")
    finally:
        store.close()
    return Large(events, days, end, f"T-{events // 2 // 40}")


def _chunks(
    events: int, days: float, end: float, digests: EventDigests, spread: Callable[[float], float]
) -> Iterator[tuple[str, DayRows]]:
    chance = Random(1)
    rows, of_day = DayRows(), ""
    for number in range(events):
        at = end - days * DAY * (1 - spread(number / events))
        random = blake2b(number.to_bytes(8), digest_size=8).hexdigest()
        receipt = f"{int(1000 * at):012x}{random}"
        day = day_of(receipt)
        if rows.events and (day != of_day or len(rows.events) >= CHUNK):
            yield of_day, rows
            rows = DayRows()
        of_day = day
        _add(rows, number, at, receipt, chance, digests)
    if rows.events:
        yield of_day, rows


def _add(
    rows: DayRows, number: int, at: float, receipt: str, chance: Random, digests: EventDigests
) -> None:
    event, trusted = _event(number, chance)
    draw = chance.random()
    states = _NOTHING if draw < 0.12 else _DENIED if draw < 0.3 else _GRANTED
    traits = Traits(
        event["event_name"],
        "shop" if trusted else "site",
        consent_in_words(states),
        COUNTRIES[min(int(chance.expovariate(0.2)), len(COUNTRIES) - 1)],
        BROWSERS[number % len(BROWSERS)],
    )
    key, minute = bytes.fromhex(receipt), int(1000 * at) // 60_000
    consent = "ad_storage granted (event); analytics_storage granted (event)"
    rows.events.append(
        (
            *(key, at, traits.name, traits.source, int(trusted), "version-1", consent),
            *(orjson.dumps(states).decode(), traits.country, traits.browser),
            *(_GOING, _ORIGIN, orjson.dumps(event).decode()),
        )
    )
    rows.alike[minute, traits, NONE, RECEIVED, ""] += 1
    hour = minute // 60 % 24
    rows.lookups.append((hour, digests.of_event(event), receipt))
    for name in DESTINATIONS:
        ending, status, reason = _ending(name, states, chance)
        counted = f"HTTP {status}" if ending == "rejected" else reason
        ended = at + chance.expovariate(0.3) ** 2
        withheld = ending == "withheld"
        stage = "consent" if withheld else ""
        row = (key, name, 1, ending, stage, reason, ended, 1 - withheld, status, "version-1")
        rows.endings.append(row)
        if ending == "expired" or chance.random() < 0.005:
            try_again = "HTTP 503: try again later"
            rows.attempts.append((key, name, 1, ended - 0.1, 1, 503, try_again))
        rows.alike[minute, traits, name, "accepted", ""] += 1
        if ending in DELIVERIES:
            counted = bucket_of(ended - at)
        elif ending == "expired":
            counted = ""
        rows.alike[minute, traits, name, ending, counted] += 1


def _ending(name: str, states: dict[str, str], chance: Random) -> tuple[str, int | None, str]:
    if name in ("ads", "meta") and states["ad_storage"] == "denied":
        return "withheld", None, "ad_storage is denied"
    if name == "meta" and chance.random() < 0.03:
        ending, status, words = FAILURES[int(chance.random() * len(FAILURES))]
        return ending, status, words.format(int(9 * chance.random()))
    return "delivered", 200, ""


def _event(number: int, chance: Random) -> tuple[dict[str, Any], bool]:
    """An event, and whether a backend sent it. Two in 40 events are one order."""
    order, place = divmod(number, 40)
    visitor = int(chance.random() * _VISITORS)
    event: dict[str, Any] = {
        "event_name": chance.choices(NAMES, NAME_WEIGHTS)[0],
        "event_id": f"event-{number}",
        "client_id": f"{visitor}.1",
        "page_location": f"https://shop.example/p/{number % 977}",
        "page_title": "Linen shirt",
        "user_agent": _AGENT,
    }
    is_order = place in (0, 3)
    if is_order:
        shared = order % 4  # one order in four has different ids
        event |= {
            "event_name": "purchase",
            "event_id": f"event-{number}" if shared == 0 else f"order-{order}",
            "client_id": f"{order % _VISITORS}.1",
            "transaction_id": f"T-{order}",
            "value": 19.9 + order % 50,
            "currency": "EUR",
            "user_data": {"sha256_email_address": _email(order % _VISITORS)},
        }
    elif chance.random() < 0.5:
        event["fbp"] = f"fb.1.1795210000000.{visitor}"
    return event, place == 3


def _email(visitor: int) -> str:
    return sha256(f"visitor{visitor}@example.com".encode()).hexdigest()


_GOING = orjson.dumps(dict.fromkeys(DESTINATIONS, "send")).decode()
_ORIGIN = orjson.dumps({"applied": {}, "visitors": {}, "stated": {}}).decode()


def main(folder: str, events: str = "1000000", days: str = "7") -> None:
    began = time.monotonic()
    made = fill(LedgerFolder(Path(folder)), int(events), float(days))
    print(f"{6 * made.events:,} rows in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
