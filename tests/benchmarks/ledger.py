"""How long the ledger takes to answer with millions of rows.

    python -m tests.benchmarks.ledger            a million events with five endings, in seven days
    python -m tests.benchmarks.ledger 100000     fewer

Prints for each question the median time of nine, in milliseconds and as a multiple of a look-up by
its primary key in the same files.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median

from gateway.configuration.ledger import LedgerSettings
from gateway.ledger.answers import Wanted
from gateway.ledger.digests import EventDigests
from gateway.ledger.folder import LedgerFolder
from gateway.ledger.folder_files import size_of
from gateway.ledger.reading import LedgerReader
from gateway.ledger.search import search
from gateway.ledger.series import series
from gateway.ledger.vendor_errors import vendor_errors
from gateway.ledger.writer import LedgerWriter
from gateway.queue.fates import Fate, encode_fates
from gateway.queue.feed import Decided, FeedRecord
from gateway.queue.receipts import new_receipt

DAYS, DESTINATIONS, BATCH = 7, ("ads", "books", "crm", "meta", "warehouse"), 500
DAY = 86_400.0
STATES = {"ad_storage": "granted", "analytics_storage": "granted"}
TRIES = 9


def records(count: int, digests: EventDigests, end: float) -> Iterator[FeedRecord]:
    """Decisions about `count` events of the days before `end` (Unix seconds), each followed by its
    endings: one in fifty is rejected by one destination."""
    chance = random.Random(1)
    number = 0
    for first in range(0, count, BATCH):
        receipts: list[str] = []
        for event in range(first, min(first + BATCH, count)):
            number += 1
            at = end - DAYS * DAY * (1 - event / count)
            receipts.append(new_receipt(at))
            yield FeedRecord(
                f"{number}-0", {"d": _decision(event, receipts[-1], at, digests)}, [], 0
            )
        for name in DESTINATIONS:
            number += 1
            fates = [_fate(place, receipt, name, chance) for place, receipt in enumerate(receipts)]
            fields = {"s": encode_fates(name, "version-1", fates)}
            yield FeedRecord(f"{number}-0", fields, [], 0)


def _decision(event: int, receipt: str, at: float, digests: EventDigests) -> bytes:
    ids = {
        "event_id": f"event-{event}",
        "transaction_id": f"T-{event}",
        "client_id": f"{event % 50_000}.1",
    }
    return Decided(
        receipt,
        passage=1,
        was_held=False,
        at=at,
        source="site",
        trusted=False,
        version="version-1",
        name=("page_view", "add_to_cart", "purchase")[event % 3],
        digests=digests.of_event(ids),
        states=STATES,
        consent="ad_storage granted (event); analytics_storage granted (event)",
        country=("DE", "FR", "US")[event % 3],
        browser=("Chrome", "Safari")[event % 2],
        verdicts=dict.fromkeys(DESTINATIONS, ("send", "", "")),
    ).encode()


def _fate(place: int, receipt: str, name: str, chance: random.Random) -> Fate:
    rejected = name == "meta" and chance.random() < 0.02
    result, status = ("rejected", 400) if rejected else ("delivered", 204)
    words = "HTTP 400: invalid parameter" if rejected else ""
    return Fate(f"{place}-0", receipt, 1, result, 1.8e9, 1, status, words)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = LedgerFolder(Path(temporary) / "ledger")
        digests = EventDigests(folder.key())
        end = time.time()
        seconds, size = fill(folder, digests, count, end)
        rows = count * (1 + len(DESTINATIONS))
        print(f"{rows:,} rows written: {1e6 * seconds / count:.0f} us of CPU and ", end="")
        print(f"{size / count:.0f} bytes an event without content")
        ask(LedgerReader(folder), digests, count, end)


def fill(folder: LedgerFolder, digests: EventDigests, count: int, end: float) -> tuple[float, int]:
    """The CPU seconds that it took, and the bytes on disk."""
    writer = LedgerWriter(folder, LedgerSettings(), None)  # type: ignore[arg-type]
    made = records(count, digests, end)
    seconds = 0.0
    while batch := list(islice(made, BATCH)):
        began = time.process_time()
        writer.store(batch, "benchmark")
        seconds += time.process_time() - began
    writer.close()
    return seconds, sum(size_of(folder.day(day)) for day in folder.days())


def ask(reader: LedgerReader, digests: EventDigests, count: int, end: float) -> None:
    receipt = next(reader.endings(Wanted())).receipt
    rejected = Wanted(destination="meta", ending="rejected", since=end - DAY)
    questions: dict[str, Callable[[], object]] = {
        "story by receipt (the yardstick)": lambda: reader.story(receipt),
        "trace an order of the first day": lambda: list(
            reader.stories(digests.of_text(f"T-{count // 100}"), 10)
        ),
        "trace an order that does not exist": lambda: list(
            reader.stories(digests.of_text("T-x"), 10)
        ),
        "50 newest rejected of one destination, 24 h": lambda: list(
            islice(reader.endings(rejected), 50)
        ),
        "50 newest endings": lambda: list(islice(reader.endings(Wanted()), 50)),
        "counts by destination, 24 h": lambda: reader.counts(end - DAY, end, ""),
        "counts by destination, 7 days": lambda: reader.counts(end - 7 * DAY, end, ""),
        "counts by reason, 7 days": lambda: reader.counts(end - 7 * DAY, end, "reason"),
        "counts by event name, 7 days": lambda: reader.counts(end - 7 * DAY, end, "name"),
        "series of 12 hours by the minute": lambda: series(reader, end - DAY / 2, end, 60),
        "series of 7 days by the hour": lambda: series(reader, end - 7 * DAY, end, 3600),
        "the same by event name, of one destination": lambda: series(
            reader, end - 7 * DAY, end, 3600, "name", destination="meta"
        ),
        "a page of an order at one destination": lambda: search(
            reader, Wanted(digests=digests.of_text(f"T-{count // 2}"), destination="meta")
        ),
        "a page of a reason that none has": lambda: search(reader, Wanted(reason="none has this")),
        "errors of one destination, 24 h": lambda: vendor_errors(reader, "meta", end - DAY, end),
    }
    yardstick = 0.0
    for question, answer in questions.items():
        took = median(_milliseconds(answer) for _ in range(TRIES))
        yardstick = yardstick or took
        print(f"{question:46} {took:8.1f} ms  {took / yardstick:7.1f} x")


def _milliseconds(answer: Callable[[], object]) -> float:
    began = time.perf_counter()
    answer()
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
