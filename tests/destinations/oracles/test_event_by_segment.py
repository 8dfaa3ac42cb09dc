"""We send vendors the same as Segment's destinations, for the same messages.

We send everything that Segment sends, with the same values, except for `DIFFERENT`. `RICHER` lists
what we send in addition. A path ends in ``[]`` where it stands for every element of a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from destinations.base import Destination, Request
from destinations.ga4 import GA4, GA4Settings
from destinations.meta import Meta, MetaSettings
from destinations.pinterest import Pinterest, PinterestSettings
from destinations.reddit import Reddit, RedditSettings
from destinations.snapchat import Snapchat, SnapchatSettings
from destinations.tiktok import TikTok, TikTokSettings
from gateway.event import read_event
from gateway.sources.base import Inbound
from gateway.sources.segment import Segment
from gateway.sources.segment.source import SegmentSettings
from tests.destinations.oracles.node import Node

HAPPENED = "2026-11-20T12:00:00.000Z"
SECONDS = int(datetime.fromisoformat(HAPPENED).timestamp())
SOURCE = Segment(SegmentSettings(type="segment", write_keys=["KEY"]))
META = Meta(MetaSettings(pixel_id="1", access_token="t"))
GA4_ = GA4(GA4Settings(measurement_id="G-1", api_secret="s"))
PINTEREST = Pinterest(PinterestSettings(ad_account_id="1", access_token="t"))
REDDIT = Reddit(RedditSettings(pixel_id="t2_1", access_token="t"))
SNAPCHAT = Snapchat(SnapchatSettings(pixel_id="1", access_token="t"))
TIKTOK = TikTok(TikTokSettings(event_source_id="1", access_token="t"))

CONTENTS = "developers.facebook.com/docs/marketing-api/conversions-api/parameters/custom-data"
GA4_EVENTS = "developers.google.com/analytics/devguides/collection/protocol/ga4/reference/events"
PIN = "developers.pinterest.com/docs/conversions/event"
REDDIT_3 = "github.com/reddit/reddit-ss-gtm-template"
SNAP = "developers.snap.com/api/marketing-api/Conversions-API"
TIKTOK_PAGE = "business-api.tiktok.com/portal/docs?id=1771101303285761"
GA4_REFERENCE = "developers.google.com/analytics/devguides/collection/protocol/ga4/reference"

DIFFERENT = {
    ("meta", "*", "event_time"): "Unix seconds by .../parameters/server-event; theirs is a text",
    ("meta", "addToCart", "custom_data.value"): "the message says the value; theirs is the price",
    ("meta", "viewContent", "custom_data.value"): "the message says the value; theirs is the price",
    ("ga4", "*", "client_id"): f"{GA4_REFERENCE}: a browser; theirs is the user",
    ("ga4", "*", "timestamp_micros"): "each event has its own, for a request carries several",
    ("pinterest", "*", "partner_name"): "Segment is the partner there",
    ("pinterest", "*", "app_name"): "their form asks for one; a website has none",
    ("pinterest", "*", "opt_out"): f"{PIN}: only of visitors who opted out; theirs is of everybody",
    ("pinterest", "*", "custom_data.value"): f"{PIN}: a text of an amount; theirs has one decimal",
    ("pinterest", "*", "custom_data.contents[].item_price"): "as custom_data.value",
    ("reddit", "*", "event_at"): f"{REDDIT_3}: milliseconds; theirs is the text of version 2",
    ("reddit", "*", "type.tracking_type"): f"{REDDIT_3}: names of version 3",
    ("reddit", "*", "metadata.conversion_id"): "as the pixel sends it; theirs is hashed",
    ("reddit", "*", "user.ip_address"): f"{REDDIT_3}: as it is; theirs is hashed",
    ("snapchat", "*", "event_time"): f"{SNAP}/UsingTheAPI: seconds",
    ("snapchat", "*", "action_source"): f"{SNAP}/UsingTheAPI: WEB",
    ("snapchat", "*", "integration"): "it names the integration, which is Segment's there",
    ("snapchat", "*", "custom_data.num_items"): "the number of products, as in the Snap Pixel; "
    "theirs is the number of lines",
    ("tiktok", "*", "limited_data_use"): "false is the same as none",
    ("tiktok", "*", "user.email[]"): f"{TIKTOK_PAGE}: trimmed",
    ("tiktok", "*", "user.state"): "one form for all spellings of a state",
    ("ga4", "purchase", "events[].params.value"): f"{GA4_EVENTS}: without tax and shipping",
}
"""By destination, action and path: why ours is right."""

_PERSON = "user_data.country"
_CONTENT = ("title", "brand", "category")
_ITEM = ("sku", "url", "index")
_GA4_PARAMS = ("event_id", "page_location", "page_referrer", "page_title", "language", "total")
RICHER = {
    "meta": {
        "referrer_url",
        _PERSON,
        "custom_data.content_ids[]",
        *(f"custom_data.{name}" for name in ("content_type", "content_name", "content_category")),
        *(f"custom_data.{name}" for name in ("num_items", "order_id", "shipping", "tax")),
        *(f"custom_data.contents[].{name}" for name in _CONTENT),
    },
    "ga4": {
        *("user_id", "ip_override", "user_agent"),
        *("user_data.sha256_email_address[]", "user_data.sha256_phone_number[]"),
        *(f"user_data.address[].sha256_{name}" for name in ("first_name", "last_name")),
        *(f"user_data.address[].{name}" for name in ("city", "region", "postal_code", "country")),
        "events[].timestamp_micros",
        *(f"events[].params.{name}" for name in _GA4_PARAMS),
        *(f"events[].params.items[].{name}" for name in _ITEM),
    },
    "pinterest": {
        *(f"user_data.{name}" for name in ("em", "ph", "db", "fn", "ln", "external_id")),
        *(f"user_data.{name}" for name in ("ct", "country", "st", "zp")),
        *("language", "custom_data.content_name", "custom_data.content_category"),
        *("custom_data.content_brand", "custom_data.search_string", "custom_data.value"),
        *(f"custom_data.contents[].{name}" for name in ("item_name", "item_brand")),
        *("custom_data.contents[].item_category", "custom_data.content_ids[]"),
        "custom_data.num_items",
    },
    "reddit": {
        *("action_source", "event_source_url", "metadata.item_count", "metadata.value"),
        *(f"metadata.products[].{name}" for name in ("id", "name", "category")),
    },
    "snapchat": {
        *(f"user_data.{name}" for name in ("em", "ph", "fn", "ln")),
        *("user_data.ct", "user_data.country", "user_data.st", "user_data.zp"),
        *(f"custom_data.{name}[]" for name in ("content_ids", "brands", "content_category")),
        *(f"custom_data.contents[].{name}" for name in ("id", "quantity", "item_price", "brand")),
        *("custom_data.value", "custom_data.search_string"),
    },
    "tiktok": {
        "properties.content_ids[]",
        "properties.num_items",
        "user.country",
        "user.city",
        *(f"user.{name}" for name in ("first_name", "last_name", "zip_code")),
    },
}
"""Paths that Segment does not send."""

amounts = st.integers(1, 100_000).map(lambda cents: cents / 100)
products = st.fixed_dictionaries(
    {
        "product_id": st.sampled_from(["1", "SKU-2", "Ünï 3"]),
        "price": amounts,
        "quantity": st.integers(1, 9),
    },
    optional={
        "name": st.sampled_from(["Linen shirt", "Socken, größer"]),
        "brand": st.just("Fjord"),
        "category": st.just("Shirts"),
        "variant": st.just("white"),
        "coupon": st.just("HELLO10"),
        "sku": st.just("S-1"),
        "url": st.just("https://shop.example/1"),
    },
)
traits = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["ada@example.com", " Ada@Example.com"]),
        "phone": st.sampled_from(["+49 30 1234567", "+1 650 555 1212"]),
        "firstName": st.sampled_from(["Ada", "Anne Marie", "Jürgen"]),
        "lastName": st.sampled_from(["Lovelace", "van der Berg"]),
        "birthday": st.just("19901231"),
        "address": st.fixed_dictionaries(
            {"city": st.sampled_from(["New York", "Berlin"]), "country": st.just("US")},
            optional={
                "state": st.sampled_from(["California", "NY"]),
                "postalCode": st.just("94035"),
            },
        ),
    },
)
money = {"currency": st.sampled_from(["EUR", "USD"])}
lists = {"products": st.lists(products, min_size=1, max_size=3)}
orders = {"order_id": st.just("o-1"), "revenue": amounts, "tax": amounts, "shipping": amounts}


@st.composite
def orders_completed(draw: st.DrawFn) -> dict[str, Any]:
    order = draw(st.fixed_dictionaries(orders | money | lists))
    total = order["revenue"] + order["tax"] + order["shipping"]
    return {**order, "total": round(total, 2)}


@st.composite
def of_one_product(draw: st.DrawFn) -> dict[str, Any]:
    return {**draw(products), **draw(st.fixed_dictionaries(money | {"value": amounts}))}


MESSAGES = {
    "purchase": ("Order Completed", orders_completed()),
    "addToCart": ("Product Added", of_one_product()),
    "viewContent": ("Product Viewed", of_one_product()),
    "initiateCheckout": (
        "Checkout Started",
        st.fixed_dictionaries(money | lists | {"revenue": amounts}),
    ),
    "viewItem": ("Product Viewed", of_one_product()),
    "beginCheckout": (
        "Checkout Started",
        st.fixed_dictionaries(money | lists | {"value": amounts}),
    ),
    "search": ("Products Searched", st.fixed_dictionaries({"query": st.just("shirt")})),
}
"""By Segment's action: the event's name, and its properties."""

CASES = [
    *(("meta", name) for name in ("purchase", "addToCart", "viewContent", "initiateCheckout")),
    *(("ga4", name) for name in ("purchase", "addToCart", "viewItem", "beginCheckout", "search")),
    *(("pinterest", name) for name in ("purchase", "addToCart", "search")),
    *(("reddit", name) for name in ("purchase", "addToCart", "search")),
    *(("snapchat", name) for name in ("purchase", "addToCart", "search")),
    *(("tiktok", name) for name in ("purchase", "addToCart", "viewContent")),
]
OURS: dict[str, Destination[Any]] = {
    "meta": META,
    "ga4": GA4_,
    "pinterest": PINTEREST,
    "reddit": REDDIT,
    "snapchat": SNAPCHAT,
    "tiktok": TIKTOK,
}
ONE_ACTION = {
    "pinterest": "reportConversionEvent",
    "reddit": "standardEvent",
    "snapchat": "reportConversionEvent",
    "tiktok": "reportWebEvent",
}
"""Segment's destinations that send every event with one action, whose mapping names the event."""

