"""Snapchat's Conversions API: translation of events, refusals, and the meaning of responses."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from destinations.base import Request, Response, Unsendable
from destinations.snapchat import Snapchat, SnapchatSettings
from destinations.snapchat.built_in import EVENTS, OTHER_NAMES
from destinations.snapchat.destination import MAX_BYTES
from gateway.event import Event, read_event
from tests.support.digests import digest

NOW = 1795219260.0
MAIL = {"email_address": "Ada@Example.com"}
DEVICE = "EA7583CD-A667-48BC-B806-42ECB2B48606"


def snapchat(**settings: Any) -> Snapchat:
    given = {"pixel_id": "PIXEL", "access_token": "TOKEN", **settings}
    return Snapchat(SnapchatSettings.model_validate(given))


def event(**fields: Any) -> Event:
    return read_event({"event_name": "purchase", "event_id": "o-1", "user_data": MAIL, **fields})


def sent(fields: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """The one event of the request."""
    (request,) = snapchat(**settings).requests([event(**fields)], NOW)
    assert isinstance(request, Request), request
    return dict(orjson.loads(request.body)["data"][0])


def refused(fields: dict[str, Any], **settings: Any) -> str:
    (unsendable,) = snapchat(**settings).requests([event(**fields)], NOW)
    assert isinstance(unsendable, Unsendable), unsendable
    return unsendable.reason


def test_the_token_is_in_a_header_and_never_in_the_address() -> None:
    (request,) = snapchat(test_event_code="TEST1").requests([event()], NOW)
    assert isinstance(request, Request)
    assert request.url == "https://tr.snapchat.com/v3/PIXEL/events"
    assert request.headers["authorization"] == "Bearer TOKEN"
    assert b"TOKEN" not in request.body
    assert (orjson.loads(request.body)["test_event_code"], request.test) == ("TEST1", True)


def test_requests_stay_within_the_bytes() -> None:
    long = event(items=[{"item_id": f"{number:0100}"} for number in range(150)])
    results = list(snapchat().requests([long] * 100, NOW))
    requests = [each for each in results if isinstance(each, Request)]
    assert [place for each in requests for place in each.events] == list(range(100))
    assert len(requests) > 1
    assert all(len(each.body) < MAX_BYTES + 100 for each in requests)


def test_two_thousand_events_fill_a_request() -> None:
    requests = list(snapchat().requests([event()] * 4001, NOW))
    sizes = [len(request.events) for request in requests if isinstance(request, Request)]
    assert sizes == [2000, 2000, 1]


APP: dict[str, Any] = {
    "action_source": "app",
    "device": {"operating_system": "iOS", "operating_system_version": "26.1"},
}


def test_events_of_apps_go_to_the_app_and_others_to_the_pixel() -> None:
    destination = snapchat(snap_app_id="APP", app_id="123")
    events = [event(), event(**APP), event(action_source="physical_store"), event(**APP)]
    requests = [r for r in destination.requests(events, NOW) if isinstance(r, Request)]
    assert [(r.url.split("/")[4], r.events) for r in requests] == [
        ("PIXEL", (0, 2)),
        ("APP", (1, 3)),
    ]
    data = orjson.loads(requests[1].body)["data"][0]
    assert data["action_source"] == "MOBILE_APP"
    assert data["app_data"]["app_id"] == "123"
    assert len(data["app_data"]["extinfo"]) == 16


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({}, {0: "i2", 4: "26.1"}),
        ({"device": {**APP["device"], "operating_system": "iPhone OS"}}, {0: "i2", 4: "26.1"}),
        ({"device": {**APP["device"], "operating_system": "Android"}}, {0: "a2", 4: "26.1"}),
        ({"app_data": {"extinfo": ["a2", "shop", "", "", "15"]}}, {0: "a2", 1: "shop", 4: "15"}),
        ({"app_data": {"extinfo": ["a2", "shop"]}}, {0: "i2", 1: "", 4: "26.1"}),
        ({"app_data": {"extinfo": ["7", "shop", "", "", "15"]}}, {0: "i2", 1: "", 4: "26.1"}),
    ],
)
def test_extinfo_tells_the_system_and_its_version(
    fields: dict[str, Any], parts: dict[int, str]
) -> None:
    extinfo = sent({**APP, **fields}, snap_app_id="APP")["app_data"]["extinfo"]
    assert {place: extinfo[place] for place in parts} == parts


@pytest.mark.parametrize(
    ("fields", "settings", "reason"),
    [
        (APP, {}, "snap_app_id is not set"),
        ({}, {"pixel_id": None, "snap_app_id": "A"}, "pixel_id is not set"),
        ({"action_source": "app"}, {"snap_app_id": "A"}, "app_data.extinfo is missing"),
    ],
)
def test_what_an_operator_can_mend_is_a_dead_letter(
    fields: dict[str, Any], settings: dict[str, Any], reason: str
) -> None:
    assert snapchat(**settings).unsendable(event(**fields)) == ""
    assert reason in refused(fields, **settings)


def test_one_of_the_ids_is_needed() -> None:
    with pytest.raises(ValidationError, match="needs pixel_id"):
        snapchat(pixel_id=None)


@pytest.mark.parametrize("name", ["quiz_finished", "view_cart", "contact", "refund"])
def test_events_without_a_name_at_snapchat_are_withheld(name: str) -> None:
    assert snapchat().mapper.withholds(event(event_name=name))
    mapped = snapchat(mapping={"events": {name: "CUSTOM_EVENT_1"}})
    assert not mapped.mapper.withholds(event(event_name=name))
    assert mapped.mapper.name_of(event(event_name=name)) == "CUSTOM_EVENT_1"


@pytest.mark.parametrize("name", [*EVENTS.values(), *OTHER_NAMES])
def test_snapchats_own_names_stay(name: str) -> None:
    assert not snapchat().mapper.withholds(event(event_name=name))
    assert sent({"event_name": name})["event_name"] == name


@pytest.mark.parametrize(
    ("fields", "custom_data"),
    [
        ({"value": 9.9, "currency": "EUR"}, {"value": 9.9, "currency": "EUR"}),
        (
            {"items": [{"item_id": 7, "price": 2.5, "quantity": 2, "item_brand": "B",
                        "item_category": "C", "currency": "EUR"}, {"item_id": "8", "price": 1}]},
            {
                "value": 6,
                "currency": "EUR",
                "contents": [
                    {"id": "7", "quantity": "2", "item_price": "2.5", "brand": "B"},
                    {"id": "8", "quantity": "1", "item_price": "1"},
                ],
                "content_ids": ["7", "8"],
                "num_items": 3,
                "brands": ["B"],
                "content_category": ["C"],
            },
        ),
        (
            {"items": [{"item_id": "a", "item_brand": "", "item_category": ""},
                       {"item_id": "b", "item_brand": "B"}]},
            {
                "contents": [
                    {"id": "a", "quantity": "1"},
                    {"id": "b", "quantity": "1", "brand": "B"},
                ],
                "content_ids": ["a", "b"],
                "num_items": 2,
                "brands": ["B"],
            },
        ),
        (
            {"items": [{"item_id": "a", "quantity": 1.5}]},
            {"contents": [{"id": "a", "quantity": "1.5"}], "content_ids": ["a"]},
        ),
        (
            {"items": [{"item_id": "a", "price": 0.00001, "quantity": 2}], "value": 1},
            {
                "value": 1,
                "contents": [{"id": "a", "quantity": "2", "item_price": "0.00001"}],
                "content_ids": ["a"],
                "num_items": 2,
            },
        ),
        (
            {"items": [{"item_id": "a", "price": -0.0, "quantity": 0}], "value": 1},
            {"value": 1, "contents": [{"id": "a", "item_price": "0"}], "content_ids": ["a"]},
        ),
        ({"event_name": "sign_up", "method": "email"}, {"sign_up_method": "email"}),
        ({"predicted_ltv": "12", "content_category": "c"},
         {"predicted_ltv": 12, "content_category": "c"}),
        ({"transaction_id": "T", "search_term": "x"}, {"order_id": "T", "search_string": "x"}),
    ],
)  # fmt: skip
def test_custom_data(fields: dict[str, Any], custom_data: dict[str, Any]) -> None:
    assert sent(fields)["custom_data"] == custom_data


@pytest.mark.parametrize(
    ("fields", "user_data"),
    [
        ({"click_ids": {"ScCid": "c"}, "scid": "u-1"}, {"sc_click_id": "c", "sc_cookie1": "u-1"}),
        ({"page_location": "https://s.example/?ScCid=c-2"}, {"sc_click_id": "c-2"}),
        ({"click_ids": {"ScCid": "null"}, "scid": "a b"}, {}),
        ({"user_id": "U 1"}, {"external_id": [digest("u1")]}),
        ({"user_data": {**MAIL, "madid": "AB-1", "lead_id": 7, "idfv": "V"}},
         {"madid": "ab-1", "lead_id": "7", "idfv": "V"}),
        ({"user_data": {**MAIL, "idfa": DEVICE}}, {"madid": DEVICE.lower()}),
        ({"user_data": {**MAIL, "gaid": "unknown", "aaid": DEVICE}}, {"madid": DEVICE.lower()}),
        ({"user_data": {**MAIL, "idfa": DEVICE, "madid": "AB-1"}}, {"madid": "ab-1"}),
        ({"user_data": {**MAIL, "idfa": 7}}, {}),
        ({"user_data": {**MAIL, "date_of_birth": "1990-12-31", "gender": "Female"}},
         {"db": digest("19901231"), "ge": [digest("f")]}),
        ({"user_data": {**MAIL, "address": {"first_name": "O'Neil", "last_name": "De La Cruz",
                                            "city": "New York", "region": "California",
                                            "postal_code": "SW1A 1AA", "country": "USA"}}},
         {"fn": [digest("oneil"), digest("o'neil")], "ln": [digest("delacruz")],
          "ct": [digest("newyork")], "st": [digest("ca")], "zp": [digest("sw1a1aa")],
          "country": [digest("us")]}),
    ],
)  # fmt: skip
def test_user_data(fields: dict[str, Any], user_data: dict[str, Any]) -> None:
    assert sent(fields)["user_data"] == {"em": [digest("ada@example.com")], **user_data}


def test_a_mapped_date_of_birth_is_no_list() -> None:
    mapping = {"fields": {"user_data.db": {"field": "born"}, "user_data.fn": {"field": "name"}}}
    person = sent({"born": "1990-12-31", "name": "Ada"}, mapping=mapping)["user_data"]
    assert (person["db"], person["fn"]) == (digest("19901231"), [digest("ada")])


LDU = {
    "data_processing_options": ["LDU"],
    "data_processing_options_country": 0,
    "data_processing_options_state": 0,
}


@pytest.mark.parametrize(
    ("fields", "restrictions"),
    [
        ({}, {}),
        ({"consent": {"ad_personalization": "denied"}}, {**LDU, "opt_out": True}),
        ({"consent": {"ad_user_data": "denied"}}, LDU),
        ({"data_processing_options": ["LDU"]}, LDU),
        ({"data_processing_options": []}, {}),
        ({"opt_out": "1"}, {"opt_out": True}),
        ({"opt_out": False}, {}),
    ],
)
def test_restrictions(fields: dict[str, Any], restrictions: dict[str, Any]) -> None:
    made = sent(fields)
    assert {name: made[name] for name in (*LDU, "opt_out") if name in made} == restrictions


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"value": -1}, "value is negative"),
        ({"user_data": {}, "user_id": "u"}, "no usable customer information"),
        ({"user_data": {"madid": "00000000-0000-0000-0000-000000000000"}}, "no usable"),
        ({"user_data": {}, "ip_override": "203.0.113.7"}, "no usable customer information"),
        ({"user_data": {}, "ip_override": "10.0.0.1", "user_agent": "UA"}, "no usable"),
    ],
)
def test_what_snapchat_can_never_take_is_withheld(fields: dict[str, Any], reason: str) -> None:
    assert reason in snapchat().unsendable(event(**fields))
    assert reason in refused(fields)


def test_an_advertising_id_of_a_system_is_enough() -> None:
    fields = {"user_data": {"gaid": DEVICE}}
    assert snapchat().unsendable(event(**fields)) == ""
    assert sent(fields)["user_data"] == {"madid": DEVICE.lower()}


def test_an_address_with_a_user_agent_is_enough() -> None:
    fields = {"user_data": {}, "ip_override": "203.0.113.7", "user_agent": "UA"}
    assert snapchat().unsendable(event(**fields)) == ""
    assert sent(fields)["user_data"] == {
        "client_ip_address": "203.0.113.7",
        "client_user_agent": "UA",
    }


# Responses


def request_of(destination: Snapchat, count: int = 3) -> Request:
    (request,) = destination.requests([event()] * count, NOW)
    assert isinstance(request, Request)
    return request


def outcomes(answer: Any, status: int) -> list[tuple[str, str]]:
    destination = snapchat()
    body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
    found = destination.outcomes(request_of(destination), Response(status, {}, body))
    return [(each.result, each.scope) for each in found]


DELIVERED = [("delivered", "event")] * 3
ALL_REFUSED = [("rejected", "request")] * 3
SECOND_REFUSED = [("rejected", "request"), ("rejected", "event"), ("rejected", "request")]
DOWN = [("retry", "destination")] * 3
MEND = [("retry", "configuration")] * 3


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (200, {"status": "VALID"}, DELIVERED),
        (202, {"status": "VALID", "reason": ""}, DELIVERED),
        (200, {"status": "INVALID", "reason": "r", "event": 1}, SECOND_REFUSED),
        (400, {"status": "INVALID", "reason": "r", "event": 1}, SECOND_REFUSED),
        (400, {"status": "INVALID", "event": 3}, ALL_REFUSED),
        (400, {"status": "INVALID", "event": -1}, ALL_REFUSED),
        (400, {"status": "INVALID", "event": True}, ALL_REFUSED),
        (400, {"status": "INVALID", "event": "1"}, ALL_REFUSED),
        (400, {"status": "INVALID"}, ALL_REFUSED),
        (400, {"status": "VALID"}, ALL_REFUSED),
        (413, b"too large", ALL_REFUSED),
        (401, {"status": "INVALID", "event": 1}, MEND),
        (403, b"", MEND),
        (404, {"status": "INVALID"}, MEND),
        (429, {"status": "INVALID", "event": 1}, DOWN),
        (500, {"status": "INVALID", "event": 1}, DOWN),
        (200, b"", DOWN),
        (200, b"<html>welcome</html>", DOWN),
        (200, {"status": "SUCCESS"}, DOWN),
    ],
)
def test_answers(status: int, answer: Any, expected: list[tuple[str, str]]) -> None:
    assert outcomes(answer, status) == expected


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"reason": "why"}, "why"),
        ({"errors": {"codes": ["C"], "error_msgs": ["m"]}}, "m; C"),
        ({"reason": 7, "errors": "x"}, "x"),
        ({"reason": 7, "errors": {"codes": 7, "error_msgs": [None]}}, "no reason given"),
    ],
)
def test_the_reason_has_snapchats_words(answer: dict[str, Any], reason: str) -> None:
    destination = snapchat()
    body = orjson.dumps({"status": "INVALID", **answer})
    (first, *_) = destination.outcomes(request_of(destination), Response(400, {}, body))
    assert first.reason == reason


# Validation


def test_no_request_or_every_request_is_validated() -> None:
    never, always = snapchat(), snapchat(validate_share=1)
    assert never.check(request_of(never)) is None
    checked = always.check(request_of(always))
    assert checked is not None
    assert checked.url == "https://tr.snapchat.com/v3/PIXEL/events/validate"
    assert checked.body == request_of(always).body


@pytest.mark.parametrize(
    ("status", "answer", "warnings"),
    [
        (200, {"status": "VALID", "event_logs": [{"event": 0, "warnings": []}]}, []),
        (
            200,
            {"event_logs": [{"errors": "e is missing", "warnings": ["w1", 7]}, "x", {"errors": 1}]},
            ["Snapchat's validation: e is missing", "Snapchat's validation: w1"],
        ),
        (
            200,
            {"event_logs": [{"errors": {"codes": ["C"], "error_msgs": ["em"]}, "warnings": ["w"]}]},
            [f"Snapchat's validation: {each}" for each in ("em", "C", "w")],
        ),
        (200, {"event_logs": [{"errors": ["a", "b", "c", "d"]}]},
         [f"Snapchat's validation: {each}" for each in "abc"]),
        (500, {"event_logs": [{"errors": "e"}]}, []),
        (200, [], []),
        (200, {"event_logs": 7}, []),
    ],
)  # fmt: skip
def test_what_validation_finds_is_a_warning(status: int, answer: Any, warnings: list[str]) -> None:
    response = Response(status, {}, orjson.dumps(answer))
    assert list(snapchat().check_warnings(response)) == warnings
