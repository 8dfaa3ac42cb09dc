"""Pinterest's built-in mapping: names of events, and fields of events and of their custom data.

Sources: developers.pinterest.com/docs/conversions/event and github.com/pinterest/api-description,
5.23.0 (ConversionEventsData).
"""

from destinations.mapping import MappingSettings

EVENTS = {
    "page_view": "page_visit",
    "gtm.dom": "page_visit",
    "view_item": "view_content",
    "view_item_list": "view_category",
    "search": "search",
    "view_search_results": "search",
    "add_to_cart": "add_to_cart",
    "add_to_wishlist": "add_to_wishlist",
    "begin_checkout": "initiate_checkout",
    "add_payment_info": "add_payment_info",
    "purchase": "checkout",
    "generate_lead": "lead",
    "sign_up": "signup",
    "subscribe": "subscribe",
    "start_trial": "start_trial",
    "contact": "contact",
    "customize_product": "customize_product",
    "find_location": "find_location",
    "schedule": "schedule",
    "app_install": "app_install",
    "app_open": "app_open",
    "video_start": "watch_video",
}

STANDARD = frozenset(EVENTS.values()) | {"custom"}
"""Names that Pinterest knows."""

_TEXTS = {
    "event_id": "event_id",
    "event_source_url": "page_location",
    "app_id": "app.namespace",
    "app_name": "app.name",
    "app_version": "app.version",
    "device_brand": "device.brand",
    "device_model": "device.model",
    "device_type": "device.category",
    "os_version": "device.operating_system_version",
    "custom_data.order_id": "transaction_id",
    "custom_data.search_string": "search_term",
    **{
        f"custom_data.{name}": name
        for name in (
            "currency",
            "content_name",
            "content_category",
            "content_brand",
            "predicted_ltv",
        )
    },
}

BUILT_IN = MappingSettings.model_validate(
    {
        "events": EVENTS,
        "other_events": "custom",
        "fields": {path: {"field": field, "as": "text"} for path, field in _TEXTS.items()},
    }
)

MAPPED_FIELDS = frozenset(
    {
        "action_source",
        "app_id",
        "app_name",
        "app_version",
        "custom_data",
        "device_brand",
        "device_carrier",
        "device_model",
        "device_type",
        "event_id",
        "event_source_url",
        "language",
        "os_version",
        "user_data",
        "wifi",
    }
)
"""All except an event's name and time, and the fields that depend on a visitor's refusal. Pinterest
refuses unknown fields."""
