"""`click_ids`: the click ids of advertising platforms in `page_location`."""

from gateway.event import Event, Received
from gateway.stages.enrichment.base import Additions, Enrichment, completed
from gateway.urls.page import read_page_url


def load() -> Enrichment:
    return find_click_ids


def find_click_ids(event: Event, _: Received) -> Additions:
    """The click ids in the page's URL, under the names that the platforms use."""
    url = event.get("page_location")
    found = read_page_url(url).click_ids if url else None
    click_ids = completed(event.get("click_ids"), found) if found else None
    return {"click_ids": click_ids} if click_ids else {}
