"""LinkedIn's built-in mapping. The configuration says which events LinkedIn receives.

Source: learn.microsoft.com/linkedin/marketing/conversions/conversions-api-schema.
"""

from destinations.mapping import MappingSettings

BUILT_IN = MappingSettings.model_validate(
    {"other_events": "withhold", "fields": {"eventId": {"field": "event_id", "as": "text"}}}
)

MAPPED_FIELDS = frozenset({"conversionValue", "eventId", "user"})
"""All except the rule and the time of a conversion."""
