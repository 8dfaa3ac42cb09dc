"""`page_hostname` and `page_path`, from `page_location`."""

from gateway.enrichment.base import Enrichment
from gateway.enrichment.page_url import read_page_url
from gateway.event import Event, Received


def load() -> Enrichment:
    return add_page


def add_page(event: Event, _: Received) -> Event:
    """`event` with the host (no port) and the path (no query) of its page."""
    url = event.get("page_location")
    if not url:
        return event
    page = read_page_url(url)
    found = {"page_hostname": page.hostname, "page_path": page.path}
    new = {name: text for name, text in found.items() if text and not event.get(name)}
    return {**event, **new} if new else event
