"""LinkedIn's built-in mapping. Which events it gets is in the configuration.

Source: learn.microsoft.com/linkedin/marketing/conversions/conversions-api-schema.
"""

from destinations.mapping import MappingSettings

BUILT_IN = MappingSettings.model_validate(
    {"other_events": "withhold", "fields": {"eventId": {"field": "event_id", "as": "text"}}}
)

MAPPED_FIELDS = frozenset({"conversionValue", "eventId", "user"})
"""All but the rule and the time of a conversion."""
