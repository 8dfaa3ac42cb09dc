"""The fields of Meta's server events that only some events have."""

from hashlib import sha256
from typing import Any

import orjson
import pytest

from destinations.base import Request, Unsendable
from destinations.meta import Meta, MetaSettings
from gateway.event import read_event

NOW = 1795219260.0
META = Meta(MetaSettings(pixel_id="1", access_token="T"))


def made(fields: dict[str, Any]) -> Request | Unsendable:
    event = read_event({"event_name": "purchase", "user_id": "u", "value": 1, "currency": "EUR"})
    (request,) = META.requests([event | read_event({"event_name": "purchase", **fields})], NOW)
    return request


def sent(fields: dict[str, Any]) -> dict[str, Any]:
    request = made(fields)
    assert isinstance(request, Request), request
    data: dict[str, Any] = orjson.loads(request.body)["data"][0]
    return data


def refused(fields: dict[str, Any]) -> str:
    request = made(fields)
    assert isinstance(request, Unsendable), request
    return request.reason


# Enrichment and measurement


def test_an_event_may_complete_an_earlier_one() -> None:
    stated = {"event_name": "Purchase", "event_time": "1795210000", "order_id": 17, "other": 1}
    original = {"event_name": "Purchase", "event_time": 1795210000, "order_id": "17"}
    assert sent({"original_event_data": stated})["original_event_data"] == original


@pytest.mark.parametrize("stated", ["x", {}, {"event_time": 1795210000000}, {"order_id": {}}])
def test_what_names_no_earlier_event_is_left_out(stated: Any) -> None:
    assert "original_event_data" not in sent({"original_event_data": stated})


def test_attribution_and_segments_are_sent_as_they_are() -> None:
    stated = {
        "attribution_data": {"ad_id": "1", "attr_window": "7d_click"},
        "advanced_measurement_table": "orders",
        "customer_segmentation": "new_customer_to_business",
    }
    event = sent(stated)
    assert {name: event[name] for name in stated} == stated
    assert "attribution_data" not in sent({"attribution_data": "x"})


# Restrictions

LDU = {
    "data_processing_options": ["LDU"],
    "data_processing_options_country": 0,
    "data_processing_options_state": 0,
}


def restrictions(fields: dict[str, Any]) -> dict[str, Any]:
    event = sent(fields)
    return {key: event[key] for key in event if key.startswith("data_proc") or key == "opt_out"}


@pytest.mark.parametrize(
    ("stated", "flags"),
    [
        ({"data_processing_options": ["LDU"]}, LDU),
        ({"data_processing_options": "LDU"}, LDU),
        ({"data_processing_options": ["something newer"]}, LDU),
        ({"data_processing_options": []}, {}),
        ({"opt_out": True}, {"opt_out": True}),
        ({"opt_out": "1"}, {"opt_out": True}),
        ({"opt_out": "yes, please"}, {"opt_out": True}),
        ({"opt_out": False}, {}),
        ({"opt_out": "false"}, {}),
        ({"opt_out": None}, {}),
    ],
)
def test_an_event_may_restrict_its_use(stated: dict[str, Any], flags: dict[str, Any]) -> None:
    assert restrictions(stated) == flags


@pytest.mark.parametrize(
    ("country", "state", "sent_state"),
    [
        (1, 1000, (1, 1000)),
        ("1", "1013", (1, 1013)),
        (1, 0, (1, 0)),
        (0, 0, (0, 0)),
        (1, 9, (1, 1001)),
        (0, 1000, (1, 1001)),
        (None, None, (1, 1001)),
    ],
)
def test_the_place_of_a_restriction_is_the_stated_one_if_meta_knows_it(
    country: Any, state: Any, sent_state: tuple[int, int]
) -> None:
    flags = restrictions(
        {
            "data_processing_options": ["LDU"],
            "data_processing_options_country": country,
            "data_processing_options_state": state,
            "event_location": {"country": "US", "region": "CO"},
        }
    )
    found = (flags["data_processing_options_country"], flags["data_processing_options_state"])
    assert found == sent_state


def test_an_event_undoes_no_refusal_of_its_visitor() -> None:
    denied = {"consent": {"ad_user_data": "denied", "ad_personalization": "denied"}}
    stated = {"data_processing_options": [], "opt_out": False}
    assert restrictions({**stated, **denied}) == {**LDU, "opt_out": True}


# Conversations

WHATSAPP = {
    "action_source": "business_messaging",
    "messaging_channel": "WhatsApp",
    "user_data": {"ctwa_clid": "ARAk", "whatsapp_business_account_id": "17"},
}
BROWSER = {
    "page_location": "https://shop.example/",
    "page_referrer": "https://a.example/",
    "ip_override": "203.0.113.7",
    "user_agent": "Mozilla/5.0",
    "fbp": "fb.1.1795210000000.1",
    "click_ids": {"fbclid": "XyZ"},
}


def test_a_conversation_has_its_channel_and_nothing_of_a_browser() -> None:
    event = sent({**WHATSAPP, **BROWSER})
    assert event["messaging_channel"] == "whatsapp"
    assert event["user_data"].keys() == {"ctwa_clid", "whatsapp_business_account_id", "external_id"}
    assert event.keys().isdisjoint({"event_source_url", "referrer_url"})


