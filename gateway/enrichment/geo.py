"""`event_location.country`, from the visitor's address.

The country is the one that the address is allocated to, from the registries' own tables (package
iptocc): no account, no licence and no file to mount, and right for about 95 of 100 addresses.
"""

from gateway.enrichment.base import Enrichment, with_found
from gateway.event import Event, Received


def load() -> Enrichment:
    from iptocc import country_code

    def add_country(event: Event, received: Received) -> Event:
        """`event` with the country of its address; private and unknown addresses give nothing."""
        address = event.get("ip_override")
        location = event.get("event_location")
        if not address or (location and location.get("country")):
            return event
        if received.trusted and address == received.client_ip:
            return event  # a backend's own address, not the visitor's
        country = country_code(address.strip().removeprefix("::ffff:"))
        return with_found(event, "event_location", {"country": country}) if country else event

    return add_country
