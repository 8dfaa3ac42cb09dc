"""The original event that a later one completes, in the form in which Meta finds it again.

Source: developers.facebook.com/docs/marketing-api/conversions-api/parameters/original-event-data
"""

from typing import Any

from destinations.casts import CASTS
from destinations.paths import as_text
from destinations.remarks import remark

_TEXTS = ("event_name", "order_id", "event_id")
_YEAR_5138 = 10**11
"""Unix seconds; a time from here on is in milliseconds."""


def original_event(stated: Any) -> dict[str, Any]:
    """``original_event_data`` from `stated`, an event's own; empty if nothing in it is usable."""
    if not isinstance(stated, dict):
        return {}
    found: dict[str, Any] = {
        field: text for field in _TEXTS if (text := as_text(stated.get(field)))
    }
    if "event_time" in stated:
        seconds = CASTS["integer"](stated["event_time"])
        if seconds is None or not 0 <= seconds < _YEAR_5138:
            remark("original_event_data.event_time: removed because it is not in Unix seconds")
        else:
            found["event_time"] = seconds
    return found
