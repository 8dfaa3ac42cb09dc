"""X's Conversion API: translation of events, refusals, and the meaning of responses."""

import base64
import hmac
import re
from typing import Any
from urllib.parse import quote, unquote

import orjson
import pytest
from pydantic import ValidationError

from destinations.base import Outcome, Request, Response, Unsendable
from destinations.remarks import collect_remarks
from destinations.x import X, XSettings
from gateway.event import Event
from tests.destinations.conftest import Example
from tests.destinations.vectors import of_vendor
from tests.support.digests import digest

MAPPING = {"events": {"purchase": "tw-oabc1-odef2", "sign_up": "odef3"}}
OAUTH = {
    "consumer_key": "KEY",
    "consumer_secret": "SECRET",
    "access_token": "TOKEN",
    "access_token_secret": "TOKEN-SECRET",
}
NOBODY = {"ip_override": None, "user_agent": None, "user_data": None}
CONNECTION = {"ip_address": "203.0.113.7", "user_agent": "UA"}
CLICK = {"click_ids": {"twclid": "t-1"}}


def x(**settings: Any) -> X:
    given = {"pixel_id": "oabc1", "mapping": MAPPING, **settings}
    return X(XSettings.model_validate({"pixel_token": "TOKEN", **given}))


def made(event: Event, now: float, **settings: Any) -> Request | Unsendable:
    (result,) = x(**settings).requests([event], now)
    return result


def sent(event: Event, now: float, **settings: Any) -> dict[str, Any]:
    request = made(event, now, **settings)
    assert isinstance(request, Request), request
    (conversion,) = orjson.loads(request.body)["conversions"]
    return conversion


# Events


def test_a_purchase_is_a_conversion_by_its_event_id(example: Example, now: float) -> None:
    event = example("purchase", user_agent="UA", **CLICK)
    assert sent(event, now) == {
        "conversion_time": "2026-11-21T00:00:00.500Z",
        "event_id": "tw-oabc1-odef2",
        "identifiers": [
            {"twclid": "t-1"},
            {"hashed_email": digest("jane.doe@example.com")},
            {"hashed_phone_number": digest("+49301234567")},
            CONNECTION,
        ],
        "value": "59.80",
        "price_currency": "EUR",
        "contents": [
            {
                "content_id": "SKU-1",
                "content_name": "Linen shirt",
                "content_type": "Shirts",
                "content_price": 39.9,
                "num_items": 1,
            },
            {
                "content_id": "SKU-2",
                "content_name": "Wool socks",
                "content_type": "Socks",
                "content_price": 9.95,
                "num_items": 2,
            },
        ],
        "number_items": 3,
        "conversion_id": "01-purchase",
        "event_source_url": "https://shop.example/thanks",
    }


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (CLICK, [{"twclid": "t-1"}]),
        ({"page_location": "https://a.example/?twclid=t-2"}, [{"twclid": "t-2"}]),
        ({"ip_override": "203.0.113.7", "user_agent": " UA "}, [CONNECTION]),
        ({"user_agent": "UA", **CLICK}, [{"twclid": "t-1", "user_agent": "UA"}]),
        ({"ip_override": "203.0.113.7", **CLICK}, [{"twclid": "t-1", "ip_address": "203.0.113.7"}]),
        ({"ip_override": "2001:db8::1", **CLICK}, [{"twclid": "t-1"}]),
        (
            {"user_data": {"email_address": "a@b.example"}},
            [{"hashed_email": digest("a@b.example")}],
        ),
    ],
)
def test_each_identifier(
    example: Example, now: float, fields: dict[str, Any], found: list[dict[str, str]]
) -> None:
    assert sent(example("purchase", **{**NOBODY, **fields}), now)["identifiers"] == found


FIELDS = {
    "hashed_email": "email_address",
    "email": "email_address",
    "hashed_phone_number": "phone_number",
    "phone": "phone_number",
}


@pytest.mark.parametrize("vector", of_vendor("x"), ids=lambda v: f"{v['field']}-{v['input'][:12]}")
def test_personal_data_is_hashed_as_x_has_it(
    example: Example, now: float, vector: dict[str, Any]
) -> None:
    person = {FIELDS[vector["field"]]: vector["input"]}
    (known,) = sent(example("purchase", **{**NOBODY, "user_data": person}), now)["identifiers"]
    assert list(known.values()) == [vector["sha256"]]


@pytest.mark.parametrize(
    ("quantities", "sent_as", "count"),
    [([2, 3], [2, 3], 5), ([2.0, 1], [2, 1], 3), ([1.5, 1], [None, 1], None), ([0], [None], None)],
)
def test_quantities_are_whole_numbers(
    example: Example, now: float, quantities: list[float], sent_as: list[int], count: int | None
) -> None:
    items = [{"item_id": "a", "quantity": quantity} for quantity in quantities]
    conversion = sent(example("purchase", items=items), now)
    found = [each.get("num_items") for each in conversion["contents"]]
    assert (found, conversion.get("number_items")) == (sent_as, count)
    assert not [each for each in found if isinstance(each, float)]


