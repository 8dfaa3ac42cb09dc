"""Click ids: which click on an ad brought the visitor."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from destinations.base import Event
from destinations.placeholders import is_placeholder
from destinations.remarks import remark

_MAX_PARAMETERS = 100
_is_usual = re.compile(r"[A-Za-z0-9._!*~-]{1,512}").fullmatch

Matches = Callable[[str], object]
"""Whether a text has the form of a vendor's click ids."""


def click_id(event: Event, name: str, vendor: str, matches: Matches = _is_usual) -> str:
    """The id of the click that brought the visitor to the page, or to the page before it; "" if
    there is none.

    name: of the URL parameter. vendor: name of the vendor, for remarks.
    """
    click_ids: Mapping[str, Any] = event.get("click_ids", {})
    if stated := click_ids.get(name, ""):
        if _is_id(stated, matches):
            return str(stated)
        remark(f"click_ids.{name}: removed because it is not a {vendor} click id")
    start = f"{name}="
    for field in ("page_location", "page_referrer"):
        if start in (url := event.get(field, "")):
            found = _parameter(url, name)
            if _is_id(found, matches):
                return found
    return ""


def browser_id(event: Event, field: str) -> str:
    """The id from a vendor's cookie, which is in `field`; "" if it is missing or not valid."""
    stated = event.get(field)
    if _is_id(stated, _is_usual):
        return str(stated)
    if stated:
        remark(f"{field}: removed because it does not have the form of an id")
    return ""


def _is_id(text: Any, matches: Matches) -> bool:
    return isinstance(text, str) and bool(matches(text)) and not is_placeholder(text)


def _parameter(url: str, name: str) -> str:
    try:
        return parse_qs(urlsplit(url).query, max_num_fields=_MAX_PARAMETERS).get(name, [""])[0]
    except ValueError:
        return ""
