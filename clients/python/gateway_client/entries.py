"""An event as it is sent: with an id and a time, written as JSON when it happens."""

import json
import logging
import time
import uuid
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

log = logging.getLogger("gateway_client")


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. body: its JSON."""

    event_id: str
    event_name: str
    body: bytes = field(repr=False)


def make_entry(event: Mapping[str, Any]) -> Entry:
    """`event` with an `event_id` and a `timestamp`, unless it has them. Each try to send it repeats
    both, so the gateway recognises a repeated event and knows when it happened.

    Raises `ValueError`, whose text repeats nothing, for an event that contains itself or is nested
    too deep. A single value that JSON cannot express is left out.
    """
    given = {name: value for name, value in event.items() if value is not None and value != ""}
    event_id = str(given.get("event_id", uuid.uuid4()))
    stamped = {"timestamp": time.time(), **given, "event_id": event_id}
    try:
        body = json.dumps(stamped, default=_plain, skipkeys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        raise ValueError("the event contains itself or is nested too deep for JSON") from None
    return Entry(event_id, str(event.get("event_name", "")), body.encode())


def _plain(value: object) -> Any:
    """`value`, of a type that `json` does not know, as one that it knows."""
    match value:
        case Decimal():
            return float(value)
        case date():  # or datetime
            return value.isoformat()
        case uuid.UUID():
            return str(value)
        case Enum():
            return value.value
        case Mapping():
            return dict(value)
        case Set() | Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            return list(value)
    log.warning("a value of type %s was left out: JSON cannot express it", type(value).__name__)
    return None
