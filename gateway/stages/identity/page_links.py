"""The parameters with which links carry identities from one domain to the next.

They are read once and then removed from the event's URLs, so that no URL passes on what the visitor
did not allow.
"""

import re
from urllib.parse import unquote

from gateway.event import Event

GOOGLE = "_gl"
OWN = "gw_link"

_URLS = ("page_location", "page_referrer")
_GOOGLE_IS, _OWN_IS = f"{GOOGLE}=", f"{OWN}="
_ANY = f"(?:{GOOGLE}|{OWN})"
_LATER = re.compile(f"&{_ANY}=[^&#]*")
_FIRST = re.compile(f"([?#]){_ANY}=[^&#]*(&?)")
_VALUE = {name: re.compile(f"[?&#]{name}=([^&#]*)") for name in (GOOGLE, OWN)}


def link_parameter(event: Event, name: str) -> str:
    """The parameter `name`, `GOOGLE` or `OWN`, in the page's URL, decoded; "" if there is none.

    It may be in the query or in the fragment.
    """
    url = event.get("page_location", "")
    match = _VALUE[name].search(url) if f"{name}=" in url else None
    return unquote(match[1]) if match else ""


def without_links(url: str) -> str:
    """`url` without the two parameters, all else as it is written."""
    return _FIRST.sub(lambda match: match[1] if match[2] else "", _LATER.sub("", url))


def strip_links(event: Event) -> Event:
    """`event` with the parameters removed from its URLs; the same event if there are none."""
    changed = {}
    for field in _URLS:
        url = event.get(field)
        if url and (_GOOGLE_IS in url or _OWN_IS in url):
            clean = without_links(url)
            if clean != url:
                changed[field] = clean
    return {**event, **changed} if changed else event
