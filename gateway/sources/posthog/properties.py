"""Separates the properties of a message from those that PostHog's SDKs have added.

Names of the SDKs' properties begin with a dollar sign. Those without a field in the event are left
out unless they are listed here. Among them are ids, addresses and URLs, which consent would not
cover under names that only PostHog knows.

Source: the npm package posthog-js 1.449; posthog.com/docs/data/events (default properties)
"""

from collections.abc import Mapping
from typing import Any

from gateway.event import Event
from gateway.urls.page import CLICK_IDS

_KEPT = (
    "$active_feature_flags",
    "$app_",
    "$browser",
    "$device_manufacturer",
    "$device_model",
    "$device_type",
    "$el_text",
    "$event_type",
    "$exception_",
    "$feature",
    "$lib",
    "$os",
    "$prev_pageview_",
    "$survey_",
    "$timezone",
    "$web_vitals_",
)
"""Beginnings of the names that are kept unchanged."""

_TAKEN = frozenset(
    [
        *("$browser_language", "$browser_language_prefix"),
        *("$lib_custom_api_host", "$lib_rate_limit_remaining_tokens"),
        *("$prev_pageview_id", "distinct_id", "token"),
    ]
)
_CLICKS = {name.lower(): name for name in (*CLICK_IDS, "bfcid")}
"""Click ids by their names in PostHog's SDK. Only PostHog knows the last one."""


def own_properties_of(properties: Mapping[str, Any]) -> Event:
    """The `properties`, without nulls, that are kept, with their `click_ids`."""
    own: Event = {}
    clicks: Event = {}
    for name, value in properties.items():
        if name in _CLICKS:
            clicks[_CLICKS[name]] = value
        elif name not in _TAKEN and (not name.startswith("$") or name.startswith(_KEPT)):
            own[name] = value
    return {**own, "click_ids": clicks} if clicks else own


def is_campaign(name: str) -> bool:
    """Whether PostHog's SDK takes the parameter `name` from the URL."""
    return name in _CLICKS or name.startswith("utm_")
