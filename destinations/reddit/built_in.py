"""Reddit's built-in mapping: names of events, and fields of events.

Sources: ads-api.reddit.com/docs (version 3) and github.com/reddit/reddit-ss-gtm-template.
"""

from destinations.mapping import MappingSettings

CUSTOM = "CUSTOM"

EVENTS = {
    "page_view": "PAGE_VISIT",
    "gtm.dom": "PAGE_VISIT",
    "view_item": "VIEW_CONTENT",
    "search": "SEARCH",
    "view_search_results": "SEARCH",
    "add_to_cart": "ADD_TO_CART",
    "add_to_wishlist": "ADD_TO_WISHLIST",
    "purchase": "PURCHASE",
    "generate_lead": "LEAD",
    "sign_up": "SIGN_UP",
}

STANDARD = frozenset(EVENTS.values())
"""Reddit's standard names. Every other event is a custom one."""

WITH_COUNT = frozenset({"PURCHASE", "ADD_TO_CART", "ADD_TO_WISHLIST", CUSTOM})
WITH_VALUE = WITH_COUNT | {"LEAD", "SIGN_UP"}
"""Events that may have ``item_count``, and those that may have ``value`` and ``currency``."""

BUILT_IN = MappingSettings.model_validate(
    {
        "events": EVENTS,
        "other_events": "custom",
        "fields": {"event_source_url": {"field": "page_location", "as": "text"}},
    }
)

MAPPED_FIELDS = frozenset({"action_source", "click_id", "event_source_url", "metadata", "user"})
"""All except the type and the time of an event."""
