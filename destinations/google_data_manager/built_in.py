"""Data Manager's built-in mapping. Which events it gets is in the configuration.

Source: developers.google.com/data-manager/api/reference/rest/v1/events/ingest (Event).
"""

from destinations.mapping import MappingSettings

BUILT_IN = MappingSettings.model_validate({"other_events": "withhold"})

MAPPED_FIELDS = frozenset(
    {
        "adIdentifiers",
        "cartData",
        "conversionCount",
        "conversionValue",
        "currency",
        "customVariables",
        "eventDeviceInfo",
        "eventLocation",
        "eventSource",
        "lastUpdatedTimestamp",
        "transactionId",
        "userProperties",
    }
)
"""All but the time of an event, its person, and what a visitor's consent decides."""
