"""How Meta is told to do less with an event: Limited Data Use, and no use for advertising.

Sources: developers.facebook.com/docs/marketing-apis/data-processing-options and
.../marketing-api/conversions-api/parameters/server-event (opt_out).
"""

from collections.abc import Mapping
from typing import Any

from destinations.base import Event
from destinations.places import country_code, us_state_code

_REFUSALS = ("ad_user_data", "ad_personalization")
"""Global Privacy Control and the opt-outs of the USA deny both."""

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

_BY_ADDRESS = (0, 0)
"""Country and state that ask Meta to find them out by the IP address."""


def restrictions(event: Event) -> dict[str, Any]:
    """Fields that `event` has at Meta when its visitor refuses or opts out; else none."""
    consent = event.get("consent", {})
    if "denied" not in map(consent.get, _REFUSALS):
        return {}
    country, state = _place(event.get("event_location", {}))
    limited = {
        "data_processing_options": ["LDU"],
        "data_processing_options_country": country,
        "data_processing_options_state": state,
    }
    if consent.get("ad_personalization") == "denied":
        limited["opt_out"] = True
    return limited


def _place(location: Mapping[str, Any]) -> tuple[int, int]:
    """A state of the USA that Meta has a number for; of any other place the address tells more."""
    if country_code(location.get("country", "")) != "US":
        return _BY_ADDRESS
    region: str = location.get("region", "").upper().removeprefix("US-")
    state = _STATES.get(us_state_code(region))
    return (_USA, state) if state else _BY_ADDRESS
