"""The same oddity in the requests of every protocol has the same result."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.event.mending import IGNORED
from gateway.sources.base import Batch, Inbound, Source
from gateway.sources.collect import Collect, CollectSettings
from gateway.sources.ga4.source import GA4, GA4Settings
from gateway.sources.jitsu.source import Jitsu, JitsuSettings
from gateway.sources.matomo.source import Matomo, MatomoSettings
from gateway.sources.measurement_protocol import MeasurementProtocol, MeasurementProtocolSettings
from gateway.sources.pixel import Pixel, PixelSettings
from gateway.sources.plausible.source import Plausible, PlausibleSettings
from gateway.sources.posthog.source import PostHog, PostHogSettings
from gateway.sources.segment.source import Segment, SegmentSettings
from gateway.sources.snowplow.source import Snowplow, SnowplowSettings
from gateway.sources.stape_data.source import StapeData, StapeDataSettings
from gateway.sources.umami.source import Umami, UmamiSettings

Fields = dict[str, Any]

MP = MeasurementProtocolSettings(type="measurement_protocol", api_secrets={"G-1": "s"})
SOURCES: dict[str, Source[Any]] = {
    "collect": Collect(CollectSettings(type="collect")),
    "pixel": Pixel(PixelSettings(type="pixel")),
    "stape_data": StapeData(StapeDataSettings(type="stape_data")),
    "ga4": GA4(GA4Settings(type="ga4")),
    "measurement_protocol": MeasurementProtocol(MP),
    "segment": Segment(SegmentSettings(type="segment", write_keys=["wk"])),
    "jitsu": Jitsu(JitsuSettings(type="jitsu", write_keys=["wk"])),
    "posthog": PostHog(PostHogSettings(type="posthog", write_keys=["wk"])),
    "snowplow": Snowplow(SnowplowSettings(type="snowplow")),
    "matomo": Matomo(MatomoSettings(type="matomo")),
    "umami": Umami(UmamiSettings(type="umami")),
    "plausible": Plausible(PlausibleSettings(type="plausible")),
}


def post(path: str, body: Any, query: str = "") -> Inbound:
    """A request from a page. `json` writes NaN and infinity under their JavaScript names."""
    headers = {"origin": "https://a.example", "user-agent": "Mozilla/5.0", "x-write-key": "wk"}
    return Inbound("POST", path, query, headers, json.dumps(body).encode())


def get(path: str, fields: Fields) -> Inbound:
    texts = {
        name: each if isinstance(each, str) else json.dumps(each) for name, each in fields.items()
    }
    return Inbound("GET", path, urlencode(texts), {"user-agent": "Mozilla/5.0"})


def renamed(fields: Fields, **names: str) -> Fields:
    """The fields that are in `names`, renamed. names: the protocol's name by ours."""
    return {theirs: fields[ours] for ours, theirs in names.items() if ours in fields}


def mp_event(fields: Fields) -> Fields:
    return {"name": "purchase", "params": fields}


def segment_message(fields: Fields) -> Fields:
    names = {"transaction_id": "order_id", "value": "revenue", "items": "products"}
    properties = renamed(fields, currency="currency", **names)
    return {"type": "track", "event": "Order Completed", "properties": properties}


def posthog_message(fields: Fields) -> Fields:
    message = segment_message(fields)
    return {"event": message["event"], "properties": {"$lib": "web", **message["properties"]}}


def snowplow_payload(fields: Fields) -> Fields:
    names = {"transaction_id": "tr_id", "value": "tr_tt", "currency": "tr_cu"}
    return {"e": "tr", **renamed(fields, **names)}


def matomo_hit(fields: Fields) -> Fields:
    names = {"transaction_id": "ec_id", "value": "revenue", "items": "ec_items"}
    return {"idsite": "1", "rec": "1", "idgoal": "0", "ec_id": "T", **renamed(fields, **names)}


def umami_message(fields: Fields) -> Fields:
    commerce = renamed(fields, transaction_id="orderId", items="items")
    data = {**renamed(fields, value="revenue", currency="currency"), "commerce": commerce}
    return {"type": "event", "payload": {"website": "w", "name": "purchase", "data": data}}


def plausible_event(fields: Fields) -> Fields:
    revenue = renamed(fields, value="amount", currency="currency")
    props = renamed(fields, transaction_id="transaction_id", items="items")
    return {"n": "purchase", "u": "https://a.example/", "$": revenue, "p": props}


def gtag_parameters(fields: Fields) -> Fields:
    own = {f"ep{'n' * (name == 'value')}.{name}": each for name, each in fields.items()}
    return {"v": "2", "tid": "G-1", "en": "purchase", **own}


