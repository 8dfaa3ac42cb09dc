"""What is sent: events of several sizes, alone and in batches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

MARK = "@@"
"""A place in the text of an event for a value that no other event has."""

FIXTURE = Path(__file__).parents[1] / "fixtures" / "events" / "purchase.json"


@dataclass(frozen=True)
class Body:
    """The body of a request. event: the JSON of one event, with marks. batch: how many of them are
    in a request; 1 for the event alone."""

    event: str
    batch: int = 1

    def numbered(self, prefix: str, events: int | None = None) -> Iterator[tuple[str, bytes]]:
        """Requests with `events` events in all, or without end. Ids begin with `prefix`; a request
        is named by the first in it."""
        for first in count(0, self.batch) if events is None else range(0, events, self.batch):
            ids = [f"{prefix}n{number}" for number in range(first, first + self.batch)]
            written = [self.event.replace(MARK, event_id) for event_id in ids]
            text = written[0] if self.batch == 1 else f'{{"events":[{",".join(written)}]}}'
            yield ids[0], text.encode()


def purchase(**more: Any) -> str:
    """A purchase as a browser would send it, each time of another visitor."""
    event = json.loads(FIXTURE.read_text())
    event |= {
        "event_id": MARK,
        "client_id": f"{MARK}.1795210000",
        "transaction_id": f"T-{MARK}",
        "page_location": f"https://shop.example/thanks?order={MARK}&utm_source=news",
    }
    return _written(event | more)


def sized(size: int) -> str:
    """An event of about `size` bytes: a page view, or a purchase with as many items as that
    takes."""
    consent = dict.fromkeys(("ad_storage", "ad_user_data", "analytics_storage"), "granted")
    event = {
        "event_name": "purchase",
        "event_id": MARK,
        "client_id": f"{MARK}.1795210000",
        "page_location": f"https://shop.example/thanks?order={MARK}&utm_source=news",
        "page_title": "Thank you",
        "value": 59.8,
        "currency": "EUR",
        "consent": consent,
    }
    items: list[dict[str, Any]] = []
    while len(_written(event | {"items": items})) < size - 60:
        number = len(items)
        name = f"A shirt of linen, number {number}"
        items.append({"item_id": f"SKU-{number}", "item_name": name, "price": 9.5, "quantity": 2})
    return _written(event | {"items": items} if items else event)


def _written(event: dict[str, Any]) -> str:
    """As browsers write JSON."""
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)
