"""`campaign_details`: the event that tells GA4 which campaign brought the visitor.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4/reference/events
"""

from typing import Any

from destinations.base import Event
from destinations.ga4.identity import is_anonymous
from destinations.ga4.rules import scalar_params

_PARTS = {
    "id": "campaign_id",
    "name": "campaign",
    "source": "source",
    "medium": "medium",
    "term": "term",
    "content": "content",
}
_OF_SESSION = ("session_id", "engagement_time_msec", "debug_mode")


def campaign_details(event: Event, told: dict[str, Any]) -> dict[str, Any] | None:
    """The event that is sent before `told`, GA4's form of `event`; None if `event` is no page view,
    names no campaign, or is anonymous."""
    campaign = event.get("campaign")
    if told["name"] != "page_view" or not isinstance(campaign, dict) or is_anonymous(event):
        return None
    parts = {param: campaign[part] for part, param in _PARTS.items() if campaign.get(part)}
    params = scalar_params(parts, ())
    if not params:
        return None
    of_session = {name: told["params"][name] for name in _OF_SESSION if name in told["params"]}
    return {**told, "name": "campaign_details", "params": {**of_session, **params}}
