"""OpenAI's built-in mapping: names of events, the form of their data, and fields of events.

Sources: developers.openai.com/ads/conversions-api and /ads/supported-events.
"""

from collections.abc import Mapping
from typing import Literal

from destinations.mapping import MappingSettings

DataType = Literal["contents", "customer_action", "plan_enrollment", "custom"]

CUSTOM = "custom"
ORDER = "order_created"

EVENTS = {
    "page_view": "page_viewed",
    "gtm.dom": "page_viewed",
    "view_item": "contents_viewed",
    "add_to_cart": "items_added",
    "begin_checkout": "checkout_started",
    "purchase": ORDER,
    "generate_lead": "lead_created",
    "sign_up": "registration_completed",
    "subscribe": "subscription_created",
    "start_trial": "trial_started",
}

OF_APPS = frozenset({"app_installed", "app_opened"})
"""Events that OpenAI accepts only with the ``action_source`` ``mobile_app``."""

DATA_TYPES: Mapping[str, DataType] = {
    **dict.fromkeys(("page_viewed", "contents_viewed", "items_added"), "contents"),
    **dict.fromkeys(("checkout_started", ORDER), "contents"),
    **dict.fromkeys(("lead_created", "registration_completed"), "customer_action"),
    **dict.fromkeys(("appointment_scheduled", *OF_APPS), "customer_action"),
    **dict.fromkeys(("subscription_created", "trial_started"), "plan_enrollment"),
}
"""The form of ``data``, by OpenAI's standard names. Every other event is a custom one."""

_TEXTS = {"id": "event_id", "source_url": "page_location"}

BUILT_IN = MappingSettings.model_validate(
    {
        "events": EVENTS,
        "other_events": "custom",
        "fields": {path: {"field": field, "as": "text"} for path, field in _TEXTS.items()},
    }
)

MAPPED_FIELDS = frozenset({"id", "source_url", "oppref", "user", "data"})
"""All except an event's name, time and place, and fields that depend on a visitor's refusal."""
