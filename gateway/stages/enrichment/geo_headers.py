"""The visitor's place in the headers that a CDN adds.

Anybody can send such headers. They can be believed only if a trusted proxy passed the request on,
and only those of the CDN in use, which overwrites what visitors send.

Sources: developers.cloudflare.com/rules/transform/managed-transforms/reference,
docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html,
cloud.google.com/appengine/docs/standard/reference/request-headers,
vercel.com/docs/headers/request-headers
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import Discriminator, Field, StringConstraints, Tag

from gateway.event import Received
from gateway.stages.enrichment.base import Location, PartSettings

Cdn = Literal["cloudflare", "cloudfront", "app_engine", "vercel"]
HeaderName = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9_-]{1,64}$")]

_LONGEST = 128
_CACHED = 4_096
_COUNTRY = re.compile("[A-Z]{2}")
_NOWHERE = frozenset({"XX", "ZZ", "AP"})
"""Codes that mean an unknown country; Cloudflare's T1 for Tor is not a country either. EU is kept:
it stands for some country of the European Union."""


class GeoHeaders(PartSettings):
    country: HeaderName = Field(description="Header with the ISO 3166 code of the country.")
    region: HeaderName | None = Field(
        default=None, description="Header with the code of the region."
    )
    city: HeaderName | None = Field(default=None, description="Header with the name of the city.")


_HEADERS: Mapping[Cdn, GeoHeaders] = {
    "cloudflare": GeoHeaders(country="cf-ipcountry", region="cf-region-code", city="cf-ipcity"),
    "cloudfront": GeoHeaders(
        country="cloudfront-viewer-country",
        region="cloudfront-viewer-country-region",
        city="cloudfront-viewer-city",
    ),
    "app_engine": GeoHeaders(
        country="x-appengine-country", region="x-appengine-region", city="x-appengine-city"
    ),
    "vercel": GeoHeaders(
        country="x-vercel-ip-country",
        region="x-vercel-ip-country-region",
        city="x-vercel-ip-city",
    ),
}


def _form(value: Any) -> str:
    return "names" if isinstance(value, dict | GeoHeaders) else "cdn"


HeadersSetting = Annotated[
    Annotated[Cdn, Tag("cdn")] | Annotated[GeoHeaders, Tag("names")], Discriminator(_form)
]


def names_of(setting: Cdn | GeoHeaders) -> frozenset[str]:
    """The headers that tell the place."""
    names = _names(setting)
    return frozenset(filter(None, (names.country, names.region, names.city)))


def tells_regions(setting: Cdn | GeoHeaders) -> bool:
    """Whether one of the headers is for the region."""
    return _names(setting).region is not None


def compile_headers(setting: Cdn | GeoHeaders) -> Callable[[Received], Location | None]:
    """A function from a request to the place that its headers state: empty without these headers,
    None if the CDN does not know the country or its code is invalid."""
    names = _names(setting)
    country, region, city = names.country, names.region or "", names.city or ""

    def locate(received: Received) -> Location | None:
        headers = received.headers
        code = headers.get(country)
        if code is None:
            return {}
        return _location(code, headers.get(region, ""), headers.get(city, "")) or None

    return locate


def _names(setting: Cdn | GeoHeaders) -> GeoHeaders:
    return setting if isinstance(setting, GeoHeaders) else _HEADERS[setting]


@lru_cache(_CACHED)
def _location(country: str, region: str, city: str) -> Location:
    country = country[:_LONGEST].strip().upper()
    if not _COUNTRY.fullmatch(country) or country in _NOWHERE:
        return {}
    parts = {"country": country, "region": _text(region).upper(), "city": _text(city)}
    return {name: text for name, text in parts.items() if text and text != "?"}


def _text(raw: str) -> str:
    """The text of a header: CDNs send other characters than ASCII percent-encoded or as UTF-8."""
    text = unquote(raw[:_LONGEST]).strip()
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text
