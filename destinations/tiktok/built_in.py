"""TikTok's built-in mapping: names of events, and fields of an event and of its properties.

Sources: business-api.tiktok.com/portal/docs?id=1771101303285761 (events, properties, page), and the
names of standard events since May 2025
(ads.tiktok.com/help/article/how-to-adopt-tiktoks-updated-standard-events).
"""

from destinations.mapping import MappingSettings

EVENTS = {
    "page_view": "Pageview",
    "gtm.dom": "Pageview",
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
    "file_download": "Download",
    "customize_product": "CustomizeProduct",
    "find_location": "FindLocation",
    "schedule": "Schedule",
    "submit_application": "SubmitApplication",
}

PURCHASES = ("Purchase", "CompletePayment")
"""TikTok's name for a purchase, and the former one, which TikTok converts to it."""

_FORMER = ("CompletePayment", "SubmitForm", "PlaceAnOrder", "ClickButton")
"""Standard events until May 2025. TikTok converts the first two, and takes the others until
2027."""

STANDARD_EVENTS = frozenset([*EVENTS.values(), *_FORMER, "ApplicationApproval"])
"""All names that an offline event source accepts. Other sources also accept custom names."""

_TEXTS = {
    "event_id": "event_id",
    "page.url": "page_location",
    "page.referrer": "page_referrer",
    "properties.order_id": "transaction_id",
    "properties.search_string": "search_term",
    **{
        f"properties.{name}": name
        for name in ("currency", "description", "shop_id", "customer_type")
    },
}

BUILT_IN = MappingSettings.model_validate(
    {
        "events": EVENTS,
        "other_events": "custom",
        "fields": {path: {"field": field, "as": "text"} for path, field in _TEXTS.items()},
    }
)

MAPPED_FIELDS = frozenset({"event_id", "user", "properties", "page", "app", "ad", "lead"})
"""All except an event's name and time, and the fields that depend on a visitor's refusal."""
