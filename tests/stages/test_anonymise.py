"""Anonymise keeps the permitted part of each listed field, and nothing of other fields."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gateway.event import Event, read_event
from gateway.event.schema import EventFields
from gateway.stages.anonymise import OwnField, compile_anonymise

anonymise = compile_anonymise()


def made(**fields: Any) -> Event:
    return read_event({"event_name": "purchase", "event_id": "e-1", **fields})


def left(**fields: Any) -> Event:
    """What is left of `fields` in an event."""
    anonymous = anonymise(made(**fields))
    always = {"event_name": "purchase", "event_id": "e-1", "anonymised": True}
    assert anonymous.items() >= always.items()
    return {name: value for name, value in anonymous.items() if name not in always}


def test_an_order_in_full() -> None:
    event = made(
        timestamp=1795219200.5,
        client_id="1.2",
        user_id="customer-17",
        ip_override="203.0.113.7",
        user_agent="Mozilla/5.0",
        language="en-GB",
        screen_resolution="1920x1080",
        page_location="https://shop.example/checkout/done?utm_source=news&gclid=Cj0&order=T-1001",
        page_title="Thank you, Jane",
        currency="EUR",
        value=59.8,
        tax=9.55,
        shipping=0,
        transaction_id="T-1001",
        coupon="JANE10",
        items=[{"item_id": "A", "item_name": "Shirt", "price": 59.8, "quantity": 1, "gift": "x"}],
        user_data={"email_address": "jane@example.com"},
        user_properties={"plan": "pro"},
        consent={"analytics_storage": "denied"},
        event_location={"country": "de", "region": "BE", "city": "Berlin"},
        client_hints={"model": "Pixel 9"},
        click_ids={"gclid": "Cj0"},
        ga_session_id="1795210000",
        fbp="fb.1.1.2",
        newsletter="yes",
    )
    before = copy.deepcopy(event)

    assert anonymise(event) == {
        "event_name": "purchase",
        "event_id": "e-1",
        "anonymised": True,
        "timestamp": 1795219200.5,
        "currency": "EUR",
        "value": 59.8,
        "tax": 9.55,
        "shipping": 0,
        "consent": {"analytics_storage": "denied"},
        "items": [{"item_id": "A", "item_name": "Shirt", "price": 59.8, "quantity": 1}],
        "page_location": "https://shop.example/checkout/done?utm_source=news",
        "language": "en",
        "event_location": {"country": "DE"},
    }
    assert event == before


@pytest.mark.parametrize(
    ("url", "stays"),
    [
        ("https://shop.example", "https://shop.example/"),
        ("https://shop.example/a/b", "https://shop.example/a/b"),
        ("HTTP://Shop.example:8080/a", "HTTP://Shop.example:8080/a"),
        ("https://[2001:db8::1]/a", "https://[2001:db8::1]/a"),
        ("https://jane:secret@shop.example/a", "https://shop.example/a"),
        ("https://shop.example/a?email=jane#me", "https://shop.example/a"),
        ("https://shop.example/a;jsessionid=1B2?utm_id=7", "https://shop.example/a?utm_id=7"),
        ("https://shop.example?a=1", "https://shop.example/"),
        ("https://shop.example/#?utm_source=jane", "https://shop.example/"),
        (
            "https://shop.example/?UTM_Source=a&fbclid=x&utm_medium=b+c&utm_email=jane&pk_kwd=d",
            "https://shop.example/?UTM_Source=a&utm_medium=b+c&pk_kwd=d",
        ),
        ("file:///home/jane/shop.html", None),
        ("file://host/home/jane/shop.html", None),
        ("/a?b=c", None),
        ("jane@example.com", None),
        ("https:///a", None),
        ("https://shop example/a", None),
        ("", None),
    ],
)
def test_of_a_page_its_address_and_its_campaign_stay(url: str, stays: str | None) -> None:
    assert left(page_location=url) == ({"page_location": stays} if stays else {})


@pytest.mark.parametrize(
    ("field", "value", "stays"),
    [
        ("page_referrer", "https://mail.example/inbox/jane?id=7", "https://mail.example/"),
        ("page_referrer", "android-app://com.example.mail/j", "android-app://com.example.mail/"),
        ("page_referrer", "https://jane@mail.example:8443/", "https://mail.example:8443/"),
        ("page_referrer", "jane", None),
        ("page_hostname", "shop.example", "shop.example"),
        ("page_hostname", "jane@shop.example", None),
        ("page_hostname", "shop.example/jane", None),
        ("page_path", "/a/b?email=jane#x", "/a/b"),
        ("page_path", "/a;sid=7/b", "/a"),
        ("page_path", "https://jane@shop.example/", None),
        ("language", "de", "de"),
        ("language", "EN-us", "en"),
        ("language", "zh_Hans_CN", "zh"),
        ("language", "fil, en;q=0.8", "fil"),
        ("language", "jane", None),
        ("language", "*", None),
        (
            "device",
            {"category": "mobile", "browser": "Mobile Safari", "browser_version": "18.1"},
            {"category": "mobile", "browser": "Mobile Safari"},
        ),
        ("device", {"category": "fridge of Jane", "browser": "Chrome 142.0.1"}, None),
        ("device", {"brand": "Acer", "model": "A-1", "operating_system": "Windows"}, None),
        ("device", {"category": ["mobile"], "browser": None}, None),
        ("device", "mobile", None),
        ("event_location", {"country": "us", "region": "CA"}, {"country": "US"}),
        ("event_location", {"country": "Jane"}, None),
        ("event_location", {"city": "Berlin"}, None),
        ("campaign", {"source": "news", "id": "7", "by": "jane"}, {"source": "news", "id": "7"}),
        ("campaign", {"source": {"jane": 1}, "medium": ""}, None),
        ("campaign", ["jane"], None),
        ("items", [{"item_id": "A", "coupon": "J", "by": "J"}], [{"item_id": "A"}]),
        (
            "items",
            [{"item_category3": {"a": "J"}, "item_category2": "B"}],
            [{"item_category2": "B"}],
        ),
    ],
)
def test_of_other_fields_a_part_stays(field: str, value: Any, stays: Any) -> None:
    assert left(**{field: value}) == ({} if stays is None else {field: stays})


@pytest.mark.parametrize(
    ("url", "host", "stays"),
    [
        ("https://Shop.example:8080/a", "shop.example", True),
        ("https://[2001:db8::1]/a", "[2001:db8::1]", True),
        ("https://jane:secret@shop.example/a", "jane", False),
        ("https://jane:[email]/a", "jane", False),
        ("https://shop.example.com/a", "shop.example", False),
    ],
)
def test_a_host_stays_when_it_is_that_of_the_page(url: str, host: str, stays: bool) -> None:
    assert ("page_hostname" in left(page_location=url, page_hostname=host)) == stays


@pytest.mark.parametrize(
    "field",
    [
        "client_id",
        "user_id",
        "ip_override",
        "user_agent",
        "transaction_id",
        "coupon",
        "page_title",
        "page_encoding",
        "screen_resolution",
        "viewport_size",
        "fbp",
        "fbc",
        "ga_session_id",
        "search_term",
        "x-ga-js_client_id",
        "app_instance_id",
        "anything",
    ],
)
def test_everything_else_is_left_out(field: str) -> None:
    assert left(**{field: "jane"}) == {}


def test_a_sender_cannot_say_that_an_event_is_anonymous_or_not() -> None:
    assert anonymise(made(anonymised=False))["anonymised"] is True


# Identifiers in texts that stay

PERSON: dict[str, Any] = {
    "transaction_id": "T-1001",
    "user_id": "17",
    "user_data": {
        "email_address": ["jane.doe@example.com"],
        "phone_number": "+49 30 1234567",
        "lead_id": 4711,
        "address": {"first_name": "Jane", "city": "Berlin", "country": "DE"},
    },
    "click_ids": {"gclid": "Cj0_KCQ-x"},
}


@pytest.mark.parametrize(
    "page",
    [
        "https://shop.example/thanks/T-1001",
        "https://shop.example/thanks/t_1001/print",
        "https://shop.example/thanks/T%2D1001",
        "https://shop.example/user/17/orders",
        "https://shop.example/confirm/Jane.Doe%40example.com",
        "https://shop.example/lead-4711",
        "https://jane.shop.example/",
        "https://shop.example/?utm_content=Cj0_KCQ-x",
    ],
)
def test_a_page_goes_when_an_identifier_stands_in_its_address(page: str) -> None:
    assert left(page_location=page, **PERSON) == {}


@pytest.mark.parametrize(
    "page",
    [
        "https://shop.example/thanks/T-10012",
        "https://shop.example/2017/sale-170",
        "https://shop.example/berlin/de",
        "https://shop.example/janet",
    ],
)
def test_a_page_stays_when_its_words_are_longer_or_shared_by_many(page: str) -> None:
    assert left(page_location=page, **PERSON) == {"page_location": page}


def test_of_an_item_only_the_text_goes() -> None:
    items = [{"item_id": "A", "item_name": "Cup for Jane", "quantity": 17}, {"item_id": "B"}]
    assert left(items=items, **PERSON) == {
        "items": [{"item_id": "A", "quantity": 17}, {"item_id": "B"}]
    }


def test_an_event_id_made_from_the_order_is_replaced_by_one_that_nobody_knows() -> None:
    event = made(transaction_id="T-1001") | {"event_id": "purchase-T-1001"}
    ids = {anonymise(event)["event_id"] for _ in range(2)}
    assert len(ids) == 2, "a digest of it could be found by trying all orders"
    assert not any("T-1001" in each for each in ids)


def test_with_more_identifiers_than_anybody_has_no_text_stays() -> None:
    crowd = {"email_address": [f"{n}@x.example" for n in range(101)]}
    anonymous = anonymise(made(user_data=crowd, page_path="/", language="de", value=1))
    assert anonymous.pop("event_id") != "e-1"
    assert anonymous == {
        "event_name": "anonymous_event",
        "anonymised": True,
        "language": "de",
        "value": 1,
    }


# The owner's custom fields


def test_the_owner_may_keep_fields_whole() -> None:
    keep = compile_anonymise(["order_size", "page_title", "shelf"])
    anonymous = keep(made(order_size="large", page_title="Home", shelf={"row": 3}, row=3))
    assert anonymous == {
        "event_name": "purchase",
        "event_id": "e-1",
        "anonymised": True,
        "order_size": "large",
        "page_title": "Home",
        "shelf": {"row": 3},
    }


def test_but_no_identifier_in_them() -> None:
    keep = compile_anonymise(["city", "note"])
    fields = {"city": "Jane", "note": {"by": ["Jane Doe", "us"], "n": None, "at": 17}}
    anonymous = keep(made(**fields, **PERSON))
    assert "city" not in anonymous
    assert anonymous["note"] == {"by": ["us"], "at": 17}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("user_id", "identifies the visitor"),
        ("user_data", "identifies the visitor"),
        ("transaction_id", "identifies the visitor"),
        ("user_agent", "identifies the visitor"),
        ("page_location", "is kept by default"),
        ("event_id", "is kept by default"),
        ("anonymised", "is kept by default"),
        ("items.*.colour", "is not a field name"),
        ("", "is not a field name"),
    ],
)
def test_a_field_that_cannot_be_the_owners(name: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(OwnField).validate_python(name)


def test_each_field_that_the_gateway_knows_was_thought_of() -> None:
    """Fails for a new field of the model until somebody decides whether it may stay."""
    thought_of = set()
    for name in EventFields.__annotations__:
        try:
            TypeAdapter(OwnField).validate_python(name)
        except ValidationError:
            thought_of.add(name)
    assert EventFields.__annotations__.keys() - thought_of == {
        "page_title",
        "page_encoding",
        "screen_resolution",
        "viewport_size",
        "coupon",
        "engagement_time_msec",
    }


# Laws

_text = st.text(max_size=8) | st.sampled_from(["http://[", "https://a/?utm_id=%", "/", "%ff", "DE"])
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=6,
)
_events = st.fixed_dictionaries(
    {"event_name": st.just("any"), "event_id": st.just("e-1")},
    optional={
        **dict.fromkeys(["page_location", "page_referrer", "page_path", "page_hostname"], _text),
        **dict.fromkeys(["language", "user_id", "client_id", "transaction_id"], _text),
        **dict.fromkeys(["device", "campaign", "own"], _json),
        "event_location": st.dictionaries(st.sampled_from(["country", "region"]), _text),
        "items": st.lists(st.dictionaries(st.just("item_name"), _text), max_size=2),
        "user_data": st.dictionaries(_text, _json, max_size=2),
    },
).filter(lambda raw: all(raw.get(name, "x").strip() for name in ("user_id", "client_id")))


@given(raw=_events)
def test_any_event_can_be_made_anonymous_and_again_without_a_change(raw: dict[str, Any]) -> None:
    event = read_event(raw)
    before = copy.deepcopy(event)
    keep = compile_anonymise(["own"])

    once = keep(event)

    assert event == before
    assert read_event(once) == once, "it is an event as any other"
    assert keep(once) == once
