"""X's built-in mapping. The configuration says which events X receives.

Source: docs.x.com/x-ads-api/measurement/web-conversions, and the mapping of X's own tag in
docs.x.com/x-ads-api/measurement/gtm-server-side.
"""

from destinations.mapping import MappingSettings

_TEXTS = {
    "conversion_id": "event_id",
    "event_source_url": "page_location",
    "search_string": "search_term",
    "description": "description",
}

BUILT_IN = MappingSettings.model_validate(
    {
        "other_events": "withhold",
        "fields": {path: {"field": field, "as": "text"} for path, field in _TEXTS.items()},
    }
)

MAPPED_FIELDS = frozenset({*_TEXTS, "contents", "number_items", "price_currency", "value"})
"""All except the event id, the time and the identifiers of a conversion."""
