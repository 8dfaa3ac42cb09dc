"""`channel_group`: GA4's default channel group, for events at the beginning of a visit.

Sources of the rules: support.google.com/analytics/answer/9756891, and for AI assistants
support.google.com/analytics/answer/9164320 (13 May 2026).
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from gateway.event import Event, Received
from gateway.stages.enrichment.base import Additions, Enrichment
from gateway.stages.enrichment.known_sites import find_site

_LONGEST = 256
_CACHED = 4_096

_PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*", re.DOTALL)
_SHOP = re.compile(r".*(([^a-df-z]|^)shop|shopping).*", re.DOTALL)
_EMAIL = re.compile(r"e[-_ ]?mail")

_DISPLAY = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
_SOCIAL = frozenset(
    {"social", "social-network", "social-media", "sm", "social network", "social media"}
)
_REFERRAL = frozenset({"referral", "app", "link"})
_NO_MEDIUM = frozenset({"", "(none)", "(not set)"})
_PAID_CHANNELS = {
    "shopping": "Paid Shopping",
    "search": "Paid Search",
    "social": "Paid Social",
    "video": "Paid Video",
}


class Traffic(NamedTuple):
    """Where a visit comes from; a part that is not known is empty."""

    source: str = ""
    medium: str = ""
    campaign: str = ""


_BY_CLICK_ID = {
    **dict.fromkeys(("gclid", "wbraid", "gbraid"), Traffic("google", "cpc")),
    "dclid": Traffic("google", "display"),
    "msclkid": Traffic("bing", "cpc"),
}
"""Click ids of paid clicks. Others, such as fbclid, are added to every link of a site."""


def load() -> Enrichment:
    return find_channel_group


def find_channel_group(event: Event, received: Received) -> Additions:
    """The channel group, if the event shows where the visitor came from.

    The first of these decides: the source or medium of the campaign, the id of a paid click, the
    site that `referrer` found. A page without a referrer is Direct. Later pages of a visit, whose
    referrer is the site itself, get no group. Nor do events of backends without campaign, click id
    and referrer, since a backend may not know where the visit came from.
    """
    if event.get("channel_group") not in (None, ""):
        return {}
    traffic = _traffic(event, received)
    return {"channel_group": channel_group(traffic)} if traffic is not None else {}


def _traffic(event: Event, received: Received) -> tuple[str, str, str] | None:
    """The parts of a `Traffic`; a plain tuple is made in a fraction of its time."""
    campaign = event.get("campaign")
    name = ""
    if campaign and isinstance(campaign, dict):
        source, medium = _text(campaign.get("source")), _text(campaign.get("medium"))
        name = _text(campaign.get("name"))
        if source or medium:
            return source, medium, name
    if click_ids := event.get("click_ids"):
        for click_id, traffic in _BY_CLICK_ID.items():
            if click_ids.get(click_id):
                return traffic._replace(campaign=name) if name else traffic
    if event.get("page_referrer"):
        return _referred(event.get("referrer"), name)
    is_page = event.get("page_location") and not (received.trusted or received.backend)
    return ("", "", name) if is_page else None


def _referred(referrer: Any, campaign: str) -> tuple[str, str, str] | None:
    if not referrer or not isinstance(referrer, dict):
        return None
    source, kind = _text(referrer.get("hostname") or referrer.get("source")), referrer.get("type")
    if kind == "ai_assistant":
        return source, "ai-assistant", campaign or "(ai-assistant)"
    medium = {"search": "organic", "email": "email"}.get(_text(kind), "referral")
    return source, medium, campaign


def _text(value: object) -> str:
    return value[:_LONGEST] if isinstance(value, str) else ""


@lru_cache(_CACHED)
def channel_group(traffic: tuple[str, str, str]) -> str:
    """The channel group of `traffic`, the parts of a `Traffic`, by GA4's first matching rule."""
    source, medium, campaign = (part.strip().lower() for part in traffic)
    if source in ("", "(direct)") and medium in _NO_MEDIUM:
        return "Direct"
    if "cross-network" in campaign:
        return "Cross-network"
    site = find_site(source)
    kind = site.kind if site else ""
    if _SHOP.fullmatch(campaign):
        kind = "shopping"
    paid = _paid(kind, medium)
    return paid or _unpaid(kind, source, medium) or "Unassigned"


def _paid(kind: str, medium: str) -> str:
    is_paid = _PAID.fullmatch(medium)
    if is_paid and kind in _PAID_CHANNELS:
        return _PAID_CHANNELS[kind]
    if medium in _DISPLAY:
        return "Display"
    return "Paid Other" if is_paid else ""


def _unpaid(kind: str, source: str, medium: str) -> str:
    if kind == "ai_assistant" or medium == "ai-assistant":
        return "AI Assistant"
    if kind == "shopping":
        return "Organic Shopping"
    if kind == "social" or medium in _SOCIAL:
        return "Organic Social"
    if kind == "video" or "video" in medium:
        return "Organic Video"
    if kind == "search" or medium == "organic":
        return "Organic Search"
    if medium in _REFERRAL:
        return "Referral"
    if _EMAIL.search(source) or _EMAIL.search(medium):
        return "Email"
    if medium == "affiliate":
        return "Affiliates"
    if medium == "audio":
        return "Audio"
    if "sms" in (source, medium):
        return "SMS"
    if medium.endswith("push") or "mobile" in medium or "notification" in medium:
        return "Mobile Push Notifications"
    return "Mobile Push Notifications" if source == "firebase" else ""
