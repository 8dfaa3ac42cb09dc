"""`language`: the visitor's language, from the header Accept-Language if the event has none.

Source: RFC 9110, 12.4 and 12.5.4
"""

import re
from functools import lru_cache

from gateway.event import Event, Received
from gateway.stages.enrichment.base import Additions, Enrichment

LANGUAGE_HEADER = "accept-language"

_LONGEST = 256
_CACHED = 4_096

_RANGE = re.compile(
    r"\s*(?P<tag>[a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q=(?P<weight>[01](?:\.[0-9]{0,3})?)\s*)?",
    re.IGNORECASE,
)


def load() -> Enrichment:
    return find_language


def find_language(event: Event, received: Received) -> Additions:
    """The language that the browser likes best, in lower case as GA4 has it."""
    if (
        event.get("language") or received.trusted or received.backend
    ):  # a backend's headers are not the visitor's
        return {}
    header = received.headers.get(LANGUAGE_HEADER)
    language = favourite(header[:_LONGEST]) if header else ""
    return {"language": language} if language else {}


@lru_cache(_CACHED)
def favourite(header: str) -> str:
    """The language of the highest weight in `header`, of several the first; "" if there is none."""
    best, highest = "", 0.0
    for part in header.split(","):
        if found := _RANGE.fullmatch(part):
            weight = min(float(found["weight"] or 1), 1.0)
            if weight > highest:
                best, highest = found["tag"].lower(), weight
    return best