def test_without_a_currency_no_value_goes_since_x_would_take_dollars(
    example: Example, now: float
) -> None:
    with collect_remarks() as remarks:
        conversion = sent(example("purchase", currency=None), now)
    assert not {"value", "price_currency"} & conversion.keys()
    assert remarks == ["value: left out, since X takes one without a currency as US dollars"]


def test_a_mapping_sets_fields(example: Example, now: float) -> None:
    mapping = {**MAPPING, "fields": {"conversion_id": {"field": "transaction_id"}}}
    assert sent(example("purchase"), now, mapping=mapping)["conversion_id"] == "T-1001"


@pytest.mark.parametrize(("stated", "value"), [(20, "20.00"), ("7.5", "7.50"), (0, "0.00")])
def test_an_amount_of_a_mapping_is_text(
    example: Example, now: float, stated: object, value: str
) -> None:
    mapping = {**MAPPING, "fields": {"value": {"field": "margin"}}}
    assert sent(example("purchase", margin=stated), now, mapping=mapping)["value"] == value


@pytest.mark.parametrize(
    ("fields", "more", "currency"),
    [
        ({"currency": "EUR"}, {}, "EUR"),
        ({"currency": None, "items": [{"item_id": "A", "currency": "eur"}]}, {}, "EUR"),
        ({"currency": None}, {}, None),
        ({"currency": "EUR"}, {"price_currency": "CHF"}, "CHF"),
        ({"currency": "EUR"}, {"price_currency": None}, None),
    ],
    ids=str,
)
def test_an_amount_of_a_mapping_is_in_the_currency_of_the_event(
    example: Example,
    now: float,
    fields: dict[str, Any],
    more: dict[str, Any],
    currency: str | None,
) -> None:
    mapping = {**MAPPING, "fields": {"value": {"field": "margin"}, **more}}
    event = example("purchase", **{"value": None, "items": [], "margin": 5, **fields})
    conversion = sent(event, now, mapping=mapping)
    assert (conversion["value"], conversion.get("price_currency")) == ("5.00", currency)


@pytest.mark.parametrize(
    ("stated", "words"),
    [(-1, "value is negative"), ("-0.01", "value is negative"), ("much", "value is not a number")],
)
def test_an_amount_of_a_mapping_that_cannot_be_sent(
    example: Example, now: float, stated: object, words: str
) -> None:
    mapping = {**MAPPING, "fields": {"value": {"field": "margin"}}}
    result = made(example("purchase", margin=stated), now, mapping=mapping)
    assert isinstance(result, Unsendable)
    assert words in result.reason


# Refusals


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("purchase", NOBODY, "no usable customer information"),
        ("purchase", {**NOBODY, "user_agent": "UA"}, "no usable customer information"),
        ("purchase", {**NOBODY, "ip_override": "203.0.113.7"}, "no usable customer information"),
        ("purchase", {"value": -1}, "X does not support refunds"),
        ("refund", {}, "X does not support refunds"),
        ("purchase", {"consent": {"ad_personalization": "denied"}}, "ad_personalization is denied"),
        ("purchase", {"opt_out": True}, "opt_out asks for a restriction, and X has no field"),
        ("purchase", {"opt_out": "perhaps"}, "opt_out asks for a restriction"),
        ("purchase", {"data_processing_options": ["LDU"]}, "data_processing_options asks for"),
    ],
)
def test_what_x_never_counts_is_withheld(
    example: Example, now: float, name: str, fields: dict[str, Any], words: str
) -> None:
    event, mapping = example(name, **fields), {"events": {"purchase": "o1", "refund": "o2"}}
    assert words in x(mapping=mapping).unsendable(event)
    result = made(event, now, mapping=mapping)
    assert isinstance(result, Unsendable)
    assert words in result.reason


@pytest.mark.parametrize(
    "fields",
    [
        {"opt_out": False, "data_processing_options": []},
        {"opt_out": "0", "data_processing_options": None},
        {"consent": {"ad_personalization": "granted"}},
    ],
)
def test_an_event_that_asks_for_no_restriction_is_sent(
    example: Example, now: float, fields: dict[str, Any]
) -> None:
    event = example("purchase", **fields)
    assert x().unsendable(event) == ""
    assert sent(event, now) == sent(example("purchase"), now)


