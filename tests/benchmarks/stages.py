"""The stages that an event passes, each as a piece of work that can be measured alone.

    valgrind --tool=callgrind --instr-atstart=no python -m tests.benchmarks.stages LIBRARY

counts the instructions of each; `tests.benchmarks.instructions` runs it. LIBRARY is callgrind.c,
compiled. Each work is done a few times before it is counted, so that caches and the interpreter's
inline caches are as full as in production, and the garbage collector is off.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import orjson

from gateway.configuration.destination import build_destination
from gateway.configuration.kinds import source_types
from gateway.configuration.ledger import LedgerSettings
from gateway.configuration.load import parse_settings
from gateway.delivery.planning import plan
from gateway.event import Event, Received
from gateway.ledger.digests import EventDigests
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.writer import LedgerWriter
from gateway.queue.append_batch import AppendBatch
from gateway.queue.append_plan import plan_of
from gateway.queue.entry import decode, encode
from gateway.queue.fates import Fate, encode_fates
from gateway.queue.feed import Feeding, FeedRecord
from gateway.queue.receipts import new_receipt
from gateway.sources.base import Inbound
from tests.benchmarks.bodies import MARK, purchase, sized
from tests.benchmarks.pipeline import (
    NOW,
    Work,
    compiled,
    json_work,
    pipeline_work,
    traffic,
)
from tests.benchmarks.settling import settle

WARM_UP, TURNS = 3, 2
"""How often each work is done before it is counted, and while it is."""

EVENTS, LONG_EVENTS, LONG = 40, 4, 50_000
"""How many events a work has, and how many long ones; bytes of one of these."""

NO_RECEIPT = "0" * 28
DEADLINE = timedelta(days=7)

SOURCES = """\
sources: {collect: {type: collect}, segment: {type: segment, write_keys: [k]}, ga4: {type: ga4}}
destinations: {d: {type: webhook, url: 'https://a.example/'}}
"""

ITEM = {"item_id": "S-1", "item_name": "Linen shirt", "price": 59.9, "quantity": 1}
TRACKED = {
    "type": "track",
    "event": "Order Completed",
    "anonymousId": "a-1",
    "messageId": MARK,
    "timestamp": "2026-11-21T12:00:00.000Z",
    "properties": {"order_id": "T-1", "revenue": 59.9, "currency": "EUR", "products": [ITEM]},
    "context": {"page": {"url": "https://shop.example/thanks", "title": "Thanks"}, "locale": "de"},
}
HIT = {
    "v": "2",
    "tid": "G-1",
    "cid": "1.1795210000",
    "en": "purchase",
    "dl": "https://shop.example/thanks?order=1",
    "dt": "Thanks",
    "ul": "de-de",
    "cu": "EUR",
    "epn.value": "59.9",
    "ep.transaction_id": "T-1",
    "pr1": "idS-1~nmLinen shirt~pr59.9~qt1",
}


def read_collect(event: str, events: int) -> Work:
    return _read(
        "collect", [Inbound("POST", "/collect", body=body) for body in _bodies(event, events)]
    )


def read_segment() -> Work:
    body = orjson.dumps({"batch": [TRACKED], "writeKey": "k"})
    return _read("segment", [Inbound("POST", "/segment/v1/batch", body=body)] * EVENTS)


def read_ga4() -> Work:
    return _read("ga4", [Inbound("POST", "/g/collect", query=urlencode(HIT))] * EVENTS)


def decide(rules: int, destinations: int) -> Work:
    return pipeline_work(compiled(rules, destinations), traffic()[:EVENTS])


def decide_long() -> Work:
    return pipeline_work(compiled(10, 5), _long_events())


def append(ledger: bool) -> Work:
    return _append(traffic()[:EVENTS], ledger)


def append_long() -> Work:
    return _append(_long_events(), ledger=True)


CREDENTIALS = """
credentials:
  g:
    type: client_credentials
    token_url: https://login.example.com/token
    client_id: c
    client_secret: ${SECRET}
