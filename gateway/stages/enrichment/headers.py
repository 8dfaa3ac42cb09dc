"""The headers that enrichments read."""

from collections.abc import Iterable

from gateway.stages.enrichment.browser import BROWSER_HEADERS
from gateway.stages.enrichment.geo import GeoSettings
from gateway.stages.enrichment.geo_headers import names_of
from gateway.stages.enrichment.settings import ConfiguredEnrichment, EnrichmentElement
from gateway.stages.needs import Needs


def enrichment_needs(elements: Iterable[EnrichmentElement]) -> Needs:
    """What the enrichments read from a request: the headers of browsers, and those that `elements`
    configure for `geo`."""
    geo = frozenset[str]()
    for element in elements:
        settings = element.settings if isinstance(element, ConfiguredEnrichment) else None
        if isinstance(settings, GeoSettings) and settings.headers is not None:
            geo |= names_of(settings.headers)
    return Needs(frozenset(BROWSER_HEADERS) | geo)
