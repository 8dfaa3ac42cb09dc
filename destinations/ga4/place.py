"""The location of a client, in GA4's form.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4/reference
(user_location: ISO 3166-1 alpha-2 and ISO 3166-2).
"""

import re
from collections.abc import Mapping
from typing import Any

from destinations.base import Event
from destinations.places import country_code, us_state_code
from destinations.remarks import remark

_is_region = re.compile(r"[A-Z0-9]{1,3}").fullmatch
_MAX_CITY = 100


def place_of(event: Event) -> dict[str, Any]:
    """``user_location`` from `event_location`, else ``ip_override`` with the event's address.

    GA4 prefers a location to an address, but derives the city from an address, so the address is
    sent if only the country is known.
    """
    ip_override = event.get("ip_override")
    location = event.get("event_location")
    place = _location(location) if location else {}
    if ip_override and place.keys() <= {"country_id"}:
        return {"ip_override": ip_override}
    return {"user_location": place} if place else {}


def _location(location: Mapping[str, Any]) -> dict[str, str]:
    stated = location.get("country", "")
    country = country_code(stated)
    if not country:
        if stated:
            remark("event_location.country: removed because it is not a known country")
        return {}
    place = {"country_id": country}
    if region := _region(country, location.get("region", "")):
        place["region_id"] = region
    city = location.get("city")
    if isinstance(city, str) and city:
        if len(city) > _MAX_CITY:
            remark(f"event_location.city: truncated to {_MAX_CITY} characters")
        place["city"] = city[:_MAX_CITY]
    return place


def _region(country: str, stated: str) -> str:
    """`stated` with the country in front (US-CA); "" if it is no subdivision of `country`."""
    code = stated.strip().upper().removeprefix(f"{country}-")
    if country == "US":
        code = us_state_code(stated) or code
    if _is_region(code):
        return f"{country}-{code}"
    if stated:
        remark("event_location.region: removed because it is not an ISO 3166-2 code of the country")
    return ""
