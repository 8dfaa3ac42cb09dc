"""`geo`: `event_location`, from the visitor's address.

By default, this is only the country to which the registries have allocated the address (package
iptocc). That needs no account, no licence and no file, and is right for about 95 of 100 addresses.
A database file and the headers of a CDN are more accurate, and know regions and cities too. The
first that knows the country decides: the database, the CDN, the registries. If the CDN says that it
does not know the country, as for visitors of Tor, the registries are not asked.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from pydantic import Field

from gateway.event import Event, Received
from gateway.stages.enrichment.base import (
    Additions,
    Enrichment,
    Location,
    NamedFile,
    PartSettings,
    completed,
)
from gateway.stages.enrichment.geo_database import read_database
from gateway.stages.enrichment.geo_headers import HeadersSetting, compile_headers, tells_regions
from gateway.stages.enrichment.tables import Tables
from gateway.system.bounded_cache import BoundedCache

_MAX_REMEMBERED = 64

Locate = Callable[[str, Received], Location | None]
"""From the visitor's address to its place: empty if not known, None if no other locator can know
either."""


class GeoSettings(PartSettings):
    database: Path | None = Field(
        default=None,
        description="MaxMind or DB-IP database (.mmdb) of countries or cities. Relative to the "
        "configuration file; reloaded when it is replaced. Requires the extra `geo`.",
    )
    headers: HeadersSetting | None = Field(
        default=None,
        description="CDN with headers that state the visitor's place: `cloudflare`, "
        "`cloudfront`, `app_engine` or `vercel`. For another CDN, the names of its headers: "
        "`{country: ..., region: ..., city: ...}`. Headers are used only in requests through "
        "`server.trusted_proxies`.",
    )

    @property
    def can_tell_regions(self) -> bool:
        """Whether regions may be found; a database does not necessarily have them."""
        has_headers = self.headers is not None and tells_regions(self.headers)
        return self.database is not None or has_headers

    def files(self) -> Iterable[NamedFile]:
        if self.database is not None:
            yield NamedFile("database", self.database, read_database)


def load(settings: GeoSettings | None = None, tables: Tables | None = None) -> Enrichment:
    """Raises `TableMistake`."""
    settings = settings or GeoSettings()
    locators: list[Locate] = []
    if settings.database is not None:
        locators.append(_by_database(settings.database, tables or Tables()))
    if settings.headers is not None:
        locators.append(_by_headers(compile_headers(settings.headers)))
    is_precise = bool(locators)
    locators.append(_by_registries())

    def find_location(event: Event, received: Received) -> Additions:
        """The place of the address; nothing for private and unknown addresses."""
        address = event.get("ip_override")
        said = event.get("event_location") or {}
        if not address or (said.get("country") and (said.get("city") or not is_precise)):
            return {}
        if received.trusted and address == received.client_ip:
            return {}  # a backend's own address, not the visitor's
        found = _first(locators, address, received)
        if said and any(said.get(part) not in (None, "", text) for part, text in found.items()):
            found = {"country": found["country"]}  # never mix the parts of two places
        location = completed(event.get("event_location"), found) if found else None
        return {"event_location": location} if location else {}

    return find_location


def _first(locators: Iterable[Locate], address: str, received: Received) -> Location:
    for locate in locators:
        found = locate(address, received)
        if found is None:
            break
        if found:
            return found
    return {}


def _by_database(path: Path, tables: Tables) -> Locate:
    file = tables.file(path, read_database)
    return lambda address, _: file.value(address)


def _by_headers(read: Callable[[Received], Location | None]) -> Locate:
    def locate(address: str, received: Received) -> Location | None:
        believed = received.proxied and not received.trusted and address == received.client_ip
        return read(received) if believed else {}

    return locate


def _by_registries() -> Locate:
    from iptocc import country_code

    def place(address: str) -> Location:
        country = country_code(address.strip().removeprefix("::ffff:"))
        return {"country": country} if country else {}

    places = BoundedCache(place, lambda address: len(address) <= _MAX_REMEMBERED)
    return lambda address, _: places[address]
