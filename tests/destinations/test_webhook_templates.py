"""Templates of a webhook's body and headers, and its credentials."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from destinations.base import Request
from destinations.remarks import collect_remarks
from destinations.webhook import Webhook, WebhookSettings
from destinations.webhook.headers import MAX_HEADER_CHARACTERS, percent_encoded
from gateway.event import Event
from gateway.testing.events import NOW, SAMPLES

PURCHASE = SAMPLES[1]


def webhook(**settings: Any) -> Webhook:
    return Webhook(WebhookSettings(**{"url": "https://receiver.example/", **settings}))


def request_of(event: Event, **settings: Any) -> Request:
    (request,) = webhook(**settings).requests([event], NOW)
    assert isinstance(request, Request)
    return request


def body_of(event: Event, body: Any) -> Any:
    return orjson.loads(request_of(event, body=body).body)


# Bodies


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ({"order": "{transaction_id}", "total": "{value}"}, {"order": "1001", "total": 94.9}),
        ({"text": "{event_name}: {value} {currency}"}, {"text": "purchase: 94.9 EUR"}),
        ({"text": "{{value}} is {value}"}, {"text": "{value} is 94.9"}),
        ({"mail": "{page_location.query.utm_source}"}, {"mail": "mail"}),
        ({"ids": "{items.*.item_id}"}, {"ids": ["shoe-42", "lace"]}),
        ({"first": "{items.0}"}, {"first": PURCHASE["items"][0]}),
        ({"city": "{user_data.address.country}"}, {"city": "DE"}),
        ({"a": [1, None, True, "{value}"]}, {"a": [1, None, True, 94.9]}),
        ({"gone": "{coupon}", "kept": 1}, {"kept": 1}),
        ({"gone": "with {coupon}", "list": ["{coupon}", "{currency}"]}, {"list": ["EUR"]}),
        ({"gone": "all {items}", "far": "{items.7.price}", "deep": "{value.amount}"}, {}),
        ({"gone": "{items.*.coupon}", "odd": "{items.x}"}, {}),
        ({"empty": "", "{value}": 1}, {"empty": "", "{value}": 1}),
    ],
)  # fmt: skip
def test_a_template_is_filled_and_a_field_alone_keeps_its_type(template: Any, filled: Any) -> None:
    assert body_of(PURCHASE, template) == filled


@pytest.mark.parametrize(
    ("value", "text"),
    [(20.0, "20"), (0.5, "0.5"), (True, "true"), (7, "7"), ("a\nb", "a\nb")],
)
def test_values_in_a_text_are_written_as_in_json(value: object, text: str) -> None:
    assert body_of({**PURCHASE, "value": value}, {"text": "={value}"}) == {"text": f"={text}"}


@pytest.mark.parametrize("value", [float("nan"), None, [1], {"a": 1}])
def test_what_is_no_text_or_number_leaves_its_text_out(value: object) -> None:
    assert body_of({**PURCHASE, "value": value}, {"text": "={value}"}) == {}


def test_chosen_fields_are_named_by_their_paths() -> None:
    chosen = ["event_name", "value", "user_data.email_address", "coupon"]
    assert body_of(PURCHASE, chosen) == {
        "event_name": "purchase",
        "value": 94.9,
        "user_data.email_address": "ada@example.com",
    }


def test_a_field_of_several_addresses_is_that_of_the_first() -> None:
    several = {**PURCHASE, "user_data": {"address": [{"city": "Bonn"}, {"city": "Wien"}]}}
    template = {"city": "{user_data.address.city}", "all": "{user_data.address.*.city}"}
    assert body_of(several, template) == {"city": "Bonn", "all": ["Bonn", "Wien"]}
    assert body_of(several, {"to": "to {user_data.address.city}"}) == {"to": "to Bonn"}
    assert body_of(several, ["user_data.address.city"]) == {"user_data.address.city": "Bonn"}


def test_the_event_alone() -> None:
    assert body_of(PURCHASE, "event") == PURCHASE


@given(value=st.text() | st.integers(-(2**63), 2**63) | st.booleans())
def test_no_value_can_change_the_structure_of_a_body(value: object) -> None:
    filled = body_of({**PURCHASE, "x": value}, {"x": "<{x}>", "y": "{x}"})
    assert set(filled) == {"x", "y"}
    assert filled["y"] == value


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"a": "{value"}, "needs a path between each { and }"),
        ({"a": "{}"}, "is not the path of a field"),
        ({"a": "{a..b}"}, "is not the path of a field"),
        ({"a": "{*.price}"}, "is not the path of a field"),
        ({"a": "{ value }"}, "is not the path of a field"),
        ({"a": "{value:.2f}"}, "remove : and !"),
        ({"a": "all {items.*.price}"}, "contains *"),
        ({"a": 2**64}, "value cannot be represented in JSON"),
        ({"a": [float("nan")]}, "value cannot be represented in JSON"),
        ({"a": [{"b": {1: "x"}}]}, "keys in a template must be texts"),
        (["value", "a..b"], "is not the path of a field"),
        ([], "is empty"),
        ({}, "is empty"),
        ("events", "body"),
        (7, "body"),
    ],
)
def test_a_body_that_cannot_be_filled_is_found_at_load(body: Any, said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        webhook(body=body)
    assert said in str(raised.value)


# Headers


def test_a_header_has_fields_of_the_event() -> None:
    headers = {"X-Event": {"template": "{event_name}/{value}"}, "X-Fixed": "{value}"}
    sent = request_of(PURCHASE, headers=headers).headers
    assert (sent["X-Event"], sent["X-Fixed"]) == ("purchase/94.9", "{value}")


def test_a_header_with_a_missing_field_is_left_out() -> None:
    sent = request_of(PURCHASE, headers={"X-Coupon": {"template": "{coupon}"}}).headers
    assert "X-Coupon" not in sent


def test_a_header_that_would_be_too_long_is_left_out_and_that_is_said() -> None:
    long = {**PURCHASE, "coupon": "x" * (MAX_HEADER_CHARACTERS + 1)}
    with collect_remarks() as remarks:
        sent = request_of(long, headers={"X-Coupon": {"template": "{coupon}"}}).headers
    assert "X-Coupon" not in sent
    assert remarks == ["the header X-Coupon was left out: it would have more than 2048 characters"]


@given(value=st.text(st.characters(codec="utf-8"), max_size=60))
def test_whatever_a_field_holds_it_stays_in_its_header(value: str) -> None:
    sent = request_of({**PURCHASE, "x": value}, headers={"X": {"template": "{x}"}}).headers["X"]
    assert all(0x21 <= ord(character) <= 0x7E for character in sent)
    assert unquote(sent) == value


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\r\nX-Admin: 1", "a%0D%0AX-Admin:%201"),
        ('100 % "é€"', "100%20%25%20%22%C3%A9%E2%82%AC%22"),
        ("/a?b=c&d#e", "/a?b=c&d#e"),
        ("\ud800", "?"),
    ],
)
def test_values_are_percent_encoded_as_in_cloudevents(text: str, written: str) -> None:
    assert percent_encoded(text) == written


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"X": {"template": "{value"}}, "needs a path"),
        ({"X": {"template": "a\r\nb"}}, "X must be printable ASCII"),
        ({"X": {"value": "a"}}, "template"),
        ({"X": "1", "x": "2"}, "sets x twice"),
        ({"Transfer-Encoding": "chunked"}, "must not set Transfer-Encoding"),
        ({"Keep-Alive": "1"}, "must not set Keep-Alive"),
        ({"TE": "trailers"}, "must not set TE"),
        ({"X-Hub-Signature-256": "sha256=0"}, "must not set X-Hub-Signature-256"),
        ({"Webhook-Signature": {"template": "{value}"}}, "must not set Webhook-Signature"),
    ],
)
def test_headers_that_must_not_be_set(headers: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        webhook(headers=headers)
    assert said in str(raised.value)


# Credentials


def test_a_bearer_token_and_basic_credentials_are_sent_and_never_shown() -> None:
    auths = ({"bearer": "t0k3n-t0k3n"}, {"basic": {"username": "shop", "password": "p:ss wörd"}})
    bearer, basic = (request_of(PURCHASE, auth=auth).headers["authorization"] for auth in auths)
    assert bearer == "Bearer t0k3n-t0k3n"
    assert basic == "Basic " + b64encode("shop:p:ss wörd".encode()).decode()
    for auth, sent in zip(auths, (bearer, basic), strict=True):
        destination = webhook(auth=auth)
        assert sent.split(" ")[1] not in destination.mask(sent)
        assert "***" in destination.masker.header("authorization", sent)
        assert "p:ss" not in repr(destination.settings)
        assert "t0k3n" not in repr(destination.settings)


def test_an_access_token_is_added_by_the_gateway() -> None:
    request = request_of(PURCHASE, auth={"oauth2": "crm"})
    assert request.credential == "crm"
    assert "authorization" not in request.headers
    assert list(webhook(auth={"oauth2": "crm"}).settings.credential_names()) == ["crm"]
    assert request_of(PURCHASE, auth={"bearer": "t0k3n-t0k3n"}).credential == ""


def test_a_secret_url_is_masked_but_for_its_host() -> None:
    url = "https://hooks.example/services/T0001/B0002/s3cr3t-p4rt?key=another-s3cret"
    open_url, masked = webhook(url=url), webhook(url=url, secret_url=True)
    assert open_url.masker.url(url) == url
    assert masked.masker.url(url) == "https://hooks.example/***?***"
    assert masked.mask(f"no such hook: {url}") == "no such hook: https://hooks.example/***?***"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"auth": {}}, "needs exactly one of `bearer`, `basic` and `oauth2`"),
        (
            {"auth": {"bearer": "a-token", "basic": {"username": "a", "password": "b"}}},
            "needs exactly one of `bearer`, `basic` and `oauth2`",
        ),
        ({"auth": {"bearer": "TOPSECRET\r\nx: y"}}, "is not valid in this credential"),
        ({"auth": {"basic": {"username": "a:b", "password": "c"}}}, "contain no colon"),
        ({"auth": {"basic": {"username": "a", "password": "TOPSECRET\n"}}}, "must be on one line"),
        ({"auth": {"basic": {"username": "a"}}}, "password"),
        (
            {"auth": {"bearer": "a-token"}, "headers": {"AUTHORIZATION": "x"}},
            "must not set Authorization, because `auth` does",
        ),
    ],
)
def test_credentials_that_cannot_be_sent_are_found_at_load(
    settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        webhook(**settings)
    assert said in str(raised.value)
    assert "TOPSECRET" not in str(raised.value)
