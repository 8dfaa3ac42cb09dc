"""URLs of pages. Other values in their fields are not sent, because vendors would count them as
pages: placeholders of scripts, ``about:blank``, and paths without a host."""

import re

from destinations.base import Event
from destinations.placeholders import is_placeholder
from destinations.remarks import remark

_USUAL = ("https://", "http://")
_FIELDS = ("page_location", "page_referrer")
_NO_PAGES = ("about:", "javascript:")
_begins_path = re.compile(r"(?!//)(?:[^:/?#.]*[/?#]|\.)").match
"""Before the path is neither a scheme nor a dot, which may be part of a host."""


def with_urls(event: Event) -> Event:
    """`event` without a page and a referrer that are not URLs; the same object if both are."""
    page, referrer = event.get("page_location"), event.get("page_referrer")
    if (page is None or page.startswith(_USUAL)) and (
        referrer is None or referrer.startswith(_USUAL)
    ):
        return event
    wrong = [name for name in _FIELDS if event.get(name) and not _is_url(event[name])]
    for name in wrong:
        remark(f"{name}: removed because it is not the URL of a page")
    return {name: value for name, value in event.items() if name not in wrong} if wrong else event


def _is_url(text: str) -> bool:
    """Whether `text` may be the URL of a page."""
    text = text.strip()
    if is_placeholder(text) or text.lower().startswith(_NO_PAGES):
        return False
    return _begins_path(text) is None
