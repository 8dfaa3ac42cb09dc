"""`campaign`: the campaign of the visit, from the parameters of `page_location`."""

from gateway.event import Event, Received
from gateway.stages.enrichment.base import Additions, Enrichment
from gateway.urls.page import read_page_url


def load() -> Enrichment:
    return find_campaign


def find_campaign(event: Event, _: Received) -> Additions:
    """The campaign of the page's URL.

    A campaign that the event states is not completed: a mix of two would describe neither.
    """
    url = event.get("page_location")
    campaign = read_page_url(url).campaign if url else None
    if not campaign or event.get("campaign") not in (None, {}):
        return {}
    return {"campaign": {**campaign}}
