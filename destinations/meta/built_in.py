"""Meta's built-in mapping: names of events, and fields of server events and of their custom data.

Sources: developers.facebook.com/docs/meta-pixel/reference (standard events) and
developers.facebook.com/docs/marketing-api/conversions-api/parameters (server-event, custom-data).
"""

from destinations.mapping import MappingSettings

EVENTS = {
    "page_view": "PageView",
    "gtm.dom": "PageView",
    "view_item": "ViewContent",
    "view_item_list": "ViewContent",
    "search": "Search",
    "view_search_results": "Search",
    "add_to_cart": "AddToCart",
    "add_to_wishlist": "AddToWishlist",
    "begin_checkout": "InitiateCheckout",
    "add_payment_info": "AddPaymentInfo",
    "purchase": "Purchase",
    "generate_lead": "Lead",
    "sign_up": "CompleteRegistration",
    "subscribe": "Subscribe",
    "start_trial": "StartTrial",
    "contact": "Contact",
    "customize_product": "CustomizeProduct",
    "donate": "Donate",
    "find_location": "FindLocation",
    "schedule": "Schedule",
    "submit_application": "SubmitApplication",
}
"""Meta's standard events. Every other one is a custom event."""

_TEXTS = {
    "event_id": "event_id",
    "event_source_url": "page_location",
    "referrer_url": "page_referrer",
    "messaging_channel": "messaging_channel",
    "customer_segmentation": "customer_segmentation",
    "advanced_measurement_table": "advanced_measurement_table",
    "custom_data.order_id": "transaction_id",
    "custom_data.search_string": "search_term",
    **{
        f"custom_data.{name}": name
        for name in (
            "currency",
            "content_name",
            "content_category",
            "delivery_category",
            "status",
            # Meta also accepts custom keys: the parameters of GA4's recommended events.
            "affiliation",
            "coupon",
            "creative_name",
            "creative_slot",
            "event_source",
            "item_list_id",
            "item_list_name",
            "lead_event_source",
            "lead_source",
            "lead_status",
            "method",
            "payment_type",
            "promotion_id",
            "promotion_name",
            "shipping_tier",
        )
    },
}
_NUMBERS = ("net_revenue", "num_items", "predicted_ltv", "shipping", "tax")

BUILT_IN = MappingSettings.model_validate(
    {
        "events": EVENTS,
        "other_events": "custom",
        "fields": {
            **{path: {"field": field, "as": "text"} for path, field in _TEXTS.items()},
            **{f"custom_data.{name}": {"field": name, "as": "number"} for name in _NUMBERS},
        },
    }
)

MAPPED_FIELDS = frozenset(
    {
        "action_source",
        "advanced_measurement_table",
        "app_data",
        "attribution_data",
        "custom_data",
        "customer_segmentation",
        "event_id",
        "event_source_url",
        "messaging_channel",
        "original_event_data",
        "referrer_url",
        "user_data",
    }
)
"""All except an event's name and time, and the fields that depend on a visitor's refusal."""
