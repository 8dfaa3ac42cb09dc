"""TikTok's Events API: translation of events, refusals, and the meaning of responses."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from destinations.base import DELIVERED, THROTTLE_SECONDS, Request, Response, Unsendable
from destinations.remarks import collect_remarks
from destinations.tiktok import TikTok, TikTokSettings
from destinations.tiktok.built_in import EVENTS
from gateway.event import Event, read_event
from tests.support.digests import digest

NOW = 1795219260.0
NOBODYS = "00000000-0000-0000-0000-000000000000"
"""The advertising id that systems report if the user has limited tracking."""


def tiktok(**settings: Any) -> TikTok:
    given = {"event_source_id": "CPIX1", "access_token": "TOKEN", **settings}
    return TikTok(TikTokSettings.model_validate(given))


def event(**fields: Any) -> Event:
    return read_event({"event_name": "purchase", "event_id": "o-1", "user_id": "u", **fields})


def made(destination: TikTok, *events: Event) -> list[dict[str, Any]]:
    """The bodies of the requests."""
    requests = list(destination.requests(events, NOW))
    assert all(isinstance(request, Request) for request in requests), requests
    return [orjson.loads(request.body) for request in requests if isinstance(request, Request)]


def sent(fields: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """The one event of the request."""
    (body,) = made(tiktok(**settings), event(**fields))
    return dict(body["data"][0])


def refused(fields: dict[str, Any], **settings: Any) -> str:
    destination = tiktok(**settings)
    (unsendable,) = destination.requests([event(**fields)], NOW)
    assert isinstance(unsendable, Unsendable), unsendable
    return unsendable.reason


def test_the_token_is_in_a_header_and_nowhere_else() -> None:
    (request,) = tiktok(test_event_code="TEST1").requests([event()], NOW)
    assert isinstance(request, Request)
    assert request.url == "https://business-api.tiktok.com/open_api/v1.3/event/track/"
    assert request.headers["access-token"] == "TOKEN"
    assert b"TOKEN" not in request.body
    body = orjson.loads(request.body)
    assert (body["event_source"], body["event_source_id"]) == ("web", "CPIX1")
    assert (body["test_event_code"], request.test) == ("TEST1", True)


def test_a_thousand_events_fill_a_request() -> None:
    requests = list(tiktok().requests([event()] * 2001, NOW))
    sizes = [len(request.events) for request in requests if isinstance(request, Request)]
    assert sizes == [1000, 1000, 1]


def test_events_are_grouped_by_source_and_test_code() -> None:
    destination = tiktok(event_source_ids={"app": "7", "offline": "8"})
    app = {"action_source": "app", "app": {"namespace": "com.shop"}}
    bodies = made(
        destination,
        event(),
        event(**app),
        event(action_source="physical_store"),
        event(action_source="website"),
        event(**app, test_event_code="T1"),
        event(action_source="chat"),
    )
    shared = [(b["event_source"], b["event_source_id"], b.get("test_event_code")) for b in bodies]
    assert shared == [
        ("web", "CPIX1", None),
        ("app", "7", None),
        ("offline", "8", None),
        ("app", "7", "T1"),
    ]
    assert [len(body["data"]) for body in bodies] == [3, 1, 1, 1]


@pytest.mark.parametrize(
    ("stated", "source"),
    [
        ("Web", "web"),
        ("mobile_app", "app"),
        ("app_ios", "app"),
        ("in_store", "offline"),
        ("phone_call", "offline"),
        ("email", "web"),
    ],
)
def test_the_source_is_told_by_every_word_for_a_place(stated: str, source: str) -> None:
    destination = tiktok(event_source_ids={"app": "7", "offline": "8"})
    (body,) = made(destination, event(action_source=stated, app={"namespace": "com.shop"}))
    assert body["event_source"] == source


@pytest.mark.parametrize("stated", ["app", "physical_store", "crm", 7, ["app"]])
def test_a_source_that_is_not_configured_is_the_usual_one(stated: Any) -> None:
    (body,) = made(tiktok(), event(action_source=stated))
    assert body["event_source"] == "web"


@pytest.mark.parametrize("name", ["quiz_finished", *EVENTS.values()])
def test_other_names_and_tiktoks_own_stay(name: str) -> None:
    assert sent({"event_name": name})["event"] == name


@pytest.mark.parametrize(
    ("fields", "properties"),
    [
        ({"value": 9.9, "currency": "EUR"}, {"value": 9.9, "currency": "EUR"}),
        ({"value": 0}, {"value": 0}),
        (
            {"items": [{"item_id": 7, "price": 2.5, "quantity": 2, "currency": "EUR"}]},
            {
                "value": 5,
                "currency": "EUR",
                "contents": [{"content_id": "7", "quantity": 2, "price": 2.5}],
                "content_ids": ["7"],
                "content_type": "product",
                "num_items": 2,
            },
        ),
        ({"items": [{"price": 1}], "value": 1}, {"value": 1}),
        (
            {"items": [{"item_id": 7, "quantity": 0}]},
            {"contents": [{"content_id": "7"}], "content_ids": ["7"], "content_type": "product"},
        ),
        ({"customer_type": "new", "shop_id": 7}, {"customer_type": "new", "shop_id": "7"}),
        ({"customer_type": "old", "description": "d"}, {"description": "d"}),
        (
            {"transaction_id": "T", "search_term": "wool"},
            {"order_id": "T", "search_string": "wool"},
        ),
    ],
)
def test_properties(fields: dict[str, Any], properties: dict[str, Any]) -> None:
    assert sent(fields)["properties"] == properties


@pytest.mark.parametrize(
    ("fields", "user"),
    [
        ({"ttp": "a.b-1"}, {"ttp": "a.b-1"}),
        ({"ttp": "<script>"}, {}),
        ({"ttp": {"a": 1}}, {}),
        *(({"ttp": empty}, {}) for empty in ({}, [], 0, None, "", False)),
        ({"click_ids": {"ttclid": "E.C.P.x"}}, {"ttclid": "E.C.P.x"}),
        ({"click_ids": {"ttclid": "undefined"}}, {}),
        ({"page_location": "https://s.example/?a=1&ttclid=E.C.x"}, {"ttclid": "E.C.x"}),
        ({"page_referrer": "https://s.example/?ttclid=E.C.x"}, {"ttclid": "E.C.x"}),
        ({"ip_override": "10.0.0.1"}, {}),
        ({"ip_override": "2001:db8::1"}, {"ip": "2001:db8::1"}),
        ({"language": "de-DE"}, {"locale": "de-DE"}),
        ({"user_data": {"idfa": "ea7583cd-A667"}}, {"idfa": "EA7583CD-A667"}),
        ({"user_data": {"gaid": " AAAA-2222 "}}, {"gaid": "aaaa-2222"}),
        ({"user_data": {"idfv": "V-1", "att_status": "authorized"}},
         {"idfv": "V-1", "att_status": "AUTHORIZED"}),
        ({"user_data": {"att_status": "yes"}}, {}),
        ({"user_data": {"madid": "AB"}, "device": {"operating_system": "iOS"}}, {"idfa": "AB"}),
        ({"user_data": {"madid": "AB"}, "device": {"operating_system": "Android"}}, {"gaid": "ab"}),
        ({"user_data": {"madid": "AB"}, "action_source": "app_ios"}, {"idfa": "AB"}),
        ({"user_data": {"madid": "AB"}, "device": {"operating_system": " iOS "}}, {"idfa": "AB"}),
        ({"user_data": {"madid": "AB"}}, {}),
        ({"user_data": {"idfa": NOBODYS, "gaid": NOBODYS, "idfv": f" {NOBODYS}"}}, {}),
        (
            {"user_data": {"address": [{"first_name": "Mary Ann", "city": "São Paulo"},
                                       {"last_name": "X", "region": "US-CA", "country": "USA"}]}},
            {"first_name": digest("maryann"), "last_name": digest("x"), "city": "sãopaulo",
             "state": "ca", "country": "us"},
        ),
        ({"user_data": {"address": [{"city": digest("x"), "region": digest("y").upper(),
                                     "country": digest("z")}, {"city": "Rome"}]}},
         {"city": "rome"}),
        ({"user_data": {"phone_number": "030 123456"}}, {"phone": [digest("+4930123456")]}),
        ({"user_data": {"external_id": [" A 1 ", 7]}},
         {"external_id": [digest("a 1"), digest("7"), digest("u")]}),
    ],
)  # fmt: skip
def test_user(fields: dict[str, Any], user: dict[str, Any]) -> None:
    everybody = {"external_id": [digest("u")]}
    assert sent(fields, phone_region="DE")["user"] == everybody | user


def test_a_kind_of_source_has_one_id() -> None:
    with pytest.raises(ValidationError, match="event_source_id is the one of web"):
        tiktok(event_source_ids={"web": "OTHER"})


def test_a_page_needs_its_address_and_belongs_to_websites() -> None:
    page = {"page_location": "https://s.example/", "page_referrer": "https://a.example/"}
    assert sent(page)["page"] == {"url": "https://s.example/", "referrer": "https://a.example/"}
    assert "page" not in sent({"page_referrer": "https://a.example/"})
    assert "page" not in sent(page, event_source="offline")


@pytest.mark.parametrize("name", ["CompletePayment", "SubmitForm", "Purchase"])
def test_an_offline_event_may_have_a_former_name(name: str) -> None:
    assert sent({"event_name": name}, event_source="offline")["event"] == name


def test_leads_of_a_crm() -> None:
    stated = {"lead_id": 17, "lead_event_source": "shop"}
    lead = {"lead_id": "17", "lead_event_source": "shop"}
    assert sent(stated, event_source="crm")["lead"] == lead
    assert "lead" not in sent(stated)
    assert "lead.lead_id is missing" in refused({}, event_source="crm")
    assert "app.app_id is missing" in refused({}, event_source="app")


@pytest.mark.parametrize(
    ("fields", "limited"),
    [
        ({}, None),
        ({"consent": {"ad_personalization": "denied"}}, True),
        ({"consent": {"ad_user_data": "denied"}}, True),
        ({"consent": {"ad_personalization": "granted"}}, None),
        ({"limited_data_use": "true"}, True),
        ({"limited_data_use": False}, None),
        ({"limited_data_use": "perhaps"}, True),
        ({"opt_out": True}, True),
        ({"opt_out": "no"}, None),
        ({"data_processing_options": ["LDU"]}, True),
        ({"data_processing_options": []}, None),
    ],
)
def test_limited_data_use(fields: dict[str, Any], limited: bool | None) -> None:
    assert sent(fields).get("limited_data_use") is limited


def test_a_mapping_cannot_lift_a_restriction() -> None:
    mapping = {"fields": {"user.email": "ada@example.com", "properties.value": 1}}
    fields = {"consent": {"ad_personalization": "denied"}}
    assert sent(fields, mapping=mapping)["limited_data_use"] is True


@pytest.mark.parametrize(
    ("fields", "settings", "reason"),
    [
        ({"user_id": ""}, {}, "no usable customer information"),
        ({"event_name": "refund", "value": 1}, {}, "TikTok does not support refunds"),
        ({"value": -1}, {}, "value is negative"),
        ({"event_name": "CompletePayment", "value": -1}, {}, "value is negative"),
        (
            {"value": -1},
            {"mapping": {"events": {"purchase": "CompletePayment"}}},
            "value is negative",
        ),
        ({"event_name": "quiz"}, {"event_source": "offline"}, "only standard events"),
        (
            {"consent": {"ad_personalization": "denied"}},
            {"event_source": "offline"},
            "ad_user_data or ad_personalization is denied, and TikTok has limited_data_use for web",
        ),
        ({"limited_data_use": True}, {"event_source": "offline"}, "limited_data_use asks for"),
        ({"opt_out": True}, {"event_source": "offline"}, "opt_out asks for"),
        ({"data_processing_options": ["LDU"]}, {"event_source": "offline"}, "options asks for"),
        (
            {"consent": {"ad_personalization": "denied"}, "lead_id": "1"},
            {"event_source": "crm"},
            "ad_personalization is denied",
        ),
    ],
)
def test_what_tiktok_can_never_take_is_withheld(
    fields: dict[str, Any], settings: dict[str, Any], reason: str
) -> None:
    assert reason in tiktok(**settings).unsendable(event(**fields))
    assert reason in refused(fields, **settings)


def test_a_refund_can_be_given_a_name() -> None:
    mapping = {"events": {"refund": "Refunded"}}
    assert sent({"event_name": "refund"}, mapping=mapping)["event"] == "Refunded"


@pytest.mark.parametrize("name", ["purchase", "CompletePayment"])
def test_a_value_that_a_mapping_makes_negative_is_a_dead_letter(name: str) -> None:
    mapping = {"fields": {"properties.value": {"field": "margin", "as": "number"}}}
    fields = {"event_name": name, "value": 5, "margin": -1}
    assert "value is negative" in refused(fields, mapping=mapping)


def test_a_mapping_can_tell_the_person() -> None:
    mapping = {"fields": {"user.email": {"field": "mail"}, "user.first_name": {"field": "first"},
                          "user.city": {"field": "town"}}}  # fmt: skip
    fields = {"mail": "Ada@Example.com", "first": "Mary Ann", "town": "New York"}
    assert sent({"user_id": "", **fields}, mapping=mapping)["user"] == {
        "email": [digest("ada@example.com")],
        "first_name": digest("maryann"),
        "city": "newyork",
    }


def test_remarks_name_fields_and_never_values() -> None:
    with collect_remarks() as remarks:
        sent({"ttp": "<x>", "customer_type": "gold", "user_data": {"madid": "AB"}})
    assert len(remarks) == 3
    assert not any(value in line for line in remarks for value in ("<x>", "gold", "AB"))


# Responses


def outcomes(answer: Any, status: int = 200, count: int = 3) -> list[tuple[str, str]]:
    destination = tiktok()
    (request,) = destination.requests([event()] * count, NOW)
    assert isinstance(request, Request)
    body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
    found = destination.outcomes(request, Response(status, {}, body))
    return [(each.result, each.scope) for each in found]


ALL_REFUSED = [("rejected", "request")] * 3
DOWN = [("retry", "destination")] * 3
MEND = [("retry", "configuration")] * 3


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((0,), [("delivered", "event")] * 3),
        ((40100, 40132, 61000), DOWN),
        ((40201, 40202, 50000, 50002, 51000, 52999, 53001, 60001), DOWN),
        ((40001, 40003, 40101, 40102, 40103, 40104, 40105, 40106, 40107, 40108, 40109), MEND),
        ((40110, 40113, 40118, 40130, 40131, 40300, 40301, 40302, 70001), MEND),
        ((40000, 40002, 40050, 40061, 40062, 40063), ALL_REFUSED),
        ((40006, 40007, 40051), MEND),
        ((12345, -1), MEND),
    ],
)
def test_codes(codes: tuple[int, ...], expected: list[tuple[str, str]]) -> None:
    for code in codes:
        assert outcomes({"code": code, "message": "said"}) == expected, code


@pytest.mark.parametrize(
    ("message", "guilty"),
    [
        ("Batch.1.properties.contents.0.content_id: missing", 1),
        ("Invalid value for Batch.2.event_time", 2),
        ("Batch.0: 'Batch.2.x' is not an event", 0),
        ("Batch.3.event: no such event", None),
        ("Batch.x.event", None),
        (None, None),
        (["Batch.1.event"], None),
    ],
)
def test_the_event_that_is_named_is_rejected_and_the_others_are_sent_again(
    message: Any, guilty: int | None
) -> None:
    expected = [("rejected", "event" if place == guilty else "request") for place in range(3)]
    assert outcomes({"code": 40002, "message": message}) == expected


def test_a_part_that_was_taken_is_not_sent_again() -> None:
    taken = ("delivered", "event")
    assert outcomes({"code": 20001, "message": "Partial success"}) == [taken] * 3
    named = outcomes({"code": 20001, "message": "Batch.1.event_time: too old"})
    assert named == [taken, ("rejected", "event"), taken]


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (200, b"<html>welcome</html>", DOWN),
        (200, {"status": "ok"}, DOWN),
        (200, {"code": True}, DOWN),
        (200, {"code": "0"}, DOWN),
        (401, {"code": 0}, MEND),
        (429, {"code": 40002, "message": "Batch.0.x"}, DOWN),
        (500, {"code": 40002, "message": "Batch.0.x"}, DOWN),
        (503, {"code": 0}, DOWN),
        (404, {"code": 0}, MEND),
        (413, b"too large", ALL_REFUSED),
        (400, {"code": 40105}, MEND),
    ],
)
def test_answers_with_other_statuses(
    status: int, answer: Any, expected: list[tuple[str, str]]
) -> None:
    assert outcomes(answer, status) == expected


def test_throttling_waits() -> None:
    destination = tiktok()
    (request,) = destination.requests([event()], NOW)
    assert isinstance(request, Request)
    body = orjson.dumps({"code": 40100, "message": "m"})
    (outcome,) = destination.outcomes(request, Response(200, {}, body))
    assert outcome.retry_after == THROTTLE_SECONDS
    (outcome,) = destination.outcomes(request, Response(200, {"retry-after": "7"}, body))
    assert outcome.retry_after == 7
    (outcome,) = destination.outcomes(request, Response(200, {}, b'{"code":0}'))
    assert outcome == DELIVERED