_NAMES = {
    "pinterest": {"purchase": "checkout", "addToCart": "add_to_cart", "search": "search"},
    "reddit": {"purchase": "Purchase", "addToCart": "AddToCart", "search": "Search"},
    "snapchat": {"purchase": "PURCHASE", "addToCart": "ADD_CART", "search": "SEARCH"},
    "tiktok": {"purchase": "Purchase", "addToCart": "AddToCart", "viewContent": "ViewContent"},
}
_TIKTOK_CONTENT = {
    **{name: {"@path": f"$.{name}"} for name in ("price", "quantity", "brand")},
    "content_category": {"@path": "$.category"},
    "content_id": {"@path": "$.product_id"},
    "content_name": {"@path": "$.name"},
}
_PINTEREST_CONTENT = {
    "id": {"@path": "$.product_id"},
    "item_price": {"@path": "$.price"},
    "quantity": {"@path": "$.quantity"},
}
SETTINGS = {
    "meta": {"pixelId": "1"},
    "ga4": {"measurementId": "G-1", "apiSecret": "s"},
    "pinterest": {"ad_account_id": "1", "conversion_token": "t"},
    "reddit": {"ad_account_id": "1", "conversion_token": "t"},
    "snapchat": {"pixel_id": "1"},
    "tiktok": {"pixelCode": "1", "accessToken": "t"},
}