MP_QUERY = "measurement_id=G-1&api_secret=s"
TP2 = "/com.snowplowanalytics.snowplow/tp2"
PURCHASES: dict[str, Callable[[Fields], Inbound]] = {
    "collect": lambda fields: post("/collect", {"event_name": "purchase", **fields}),
    "pixel": lambda fields: get("/pixel.gif", {"event_name": "purchase", **fields}),
    "stape_data": lambda fields: post("/data", {"event_name": "purchase", **fields}),
    "ga4": lambda fields: get("/g/collect", gtag_parameters(fields)),
    "measurement_protocol": lambda fields: post(
        "/mp/collect", {"events": [mp_event(fields)]}, MP_QUERY
    ),
    "segment": lambda fields: post("/v1/batch", {"batch": [segment_message(fields)]}),
    "jitsu": lambda fields: post("/api/s/track", segment_message(fields)),
    "posthog": lambda fields: post("/e", {"api_key": "wk", "batch": [posthog_message(fields)]}),
    "snowplow": lambda fields: post(TP2, {"data": [snowplow_payload(fields)]}),
    "matomo": lambda fields: get("/matomo.php", matomo_hit(fields)),
    "umami": lambda fields: post("/api/send", umami_message(fields)),
    "plausible": lambda fields: post("/api/event", plausible_event(fields)),
}
"""By protocol, a function from a purchase in our field names to the request."""


def read(protocol: str, request: Inbound) -> Batch:
    return SOURCES[protocol].read(request)


def purchase(protocol: str, fields: Fields) -> Fields:
    batch = read(protocol, PURCHASES[protocol](fields))
    (event,) = batch.events
    assert (event["event_name"], batch.refused) == ("purchase", [])
    return event


def ignored(event: Fields) -> list[str]:
    return [each["field"] for each in event.get(IGNORED, [])]


@pytest.mark.parametrize("protocol", PURCHASES)
@pytest.mark.parametrize(
    ("stated", "value"),
    [
        ("1.234,56", 1234.56),
        ("1'234.50", 1234.5),
        ("12\u00a0€", 12),
        ("€12", 12),
        ("12 Euro", 12),
        ("-5", -5),
        ("1e3", 1000),
        (" 12\n", 12),
        (0, 0),
        (2**60, 2.0**60),
        ("1,234", None),
        ("free", None),
        ("1e400", None),
        (True, None),
        ([12], None),
        (float("nan"), None),
        (float("-inf"), None),
    ],
)
def test_a_value(protocol: str, stated: Any, value: float | None) -> None:
    event = purchase(protocol, {"value": stated, "currency": "EUR"})
    assert event.get("value") == value
    assert ignored(event) == ["value"] * (value is None)


@pytest.mark.parametrize("protocol", sorted(PURCHASES.keys() - {"matomo"}))
@pytest.mark.parametrize(
    ("stated", "currency"),
    [
        ("eur ", "EUR"),
        ("€", "EUR"),
        ("US$", "USD"),
        ("Euro", "EUR"),
        ("$", None),
        ("NaN", None),
        ("undefined", None),
        (978, None),
    ],
)
def test_a_currency(protocol: str, stated: Any, currency: str | None) -> None:
    event = purchase(protocol, {"value": 5, "currency": stated})
    assert (event.get("currency"), event["value"]) == (currency, 5)
    assert ignored(event) == ["currency"] * (currency is None)


@pytest.mark.parametrize("protocol", PURCHASES)
@pytest.mark.parametrize(
    ("stated", "order"),
    [
        (" T1\n", "T1"),
        ("T\0", "T\ufffd"),
        (7, "7"),
        (12345678901234567, "12345678901234567"),
        (12345678901234567890, "12345678901234567890"),
        (1234567890123456789012, "1234567890123456789012"),
        ("(not set)", None),
        ("{{Order ID}}", None),
        ("NaN", None),
        ("[object Object]", None),
        (False, None),
    ],
)
def test_the_id_of_an_order(protocol: str, stated: Any, order: str | None) -> None:
    event = purchase(protocol, {"value": 5, "transaction_id": stated})
    assert (event.get("transaction_id"), event["value"]) == (order, 5)
    assert ignored(event) == ["transaction_id"] * (order is None)


ITEM = {"item_id": "A", "price": "5,00 €", "quantity": "2.0"}
ITEMS = [{"item_id": "A", "price": 5, "quantity": 2}]