def test_an_event_without_an_id_is_not_sent(example: Example, now: float) -> None:
    assert x().mapper.withholds(example("page_view"))
    reason = "`mapping.events` has no event id of X for this event"
    assert made(example("page_view"), now) == Unsendable(0, reason)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mapping": {}}, "names no event"),
        ({"mapping": {"events": {"purchase": "a b"}}}, "events.purchase: is not an id"),
        ({"pixel_token": None}, "exactly one of `pixel_token` and `oauth`"),
        ({"oauth": OAUTH}, "exactly one of `pixel_token` and `oauth`"),
        ({"pixel_id": "../1"}, "pixel_id"),
    ],
)
def test_settings_that_cannot_work_say_why(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        x(**settings)


# Requests


def authorization(example: Example, now: float) -> tuple[str, Request]:
    request = made(example("purchase"), now, pixel_token=None, oauth=OAUTH)
    assert isinstance(request, Request)
    return request.headers["authorization"], request


def test_a_token_goes_in_a_header(example: Example, now: float) -> None:
    request = made(example("purchase"), now)
    assert isinstance(request, Request)
    assert request.url == "https://ads-api.x.com/12/measurement/conversions/oabc1"
    assert request.headers["x-pixel-token"] == "TOKEN"
    assert "authorization" not in request.headers


def test_a_signature_is_that_of_rfc_5849(example: Example, now: float) -> None:
    header, request = authorization(example, now)
    given = dict(re.findall(r'(oauth_\w+)="([^"]*)"', header))
    signature = unquote(given.pop("oauth_signature"))
    pairs = "&".join(f"{name}={given[name]}" for name in sorted(given))
    base = "&".join(quote(part, safe="") for part in ("POST", request.url, pairs))
    mac = hmac.digest(b"SECRET&TOKEN-SECRET", base.encode(), "sha1")
    assert signature == base64.b64encode(mac).decode()
    assert (given["oauth_consumer_key"], given["oauth_token"]) == ("KEY", "TOKEN")
    assert given["oauth_timestamp"] == str(int(now))


def test_a_nonce_is_never_used_for_two_requests(example: Example, now: float) -> None:
    headers = {authorization(example, at)[0] for at in (now, now + 0.001, now)}
    assert len(headers) == 2, "only the same request at the same moment has the same nonce"


def test_no_key_is_shown(example: Example, now: float) -> None:
    header, _ = authorization(example, now)
    destination = x(pixel_token=None, oauth=OAUTH)
    assert destination.masker.header("authorization", header) == "OAuth ***"


# Responses

TWO = Request("POST", "https://ads-api.x.com/12/measurement/conversions/oabc1", {}, b"", (0, 1))
INVALID = {"code": "INVALID_PARAMETER", "message": "is not valid", "parameter": "identifiers"}


def answered(status: int, body: Any = None, headers: dict[str, str] | None = None) -> list[Outcome]:
    raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    return list(x().outcomes(TWO, Response(status, headers or {}, raw)))


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"data": {"conversions_processed": 2}}, ("delivered", "event")),
        (200, {"data": {"conversions_processed": 1}}, ("rejected", "request")),
        (200, b"<html>welcome</html>", ("retry", "destination")),
        (400, {"errors": [INVALID]}, ("rejected", "request")),
        (400, b"", ("rejected", "request")),
        (401, {"errors": [{"code": "UNAUTHORIZED_ACCESS"}]}, ("retry", "configuration")),
        (403, None, ("retry", "configuration")),
        (404, None, ("retry", "configuration")),
        (429, None, ("retry", "destination")),
        (503, None, ("retry", "destination")),
    ],
)
def test_what_an_answer_means(status: int, body: Any, expected: tuple[str, str]) -> None:
    assert [(each.result, each.scope) for each in answered(status, body)] == [expected] * 2


def test_requests_have_one_event_id_each(example: Example, now: float) -> None:
    events = [example("purchase"), example("sign_up"), example("purchase")]
    requests = [each for each in x().requests(events, now) if isinstance(each, Request)]
    assert [each.events for each in requests] == [(0, 2), (1,)]


def test_a_wrong_event_id_refuses_all_events_that_have_it() -> None:
    error = {**INVALID, "message": "Event ID was not found", "parameter": "event_id"}
    for outcome in answered(400, {"errors": [error]}):
        assert (outcome.result, outcome.scope) == ("rejected", "event")
        assert "check `mapping.events`" in outcome.reason


def test_a_refusal_names_the_parameter() -> None:
    reason = answered(400, {"errors": [INVALID, INVALID, INVALID, INVALID]})[0].reason
    said = "INVALID_PARAMETER: identifiers: is not valid"
    assert reason == f"HTTP 400: {said}; {said}; {said}"


DATE = {"date": "Sat, 21 Nov 2026 00:01:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({**DATE, "x-account-rate-limit-reset": "1795219380"}, 120.0),
        ({**DATE, "x-rate-limit-reset": "1795219380"}, 120.0),
        ({**DATE, "retry-after": "7", "x-rate-limit-reset": "1795219380"}, 7.0),
        ({**DATE, "x-rate-limit-reset": "99999999999"}, 900.0),
        ({**DATE, "x-rate-limit-reset": "1"}, 1.0),
        ({**DATE, "x-rate-limit-reset": "soon"}, 1.0),
        ({"x-rate-limit-reset": "1795219380"}, 1.0),
        ({**DATE, "x-rate-limit-reset": "nan"}, 1.0),
        ({}, 1.0),
    ],
)
def test_a_throttled_destination_waits_until_the_limit_starts_again(
    headers: dict[str, str], wait: float
) -> None:
    assert answered(429, None, headers)[0].retry_after == wait