def mapping_of(destination: str, action: str) -> dict[str, Any]:
    """What Segment's interface sets for a new destination in addition to the defaults."""
    if destination == "tiktok":
        products = "$.properties.products" if action == "purchase" else "$.properties"
        contents = {"@arrayPath": [products, _TIKTOK_CONTENT]}
        return {"event": _NAMES["tiktok"][action], "contents": contents}
    if destination == "pinterest":
        products = "$.properties.products" if action == "purchase" else "$.properties"
        data = {name: {"@path": f"$.properties.{name}"} for name in ("currency", "order_id")}
        data["value"] = {"@path": "$.properties.revenue"}
        if action != "search":
            data["contents"] = {"@arrayPath": [products, _PINTEREST_CONTENT]}  # type: ignore[dict-item]
        form = {"action_source": "web", "app_name": "Shop", "custom_data": data}
        return {"event_name": _NAMES["pinterest"][action], **form}
    if destination == "reddit":
        return {"tracking_type": _NAMES["reddit"][action]}
    if destination == "snapchat":
        return {"event_name": _NAMES["snapchat"][action], "action_source": "website"}
    return {"action_source": "website"} if destination == "meta" else {"data_stream_type": "Web"}


def message(event: str, properties: dict[str, Any], person: dict[str, Any]) -> dict[str, Any]:
    context = {
        "ip": "203.0.113.7",
        "userAgent": "Mozilla/5.0",
        "locale": "en",
        "page": {"url": "https://shop.example/", "referrer": "https://a.example/", "title": "Shop"},
        "traits": person,
    }
    return {
        "type": "track",
        "event": event,
        "properties": properties,
        "context": context,
        "messageId": "m-1",
        "timestamp": HAPPENED,
        "userId": "U 1",
        "anonymousId": "a-1",
    }