"""
"""For destinations that refer to one."""


def plan_for(destination: str, more: str, long: bool = False) -> Work:
    """Entries of the queue are decoded and become requests of `destination`."""
    text = f"{CREDENTIALS}\nsources: {{}}\ndestinations: {{d: {{type: {destination}, {more}}}}}"
    settings = parse_settings(text, "", {"SECRET": "s"}).destinations["d"]
    built = build_destination(settings)
    pipeline = compiled(0, 1)
    entries = []
    for event, received in _long_events() if long else traffic()[:EVENTS]:
        decision = pipeline(event, received)
        entries.append(encode(decision, decision.event, ()))

    def work() -> int:
        read = [decode(b"1-0", 1, entry) for entry in entries]
        for _ in plan(built, read, lambda _: DEADLINE, NOW):
            pass
        return len(entries)

    return work


def store_in_ledger(destinations: int) -> Work:
    """Decisions about events, and later their endings, are written to the ledger."""
    temporary = tempfile.TemporaryDirectory(prefix="stages-")
    folder = LedgerFolder(Path(temporary.name))
    feeding = Feeding(1 << 30, EventDigests(folder.key()).of_decided)
    writer = LedgerWriter(folder, LedgerSettings(), None)  # type: ignore[arg-type]
    pipeline = compiled(0, destinations)
    decided = [pipeline(event, received) for event, received in traffic()]
    entries = [encode(decision, decision.event, (), NO_RECEIPT) for decision in decided]
    records_of = [feeding.encode(decision, NO_RECEIPT, 1) for decision in decided]
    number = count(1)

    def work() -> int:
        records, told = [], []
        for record, entry in zip(records_of, entries, strict=True):
            receipt = new_receipt(NOW + next(number) / 1000)
            named = [
                each.replace(NO_RECEIPT.encode(), receipt.encode()) for each in (record, entry)
            ]
            records.append(FeedRecord(f"{next(number)}-0", {"d": named[0]}, named[1:], 0))
            told.append(Fate("1-0", receipt, 1, "delivered", NOW, 1, 204, ""))
        for place in range(destinations):
            fields = {"s": encode_fates(f"d{place}", "version-1", told)}
            records.append(FeedRecord(f"{next(number)}-0", fields, [], 0))
        writer.store(records, "feed")
        assert Path(temporary.name).exists()  # it goes with the last reference to it
        return len(decided)

    return work


STAGES: Mapping[str, Callable[[], Work]] = {
    "json.loads, for comparison": lambda: json_work(traffic()[:EVENTS]),
    "read: collect": lambda: read_collect(purchase(), EVENTS),
    "read: collect, 50 KB": lambda: read_collect(sized(LONG), LONG_EVENTS),
    "read: segment": read_segment,
    "read: ga4": read_ga4,
    "pipeline: 1 destination": lambda: decide(0, 1),
    "pipeline: 10 rules, 5 destinations": lambda: decide(10, 5),
    "pipeline: 50 KB": decide_long,
    "append: without a ledger": lambda: append(ledger=False),
    "append: with a ledger": lambda: append(ledger=True),
    "append: 50 KB": append_long,
    "plan: webhook": lambda: plan_for("webhook", "url: 'https://a.example/'"),
    "plan: webhook, 50 KB": lambda: plan_for("webhook", "url: 'https://a.example/'", long=True),
    "plan: meta": lambda: plan_for("meta", "pixel_id: '1', access_token: t"),
    "plan: ga4": lambda: plan_for("ga4", "measurement_id: G-1, api_secret: s"),
    "plan: ga4 by Data Manager": lambda: plan_for(
        "ga4", "measurement_id: G-1, transport: data_manager, property_id: '1', credential: g"
    ),
    "plan: google_data_manager": lambda: plan_for(
        "google_data_manager",
        "credential: g, account_id: '1', mapping: {events: {purchase: 123456}}",
    ),
    "plan: linkedin": lambda: plan_for(
        "linkedin", "access_token: t, mapping: {events: {purchase: 123456}}"
    ),
    "plan: microsoft_uet": lambda: plan_for("microsoft_uet", "tag_id: '1', api_token: t"),
    "plan: openai_ads": lambda: plan_for("openai_ads", "pixel_id: p, api_key: k"),
    "plan: pinterest": lambda: plan_for("pinterest", "ad_account_id: '1', access_token: t"),
    "plan: reddit": lambda: plan_for("reddit", "pixel_id: t2_a, access_token: t"),
    "plan: snapchat": lambda: plan_for("snapchat", "pixel_id: 0a1b2c3d, access_token: t"),
    "plan: tiktok": lambda: plan_for("tiktok", "event_source_id: C1, access_token: t"),
    "plan: x": lambda: plan_for(
        "x", "pixel_id: oabc1, pixel_token: t, mapping: {events: {purchase: tw-oabc1-odef2}}"
    ),
    "settle: shop, without a ledger": lambda: settle(ledger=False),
    "settle: shop, with a ledger": lambda: settle(ledger=True),
    "ledger: 1 destination": lambda: store_in_ledger(1),
    "ledger: 5 destinations": lambda: store_in_ledger(5),
}
"""What is measured; a destination's mapping is a part of its plan."""


def _read(source: str, requests: list[Inbound]) -> Work:
    settings = parse_settings(SOURCES, "", {}).sources[source]
    read = source_types()[source](settings).read

    def work() -> int:
        return sum(len(read(request).events) for request in requests)

    return work


def _append(events: list[tuple[Event, Received]], ledger: bool) -> Work:
    pipeline = compiled(10, 5)
    decisions = [pipeline(event, received) for event, received in events]
    digests = EventDigests(b"key")
    feeding = Feeding(1 << 30, digests.of_decided) if ledger else None

    def work() -> int:
        batches = [AppendBatch([decision], True, feeding) for decision in decisions]
        _, _, planned = plan_of(batches)
        orjson.dumps(planned)
        return len(decisions)

    return work


def _bodies(event: str, events: int) -> list[bytes]:
    return [event.replace(MARK, f"e-{number}").encode() for number in range(events)]


def _long_events() -> list[tuple[Event, Received]]:
    more = json.loads(sized(LONG))
    fields = {name: more[name] for name in ("items", "page_title", "value", "currency")}
    return traffic(**fields)[:LONG_EVENTS]


def main(library: str) -> None:
    counter = ctypes.CDLL(library)
    gc.disable()
    for name, prepare in STAGES.items():
        work = prepare()
        for _ in range(WARM_UP):
            work()
        gc.collect()
        counter.begin()
        pieces = sum(work() for _ in range(TURNS))
        counter.end(f"{name}\t{pieces}".encode())


if __name__ == "__main__":
    main(sys.argv[1])
