"""Snapchat's built-in mapping: names of events, and fields of an event and of its custom data.

Snapchat accepts only certain names of events. It has none for a lead, which becomes a sign-up.

Source: developers.snap.com/api/marketing-api/Conversions-API/Parameters
"""

from destinations.mapping import MappingSettings

_SIGN_UP_METHOD = {"custom_data.sign_up_method": {"field": "method", "as": "text"}}

EVENTS = {
    "page_view": "PAGE_VIEW",
    "gtm.dom": "PAGE_VIEW",
    "view_item": "VIEW_CONTENT",
    "view_item_list": "LIST_VIEW",
    "search": "SEARCH",
    "view_search_results": "SEARCH",
    "add_to_cart": "ADD_CART",
    "add_to_wishlist": "ADD_TO_WISHLIST",
    "begin_checkout": "START_CHECKOUT",
    "add_payment_info": "ADD_BILLING",
    "purchase": "PURCHASE",
    "generate_lead": "SIGN_UP",
    "login": "LOGIN",
    "subscribe": "SUBSCRIBE",
    "start_trial": "START_TRIAL",
    "share": "SHARE",
    "tutorial_complete": "COMPLETE_TUTORIAL",
    "unlock_achievement": "ACHIEVEMENT_UNLOCKED",
    "spend_virtual_currency": "SPENT_CREDITS",
}

OTHER_NAMES = (
    *("RESERVE", "SAVE", "INVITE", "RATE", "AD_CLICK", "AD_VIEW", "LEVEL_COMPLETE"),
    *("APP_OPEN", "APP_INSTALL", *(f"CUSTOM_EVENT_{number}" for number in range(1, 6))),
)
"""Names that only events themselves or the user's mapping use."""

_TEXTS = {
    "event_id": "event_id",
    "event_source_url": "page_location",
    "custom_data.order_id": "transaction_id",
    "custom_data.search_string": "search_term",
    "custom_data.currency": "currency",
    "custom_data.content_category": "content_category",
}

BUILT_IN = MappingSettings.model_validate(
    {
        "events": {
            **EVENTS,
            "sign_up": {"name": "SIGN_UP", "fields": _SIGN_UP_METHOD},
            **{name: name for name in OTHER_NAMES},
        },
        "other_events": "withhold",
        "fields": {
            **{path: {"field": field, "as": "text"} for path, field in _TEXTS.items()},
            "custom_data.predicted_ltv": {"field": "predicted_ltv", "as": "number"},
        },
    }
)

MAPPED_FIELDS = frozenset(
    {"event_id", "event_source_url", "integration", "user_data", "custom_data", "app_data"}
)
"""All except an event's name, time and place, and fields that depend on a visitor's refusal."""
