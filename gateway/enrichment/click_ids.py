"""`click_ids`: the marks that advertising platforms leave in `page_location`."""

from gateway.enrichment.base import Enrichment, with_found
from gateway.enrichment.page_url import read_page_url
from gateway.event import Event, Received


def load() -> Enrichment:
    return add_click_ids


def add_click_ids(event: Event, _: Received) -> Event:
    """`event` with the click ids of its page's URL, by the platform's spelling of their names."""
    url = event.get("page_location")
    found = read_page_url(url).click_ids if url else None
    return with_found(event, "click_ids", found) if found else event