def test_a_lead_of_a_conversation_has_another_name() -> None:
    assert sent({**WHATSAPP, "event_name": "generate_lead"})["event_name"] == "LeadSubmitted"


def test_meta_takes_few_events_of_conversations() -> None:
    assert "Meta takes no Contact" in refused({**WHATSAPP, "event_name": "contact"})


@pytest.mark.parametrize("channel", [None, "", "telegram", 7])
def test_a_conversation_needs_a_channel(channel: Any) -> None:
    assert "messaging_channel is missing" in refused({**WHATSAPP, "messaging_channel": channel})


def test_a_website_has_no_channel() -> None:
    assert "messaging_channel" not in sent({"messaging_channel": "whatsapp"})


# Apps

EXTINFO = ["i2", "ex.shop", "1.2", "1.2 34", "17.5", "iPhone15,2", "de_DE", "", "", "390", "844"]
EXTINFO += ["", "", "", "", "Europe/Berlin"]
PHONE = {
    "app": {"namespace": "ex.shop", "version": "1.2", "build": 34},
    "device": {
        "operating_system": "iOS",
        "operating_system_version": "17.5",
        "model": "iPhone15,2",
    },
    "language": "de-DE",
    "screen_resolution": "390x844",
    "timezone": "Europe/Berlin",
}


def test_an_event_of_an_app_describes_it() -> None:
    event = sent({"action_source": "app", **PHONE})
    assert event["app_data"] == {"advertiser_tracking_enabled": 0, "extinfo": EXTINFO}


def test_stated_app_data_is_completed() -> None:
    stated = {"advertiser_tracking_enabled": True, "application_tracking_enabled": "no", "a": 1}
    sent_data = {"advertiser_tracking_enabled": 1, "application_tracking_enabled": 0, "a": 1}
    event = sent({"action_source": "app", **PHONE, "app_data": stated})
    assert event["app_data"] == {**sent_data, "extinfo": EXTINFO}


def test_a_stated_description_of_the_device_has_sixteen_texts() -> None:
    stated = ["a2", "ex.shop", 1.2, None, 15]
    data = sent({"action_source": "app", "app_data": {"extinfo": stated}})
    assert data["app_data"]["extinfo"] == ["a2", "ex.shop", "1.2", "", "15"] + [""] * 11
    data = sent({**PHONE, "action_source": "app", "app_data": {"extinfo": ["windows"]}})
    assert data["app_data"]["extinfo"] == EXTINFO


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"app_data": "x"},
        {"app_data": {"install_referrer": "x"}},
        {"app_data": {"extinfo": ["a2", "ex.shop", "1.2"]}},
        {"device": {"operating_system": "iOS"}},
        {"device": {"operating_system": "Windows", "operating_system_version": "11"}},
    ],
)
def test_apps_have_to_describe_themselves(fields: dict[str, Any]) -> None:
    assert "app_data.extinfo is missing" in refused({"action_source": "app", **fields})


def test_app_data_that_meta_would_refuse_is_left_out_of_a_website() -> None:
    assert "app_data" not in sent({"app_data": {"install_referrer": "x"}})
    assert sent({"app_data": {"extinfo": EXTINFO}})["app_data"]["extinfo"] == EXTINFO


# External ids


@pytest.mark.parametrize(
    ("fields", "ids"),
    [
        ({}, ["u"]),
        ({"client_id": "1.1"}, ["u", "1.1"]),
        ({"user_data": {"external_id": "c-7"}, "client_id": "1.1"}, ["c-7", "u", "1.1"]),
        ({"user_data": {"external_id": ["c-7", "U", 8]}}, ["c-7", "u", "8"]),
        ({"user_data": {"external_id": ["undefined", "NULL", "{{id}}", "c-7"]}}, ["c-7", "u"]),
        ({"user_data": {"external_id": 0}}, ["u"]),
        ({"user_data": {"external_id": ["0", "00"]}}, ["00", "u"]),
        ({"user_data": {"external_id": ["Guest", " not_logged_in", -1, "c-7"]}}, ["c-7", "u"]),
        ({"client_id": "u"}, ["u"]),
        ({"client_id": "1.1", "consent": {"ad_storage": "denied"}}, ["u"]),
        ({"client_id": "1.1", "consent": {"ad_user_data": "denied"}}, ["u"]),
        ({"client_id": "1.1", "consent": {"ad_user_data": "granted"}}, ["u", "1.1"]),
    ],
)
def test_every_id_is_an_external_id(fields: dict[str, Any], ids: list[str]) -> None:
    digests = [sha256(each.encode()).hexdigest() for each in ids]
    assert sent(fields)["user_data"]["external_id"] == digests


# Maximum age


@pytest.mark.parametrize(
    ("settings", "fields", "days"),
    [
        ({}, {}, 7),
        ({}, {"action_source": "physical_store"}, 62),
        ({}, {"action_source": "website"}, 7),
        ({"action_source": "physical_store"}, {}, 62),
        ({"action_source": "physical_store"}, {"page_location": "https://shop.example/"}, 7),
        ({"action_source": "physical_store"}, {"action_source": "phone_call"}, 7),
    ],
)
def test_sales_at_a_till_may_be_older(
    settings: dict[str, Any], fields: dict[str, Any], days: int
) -> None:
    meta = Meta(MetaSettings(pixel_id="1", access_token="T", **settings))
    assert meta.max_age({"event_name": "purchase", **fields}).days == days
