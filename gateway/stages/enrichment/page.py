"""`page_hostname` and `page_path`, from `page_location`."""

from gateway.event import Event, Received
from gateway.stages.enrichment.base import Additions, Enrichment
from gateway.urls.page import read_page_url


def load() -> Enrichment:
    return find_page


def find_page(event: Event, _: Received) -> Additions:
    """The host (no port) and the path (no query) of the page."""
    new: Additions = {}
    if url := event.get("page_location"):
        page = read_page_url(url)
        if page.hostname and not event.get("page_hostname"):
            new["page_hostname"] = page.hostname
        if page.path and not event.get("page_path"):
            new["page_path"] = page.path
    return new