@pytest.mark.parametrize("protocol", sorted(PURCHASES.keys() - {"snowplow", "matomo"}))
@pytest.mark.parametrize(
    ("stated", "items"),
    [
        ([ITEM], ITEMS),
        (ITEM, ITEMS),
        ({"0": ITEM, "2": ITEM}, ITEMS * 2),
        ({"SKU-1": ITEM}, ITEMS),
        (json.dumps([ITEM]), ITEMS),
        (json.dumps({"1": ITEM}), ITEMS),
        ([None, ITEM], ITEMS),
        ([ITEM, ITEM], ITEMS * 2),
        ("[]", []),
        ("A, B", None),
        (3, None),
        (["A"], None),
    ],
)
def test_items(protocol: str, stated: Any, items: list[Fields] | None) -> None:
    event = purchase(protocol, {"value": 10, "items": stated})
    assert (event.get("items"), event["value"]) == (items, 10)
    assert ignored(event) == ["items"] * (items is None)


BATCHES: dict[str, tuple[Fields, Callable[[Any], Inbound]]] = {
    "collect": ({"event_name": "purchase"}, lambda events: post("/collect", {"events": events})),
    "stape_data": ({"event_name": "purchase"}, lambda events: post("/data", {"events": events})),
    "measurement_protocol": (
        mp_event({}),
        lambda events: post("/mp/collect", {"events": events}, MP_QUERY),
    ),
    "segment": (segment_message({}), lambda batch: post("/v1/batch", {"batch": batch})),
    "jitsu": (segment_message({}), lambda batch: post("/api/s/batch", {"batch": batch})),
    "posthog": (posthog_message({}), lambda batch: post("/e", {"api_key": "wk", "batch": batch})),
    "snowplow": (snowplow_payload({}), lambda data: post(TP2, {"data": data})),
    "matomo": (matomo_hit({}), lambda hits: post("/matomo.php", {"requests": hits})),
}
"""By protocol, a message, and a function from a list of messages, or its stand-in, to a request."""


@pytest.mark.parametrize("protocol", BATCHES)
@pytest.mark.parametrize(
    ("odd", "count"),
    [
        (lambda message: {"0": message, "2": message}, 2),
        (lambda message: message, 1),
        (lambda message: [None, message, 5, "x", [], message], 2),
        (lambda message: json.dumps([message, message]), 2),
    ],
    ids=["object with indexes", "one message", "neighbours that are none", "in a text"],
)
def test_a_batch(protocol: str, odd: Callable[[Fields], Any], count: int) -> None:
    message, request = BATCHES[protocol]
    batch = read(protocol, request(odd(message)))
    assert [event["event_name"] for event in batch.events] == ["purchase"] * count


@pytest.mark.parametrize("protocol", sorted(BATCHES.keys() - {"matomo"}))
def test_a_message_that_is_json_in_a_text(protocol: str) -> None:
    message, request = BATCHES[protocol]
    denial = {**message, "consent.ad_storage": "denied"}
    (event,) = read(protocol, request([json.dumps(denial)])).events
    assert event["event_name"] == "purchase"
    assert event["consent"] == {"ad_storage": "denied"}


@pytest.mark.parametrize("protocol", BATCHES)
def test_a_body_that_is_json_in_a_text(protocol: str) -> None:
    message, request = BATCHES[protocol]
    whole = request([message])
    whole.body = json.dumps(whole.body.decode()).encode()
    assert len(read(protocol, whole).events) == 1


IN_PARTS: dict[str, Callable[[str], Inbound]] = {
    "measurement_protocol": lambda own: post(
        "/mp/collect", {"events": [{"name": "purchase", "params": own}]}, MP_QUERY
    ),
    "segment": lambda own: post(
        "/v1/batch", {"batch": [{"type": "track", "event": "purchase", "properties": own}]}
    ),
    "posthog": lambda own: post("/e", {"api_key": "wk", "event": "purchase", "properties": own}),
    "umami": lambda own: post(
        "/api/send", {"payload": {"website": "w", "name": "purchase", "data": own}}
    ),
    "plausible": lambda own: post("/api/event", {"n": "purchase", "u": "https://a/", "p": own}),
}
"""By protocol, a function from an event's own properties to the request."""


@pytest.mark.parametrize("protocol", IN_PARTS)
def test_properties_that_are_json_in_a_text(protocol: str) -> None:
    own = {"value": "3,50", "plan": "pro", "consent.ad_storage": "denied"}
    (event,) = read(protocol, IN_PARTS[protocol](json.dumps(own))).events
    assert (event["value"], event["plan"]) == (3.5, "pro")
    assert event["consent"] == {"ad_storage": "denied"}