def by_segment(
    node: Node, destination: str, action: str, sent: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    how = {
        "mapping": mapping_of(destination, action),
        "settings": SETTINGS[destination],
        "auth": {"accessToken": "t", "refreshToken": "r"},
        "event": sent,
    }
    action = ONE_ACTION.get(destination, action)
    bodies = node.ask("segment", destination=destination, action=action, **how)
    yield from leaves(only(destination, bodies[0]))


def ours(destination: str, sent: dict[str, Any]) -> dict[str, Any]:
    body = orjson.dumps({"writeKey": "KEY", "batch": [sent]})
    batch = SOURCE.read(Inbound("POST", "/v1/batch", body=body))
    (request,) = OURS[destination].requests([read_event(batch.events[0])], SECONDS + 60.0)
    assert isinstance(request, Request)
    return only(destination, orjson.loads(request.body))


_OF_VERSION_2 = {"event_type": "type", "event_metadata": "metadata", "value_decimal": "value"}
"""Names in version 2 of Reddit's API, which Segment uses, and in version 3."""


def in_version_3(value: Any) -> Any:
    if isinstance(value, dict):
        return {_OF_VERSION_2.get(name, name): in_version_3(part) for name, part in value.items()}
    return value


def only(destination: str, body: dict[str, Any]) -> dict[str, Any]:
    if destination == "reddit":
        (found,) = body["data"]["events"] if "data" in body else map(in_version_3, body["events"])
        return dict(found)
    event: dict[str, Any] = body if destination == "ga4" else body["data"][0]
    return event


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value but empty texts, with its path; the elements of a list share a path."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, f"{path}[]")
    elif value != "":
        yield path, value


def plain(path: str) -> str:
    """A path in ``user_data`` without a final ``[]``: a hash counts like a list of one hash."""
    return path.removesuffix("[]") if path.startswith("user_data.") else path


@pytest.mark.parametrize(("destination", "action"), CASES)
@settings(max_examples=25)
@given(data=st.data())
def test_all_that_segment_sends_we_send_and_what_else_is_known(
    destination: str, action: str, data: st.DataObject, node: Node
) -> None:
    event, properties = MESSAGES[action]
    sent = message(event, data.draw(properties), data.draw(traits))
    compare = plain if destination in ("meta", "pinterest", "snapchat") else str
    theirs = {(compare(path), v) for path, v in by_segment(node, destination, action, sent)}
    by_us = {(compare(path), value) for path, value in leaves(ours(destination, sent))}

    known = {path for where, of, path in DIFFERENT if where == destination and of in ("*", action)}
    assert {each for each in theirs - by_us if each[0] not in known} == set()
    more = {path for path, _ in by_us} - {path for path, _ in theirs}
    assert more <= {compare(path) for path in RICHER[destination]} | known


@pytest.mark.parametrize(("destination", "action", "path"), DIFFERENT)
def test_each_difference_is_one(destination: str, action: str, path: str, node: Node) -> None:
    action = "purchase" if action == "*" else action
    product = {"product_id": "1", "price": 5.5, "quantity": 2}
    order = {"order_id": "o-1", "revenue": 10, "total": 12, "tax": 1, "shipping": 1}
    properties = (
        {**order, "products": [product]} if action == "purchase" else {**product, "value": 11}
    )
    person = {"email": " Ada@Example.com", "firstName": "Ada", "lastName": "Lovelace"}
    person["address"] = {"state": "California", "postalCode": "94035"}  # type: ignore[assignment]
    sent = message(MESSAGES[action][0], {**properties, "currency": "EUR"}, person)
    theirs = dict(by_segment(node, destination, action, sent))
    assert theirs[path] != dict(leaves(ours(destination, sent))).get(path)
