"""`language`: the visitor's language, from the header Accept-Language if the event has none."""

from gateway.event import Event, Received
from gateway.stages.enrichment.base import Additions, Enrichment
from gateway.stages.enrichment.browser import browser_of


def load() -> Enrichment:
    return find_language


def find_language(event: Event, received: Received) -> Additions:
    """The language that the browser prefers, in lower case as in GA4."""
    # a backend's headers are not the visitor's
    if event.get("language") or received.trusted or received.backend:
        return {}
    language = browser_of(received).language
    return {"language": language} if language else {}
