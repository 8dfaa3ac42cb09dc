"""Restrictions on what Meta does with an event: Limited Data Use, and no use for advertising.

An event may add to the restrictions that follow from its visitor's consent, and never remove one.

Sources: developers.facebook.com/docs/marketing-apis/data-processing-options and
.../marketing-api/conversions-api/parameters/server-event (opt_out).
"""

from collections.abc import Mapping
from typing import Any

from destinations.base import Event
from destinations.casts import CASTS
from destinations.places import country_code, us_state_code
from destinations.refusals import asks, refuses, refuses_personalisation

_USA = 1
_STATES = {
    "CA": 1000,
    "CO": 1001,
    "CT": 1002,
    "FL": 1003,
    "OR": 1004,
    "TX": 1005,
    "MT": 1006,
    "DE": 1007,
    "NE": 1008,
    "NH": 1009,
    "NJ": 1010,
    "MN": 1011,
    "MD": 1012,
    "RI": 1013,
}
"""States whose laws Meta knows, by their postal codes."""

_NUMBERS = frozenset({0, *_STATES.values()})
_BY_ADDRESS = (0, 0)
"""The country and state that ask Meta to derive them from the IP address."""


def restrictions(event: Event) -> dict[str, Any]:
    """The fields that restrict the use of `event`, because its visitor refuses or opts out, or it
    asks for that itself; else none."""
    refused = refuses(event)
    if not refused and "data_processing_options" not in event and "opt_out" not in event:
        return {}
    limited: dict[str, Any] = {}
    if refused or asks(event.get("data_processing_options")):
        country, state = _stated_place(event) or _place(event.get("event_location", {}))
        limited = {
            "data_processing_options": ["LDU"],
            "data_processing_options_country": country,
            "data_processing_options_state": state,
        }
    if refuses_personalisation(event) or asks(event.get("opt_out")):
        limited["opt_out"] = True
    return limited


def _stated_place(event: Event) -> tuple[int, int] | None:
    """The country and state that `event` states as Meta's numbers; None if Meta does not accept the
    pair."""
    country, state = (
        CASTS["integer"](event.get(f"data_processing_options_{part}"))
        for part in ("country", "state")
    )
    known = (country, state) == _BY_ADDRESS or (country == _USA and state in _NUMBERS)
    return (country, state) if known else None


def _place(location: Mapping[str, Any]) -> tuple[int, int]:
    """Meta's numbers for a state of the USA in `location`; `_BY_ADDRESS` for other places."""
    if country_code(location.get("country", "")) != "US":
        return _BY_ADDRESS
    region: str = location.get("region", "").upper().removeprefix("US-")
    state = _STATES.get(us_state_code(region))
    return (_USA, state) if state else _BY_ADDRESS
