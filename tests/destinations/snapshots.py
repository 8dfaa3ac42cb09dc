"""The requests of all destinations for GA4's recommended events, as files to review.

    python -m tests.destinations.snapshots

writes them again; review the changes before you commit them. Each file has one event as a sender
states it, and for each destination the request, or why there is none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson

from destinations.base import Destination, Unsendable
from destinations.ga4 import GA4, GA4Settings
from destinations.google_data_manager import GoogleDataManager, GoogleDataManagerSettings
from destinations.linkedin import LinkedIn, LinkedInSettings
from destinations.meta import Meta, MetaSettings
from destinations.microsoft_uet import MicrosoftUET, MicrosoftUETSettings
from destinations.openai_ads import OpenAIAds, OpenAIAdsSettings
from destinations.pinterest import Pinterest, PinterestSettings
from destinations.reddit import Reddit, RedditSettings
from destinations.snapchat import Snapchat, SnapchatSettings
from destinations.tiktok import TikTok, TikTokSettings
from destinations.webhook import Webhook, WebhookSettings
from destinations.x import X, XSettings
from gateway.event import read_event

EXAMPLES = Path(__file__).parents[1] / "fixtures" / "events"
FILES = Path(__file__).with_name("snapshots")
HAPPENED = 1795219200.5
NOW = HAPPENED + 59.5

EVENTS = (
    *("add_payment_info", "add_shipping_info", "add_to_cart", "add_to_wishlist", "begin_checkout"),
    *("generate_lead", "login", "purchase", "refund", "remove_from_cart", "search", "select_item"),
    *("select_promotion", "sign_up", "view_cart", "view_item", "view_item_list", "view_promotion"),
)
"""Source: developers.google.com/analytics/devguides/collection/ga4/reference/events"""

CONVERSIONS = {"events": {name: f"{place}" for place, name in enumerate(EVENTS, 100_000)}}

DESTINATIONS: dict[str, Destination[Any]] = {
    "meta": Meta(MetaSettings(pixel_id="1234567890", access_token="TOKEN", phone_region="DE")),
    "ga4": GA4(GA4Settings(measurement_id="G-TEST000001", api_secret="SECRET", phone_region="DE")),
    "ga4_gtag": GA4(GA4Settings(measurement_id="G-TEST000001", transport="gtag")),
    "ga4_data_manager": GA4(
        GA4Settings(
            measurement_id="G-TEST000001",
            transport="data_manager",
            property_id="123456789",
            credential="google",
            phone_region="DE",
        )
    ),
    "pinterest": Pinterest(
        PinterestSettings(ad_account_id="549", access_token="TOKEN", phone_region="DE")
    ),
    "openai_ads": OpenAIAds(OpenAIAdsSettings(pixel_id="px_1", api_key="TOKEN", phone_region="DE")),
    "reddit": Reddit(RedditSettings(pixel_id="t2_abc", access_token="TOKEN", phone_region="DE")),
    "snapchat": Snapchat(
        SnapchatSettings(pixel_id="0a1b2c3d", access_token="TOKEN", phone_region="DE")
    ),
    "tiktok": TikTok(
        TikTokSettings(event_source_id="CPIX1", access_token="TOKEN", phone_region="DE")
    ),
    "google_data_manager": GoogleDataManager(
        GoogleDataManagerSettings(
            credential="google", account_id="1234567890", phone_region="DE", mapping=CONVERSIONS
        )
    ),
    "linkedin": LinkedIn(LinkedInSettings(access_token="TOKEN", mapping=CONVERSIONS)),
    "microsoft_uet": MicrosoftUET(
        MicrosoftUETSettings(tag_id="12345678", api_token="TOKEN", phone_region="DE")
    ),
    "x": X(
        XSettings(pixel_id="oabc1", pixel_token="TOKEN", phone_region="DE", mapping=CONVERSIONS)
    ),
    "webhook": Webhook(WebhookSettings(url="https://receiver.example/events")),
}


def snapshot(name: str) -> str:
    """The contents of the file for the event `name`."""
    raw = json.loads((EXAMPLES / f"{name}.json").read_bytes()) | {"timestamp": HAPPENED}
    event = read_event(raw)
    requests = {kind: _request(each, event) for kind, each in DESTINATIONS.items()}
    shown = {"event": raw, "requests": requests}
    return json.dumps(shown, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _request(destination: Destination[Any], event: dict[str, Any]) -> dict[str, Any]:
    if destination.mapper.withholds(event):
        return {"withheld": "the mapping does not name it"}
    (request,) = destination.requests([event], NOW)
    if isinstance(request, Unsendable):
        return {"unsendable": request.reason}
    headers = dict(request.headers)
    is_json = headers["content-type"] == "application/json"
    body = orjson.loads(request.body) if is_json else request.body.decode()
    return {"method": request.method, "url": request.url, "headers": headers, "body": body}


def main() -> None:
    FILES.mkdir(exist_ok=True)
    for name in EVENTS:
        (FILES / f"{name}.json").write_text(snapshot(name), encoding="utf-8")


if __name__ == "__main__":
    main()
