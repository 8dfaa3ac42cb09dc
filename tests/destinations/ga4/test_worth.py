"""An event's value and currency, alike for each transport: stated, or taken from its items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from destinations.base import Request
from destinations.ga4 import GA4, GA4Settings
from destinations.remarks import collect_remarks
from gateway.event import read_event
from gateway.testing.events import NOW

Worth = tuple[float | None, str | None]
"""The value and the currency that GA4 gets."""


def _of_measurement_protocol(request: Request) -> Worth:
    params = orjson.loads(request.body)["events"][0]["params"]
    return params.get("value"), params.get("currency")


def _of_gtag(request: Request) -> Worth:
    line = dict(parse_qsl(request.body.decode()))
    value = line.get("epn.value")
    currency = dict(parse_qsl(urlsplit(request.url).query)).get("cu")
    return None if value is None else float(value), currency


def _of_data_manager(request: Request) -> Worth:
    event = orjson.loads(request.body)["events"][0]
    return event.get("conversionValue"), event.get("currency")


TRANSPORTS: dict[str, tuple[dict[str, str], Callable[[Request], Worth]]] = {
    "measurement_protocol": ({"api_secret": "S"}, _of_measurement_protocol),
    "gtag": ({}, _of_gtag),
    "data_manager": ({"property_id": "1", "credential": "google"}, _of_data_manager),
}


def ga4(transport: str, **settings: Any) -> GA4:
    own, _ = TRANSPORTS[transport]
    given = {"measurement_id": "G-TEST000001", "transport": transport, **own, **settings}
    return GA4(GA4Settings.model_validate(given))


def worth(transport: str, fields: dict[str, Any], **settings: Any) -> tuple[Worth, list[str]]:
    """The value and currency that GA4 gets for a purchase with `fields`, and the remarks."""
    raw = {
        "event_name": "purchase",
        "client_id": "1.2",
        "transaction_id": "o-1",
        "consent": {"analytics_storage": "granted"},
        **fields,
    }
    with collect_remarks() as remarks:
        (request,) = ga4(transport, **settings).requests([read_event(raw)], NOW)
    assert isinstance(request, Request), request
    _, read = TRANSPORTS[transport]
    return read(request), remarks


def items(*priced: tuple[float, str | None]) -> list[dict[str, Any]]:
    return [
        {"item_id": str(place), "price": price} | ({"currency": currency} if currency else {})
        for place, (price, currency) in enumerate(priced)
    ]


EURO = items((10, "EUR"), (5, "eur"))
MIXED = items((10, "EUR"), (5, "USD"))
MIXED_LATER = items((10, None), (5, "EUR"), (5, "USD"))
BELOW_ZERO = items((10, None), (-25, None))
NO_CURRENCY = "currency: missing; GA4 does not count a value without it"
SEVERAL = "items: have several currencies, so neither a currency nor a value comes from them"
OTHER = "items: have another currency than the event, so no value comes from them"
POSITIVE = "value: made the amounts of a refund positive"
NEGATIVE = "value: left out, because the items of the purchase add up to less than zero"


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    ("fields", "expected", "remarked"),
    [
        ({"value": 7, "currency": "EUR"}, (7, "EUR"), []),
        ({"value": 7, "currency": "EUR", "items": MIXED}, (7, "EUR"), []),
        ({"value": 0, "currency": "EUR", "items": EURO}, (0, "EUR"), []),
        ({"currency": "USD", "items": items((10, None))}, (10, "USD"), []),
        ({"currency": "USD", "items": EURO}, (None, "USD"), [OTHER]),
        ({"currency": "EUR", "items": MIXED}, (None, "EUR"), [OTHER]),
        ({"items": EURO}, (15, "EUR"), []),
        ({"value": 7, "items": EURO}, (7, "EUR"), []),
        ({"items": items((10, None), (5, "EUR"))}, (15, "EUR"), []),
        ({"items": items((10, None))}, (10, None), [NO_CURRENCY]),
        ({"items": MIXED}, (None, None), [SEVERAL]),
        ({"items": MIXED_LATER}, (None, None), [SEVERAL]),
        ({"value": 7, "items": MIXED}, (7, None), [SEVERAL, NO_CURRENCY]),
        ({"value": -7, "currency": "EUR"}, (-7, "EUR"), []),
        ({"value": -7, "items": EURO}, (-7, "EUR"), []),
        ({"currency": "EUR", "items": BELOW_ZERO}, (None, "EUR"), [NEGATIVE]),
        ({"items": items((-1, "EUR"))}, (None, "EUR"), [NEGATIVE]),
        ({"event_name": "refund", "value": 7, "currency": "EUR"}, (7, "EUR"), []),
        ({"event_name": "refund", "value": -7, "currency": "EUR"}, (7, "EUR"), [POSITIVE]),
        ({"event_name": "refund", "value": -7, "items": EURO}, (7, "EUR"), [POSITIVE]),
        (
            {"event_name": "refund", "value": -7, "tax": -1, "shipping": -2.5, "currency": "EUR"},
            (7, "EUR"),
            [POSITIVE],
        ),
        (
            {"event_name": "refund", "currency": "EUR", "items": BELOW_ZERO},
            (-15, "EUR"),
            [],
        ),
        ({}, (None, None), []),
    ],
    ids=str,
)
def test_what_an_event_is_worth(
    transport: str, fields: dict[str, Any], expected: Worth, remarked: list[str]
) -> None:
    assert worth(transport, fields) == (expected, remarked)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"events": {"order": "purchase"}}, (None, "EUR")),
        ({"events": {"order": "cancellation"}}, (-15, "EUR")),
        ({"events": {"order": "purchase"}, "fields": {"params.value": -1}}, (-1, "EUR")),
        ({"fields": {"params.currency": None}}, (-15, None)),
        ({"fields": {"params.value": "12.5"}}, (12.5, "EUR")),
        ({"fields": {"params.value": {"template": "12"}}}, (12, "EUR")),
    ],
    ids=str,
)
def test_what_a_mapping_says_counts(
    transport: str, mapping: dict[str, Any], expected: Worth
) -> None:
    fields = {"event_name": "order", "currency": "EUR", "items": BELOW_ZERO}
    assert worth(transport, fields, mapping=mapping)[0] == expected
