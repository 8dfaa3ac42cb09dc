"""Which events the ledger removes once they have succeeded, with `ledger.successes`. Pure.

An event has succeeded if it is not pending or held anywhere, at least one destination took it, and
it was withheld from all others: that is what the configuration asks for. With any other ending at
a destination, such as a rejection or a warning, it is kept. An event that was withheld everywhere
is kept too: no destination got it, it has no content, and it may be released from quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import orjson

from gateway.configuration.ledger import Successes
from gateway.ledger.answers import going
from gateway.ledger.day_rows import DayRows
from gateway.ledger.tables import SUCCESSES

SAMPLE = 100
"""With `sampled`, one of this many events is kept."""

Ended = tuple[bytes, str, str | None, str, int, str]
"""An event and one of its endings: the receipt, the destinations to which the event goes and its
origin (both JSON); the destination, the passage and the ending."""


def may_be_forgotten(rows: DayRows, successes: Successes) -> list[bytes]:
    """The receipts of the events that end in `rows` and are not in the sample."""
    if successes == "all":
        return []
    ended = {bytes(row[0]) for row in rows.all_endings()}
    return sorted(ended if successes == "counts" else filter(_is_out_of_sample, ended))


def succeeded(ended: Iterable[Ended]) -> list[bytes]:
    """The receipts of the events that succeeded. ended: all endings, those of each event
    together."""
    return [
        receipt
        for (receipt, going_to, origin), endings in groupby(ended, key=lambda row: row[:3])
        if _has_succeeded(going_to, origin, {row[3:5]: row[5] for row in endings})
    ]


def _has_succeeded(going_to: str, origin: str | None, endings: dict[tuple[str, int], str]) -> bool:
    found = frozenset(endings.values())
    decided = orjson.loads(origin or "{}").get("decided", {})
    return (
        found <= {*SUCCESSES, "withheld"}
        and not found.isdisjoint(SUCCESSES)
        and all((name, going(text)[1]) in endings for name, text in orjson.loads(going_to).items())
        and decided.keys() <= {name for name, _ in endings}
    )


def _is_out_of_sample(receipt: bytes) -> bool:
    """Whether an event is not in the sample: by the random bits of its receipt, so that the answer
    is always the same."""
    return int.from_bytes(receipt[-8:]) % SAMPLE != 0
