"""A person is sent as hashes, and an event that Meta could match to nobody is refused."""

from typing import Any

import pytest

from gateway.event import read_event
from tests.support.digests import digest
from tests.support.meta_destination import meta, refused, sent


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"user_data": {"address": {"country": "AT"}}}, "436601234567"),
        ({"user_data": {"address": [{"city": "Wien"}, {"country": "Austria"}]}}, "436601234567"),
        ({"event_location": {"country": "GB"}}, "446601234567"),
        (
            {"user_data": {"address": {"country": "AT"}}, "event_location": {"country": "GB"}},
            "436601234567",
        ),
        ({"event_location": {"country": "nowhere"}}, "496601234567"),
        ({}, "496601234567"),
    ],
)
def test_a_national_phone_number_is_of_the_events_own_country(
    fields: dict[str, Any], number: str, now: float
) -> None:
    user_data = {**fields.get("user_data", {}), "phone_number": "0660 1234567"}
    event = read_event({"event_name": "x", **fields, "user_data": user_data})
    assert sent(event, now, phone_region="de")["user_data"]["ph"] == [digest(number)]


@pytest.mark.parametrize(
    ("stated", "hashed"),
    [
        ("mailto:Ada@shop.example", "ada@shop.example"),
        ("MAILTO:ada%2Bx@shop.example?subject=Hello", "ada+x@shop.example"),
        ("Ada Lovelace <Ada@shop.example>", "ada@shop.example"),
        ("<ada@shop.example>", "ada@shop.example"),
        ("ada@shop.example, bob@shop.example", None),
        ("ada@shop.example bob@shop.example", None),
        ("ada@shop.example;", None),
        ("ada@@shop.example", None),
        ("@shop.example", None),
        ("ada", None),
    ],
)
def test_an_email_address_is_read_or_left_out(stated: str, hashed: str | None, now: float) -> None:
    event = read_event({"event_name": "x", "user_id": "1", "user_data": {"email_address": stated}})
    assert sent(event, now)["user_data"].get("em") == (hashed and [digest(hashed)])


def test_several_addresses_and_numbers_are_all_sent(now: float) -> None:
    event = read_event(
        {
            "event_name": "x",
            "user_data": {
                "email_address": ["A@x.example ", "a@x.example", "b@x.example"],
                "phone_number": "030 1234567",
                "address": [{"country": "Germany"}, {"country": "AT"}],
            },
        }
    )
    user_data = sent(event, now, phone_region="de")["user_data"]
    assert user_data["em"] == [digest("a@x.example"), digest("b@x.example")]
    assert user_data["ph"] == [digest("49301234567")]
    assert user_data["country"] == [digest("de"), digest("at")]


def test_hashes_pass_through_and_clear_text_in_their_place_does_not(now: float) -> None:
    known = digest("jane@example.com")
    event = read_event(
        {
            "event_name": "x",
            "user_id": known.upper(),
            "user_data": {
                "email_address": known,
                "sha256_email_address": [known, "jane@example.com"],
                "sha256_phone_number": "+49301234567",
                "address": {"sha256_first_name": digest("jane"), "city": digest("berlin")},
            },
        }
    )
    assert sent(event, now)["user_data"] == {
        "external_id": [known],
        "em": [known],
        "fn": [digest("jane")],
        "ct": [digest("berlin")],
    }


def test_metas_own_identifiers_are_sent_as_they_are(now: float) -> None:
    event = read_event({"event_name": "x", "user_data": {"lead_id": 123, "ctwa_clid": "Ab"}})
    assert sent(event, now)["user_data"] == {"lead_id": 123, "ctwa_clid": "Ab"}


@pytest.mark.parametrize("nothing", ["undefined", " NULL ", "[object Object]", "{{name}}"])
def test_what_scripts_write_that_have_no_value_tells_of_nobody(nothing: str, now: float) -> None:
    address = dict.fromkeys(("first_name", "last_name", "city", "region", "country"), nothing)
    person = dict.fromkeys(("lead_id", "madid", "external_id", "gender"), nothing)
    event = read_event(
        {"event_name": "x", "user_id": "17", "user_data": {**person, "address": address}}
    )
    assert sent(event, now)["user_data"] == {"external_id": [digest("17")]}


ADDRESS = {"city": "Berlin", "country": "DE", "region": "Berlin", "postal_code": "10115"}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"user_agent": "Mozilla/5.0"},
        {"user_agent": "Mozilla/5.0", "user_data": {"gender": "f", "address": ADDRESS}},
        {"user_agent": "Mozilla/5.0", "user_data": {"date_of_birth": "1997-02-16"}},
        {"user_data": {"gender": "f", "address": {"first_name": "Jane"}}},
        {"user_data": {"gender": "f", "address": {"last_name": "Doe"}}},
    ],
    ids=["nothing", "agent", "address and gender", "birthday", "first name", "last name"],
)
def test_an_identity_that_meta_calls_too_thin(fields: dict[str, Any], now: float) -> None:
    event = read_event({"event_name": "x", **fields})
    assert "no usable customer information" in refused(event, now)
    assert "no usable customer information" in meta().unsendable(event)


@pytest.mark.parametrize(
    "fields",
    [
        {"ip_override": "203.0.113.7"},
        {"fbp": "fb.1.1795210000000.1"},
        {"click_ids": {"fbclid": "XyZ"}},
        {"user_id": "17"},
        {"user_data": {"phone_number": "+49 30 1234567"}},
        {"user_data": {"address": {"first_name": "Jane", "last_name": "Doe"}}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_an_identity_that_is_enough(fields: dict[str, Any], now: float) -> None:
    event = read_event({"event_name": "x", **fields})
    assert sent(event, now)["user_data"]
    assert meta().unsendable(event) == ""
