"""`campaign`: how the visitor was brought here, from the parameters of `page_location`."""

from gateway.enrichment.base import Enrichment
from gateway.enrichment.page_url import read_page_url
from gateway.event import Event, Received


def load() -> Enrichment:
    return add_campaign


def add_campaign(event: Event, _: Received) -> Event:
    """`event` with the campaign of its page's URL.

    A campaign that the event states is left whole: parts of two would describe neither.
    """
    url = event.get("page_location")
    if not url or event.get("campaign") not in (None, {}):
        return event
    campaign = read_page_url(url).campaign
    return {**event, "campaign": {**campaign}} if campaign else event
