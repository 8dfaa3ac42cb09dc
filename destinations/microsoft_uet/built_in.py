"""Microsoft's built-in mapping: types of pages, and fields of events.

Source: learn.microsoft.com/advertising/guides/uet-conversion-api-integration.
"""

from destinations.mapping import MappingSettings

PAGE_LOAD = "pageLoad"
"""The name of a page view. All other events are custom events, for goals that have their name as
action."""

_PAGE_TYPES = {
    "view_item": "product",
    "view_item_list": "category",
    "search": "searchresults",
    "view_search_results": "searchresults",
    "add_to_cart": "cart",
    "view_cart": "cart",
    "begin_checkout": "cart",
    "purchase": "purchase",
    **dict.fromkeys(
        (
            "add_to_wishlist",
            "add_shipping_info",
            "add_payment_info",
            "generate_lead",
            "sign_up",
            "login",
            "subscribe",
            "start_trial",
            "contact",
        ),
        "other",
    ),
}
"""``pageType`` by the name of the event, for dynamic remarketing."""

_TEXTS = {
    "eventId": "event_id",
    "eventSourceUrl": "page_location",
    "referrerUrl": "page_referrer",
    "pageTitle": "page_title",
    "pageLoadId": "page_load_id",
    "keywords": "keywords",
    "customData.currency": "currency",
    "customData.transactionId": "transaction_id",
    "customData.searchTerm": "search_term",
    "customData.eventCategory": "event_category",
    "customData.eventLabel": "event_label",
}

BUILT_IN = MappingSettings.model_validate(
    {
        "events": {
            "page_view": PAGE_LOAD,
            "gtm.dom": PAGE_LOAD,
            **{
                event: {"fields": {"customData.pageType": page_type}}
                for event, page_type in _PAGE_TYPES.items()
            },
        },
        "other_events": "custom",
        "fields": {
            **{path: {"field": field, "as": "text"} for path, field in _TEXTS.items()},
            "customData.eventValue": {"field": "event_value", "as": "number"},
        },
    }
)

MAPPED_FIELDS = frozenset(
    {
        "customData",
        "eventId",
        "eventSourceUrl",
        "keywords",
        "pageLoadId",
        "pageTitle",
        "referrerUrl",
        "userData",
    }
)
"""All except the name, the type, the time and the consent of an event."""
