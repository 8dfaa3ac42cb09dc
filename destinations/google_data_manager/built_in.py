"""Data Manager's built-in mapping. The configuration says which events Google receives.

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
"""All except an event's time, its person, and the fields that depend on a visitor's consent."""
