"""`stape_data`: Stape's Data Tag, in a page and on a server."""

from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest

from gateway.event import Event
from gateway.sources.answers import GIF
from gateway.sources.base import Batch, Inbound, Refused
from gateway.sources.stape_data.source import StapeData, StapeDataSettings

KEY = "s3cret-key"
SOURCE = StapeData(StapeDataSettings(type="stape_data", keys=[KEY]))
DENIED = {"ad_storage": "denied"}


def post(body: Any, query: str = "", **headers: str) -> Batch:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SOURCE.read(Inbound("POST", "/data", query, named, raw))


def get(query: str, **headers: str) -> Batch:
    return SOURCE.read(Inbound("GET", "/data", query, headers))


def one(body: Any, query: str = "") -> Event:
    batch = post(body, query)
    assert not batch.refused
    (event,) = batch.events
    return event


SENT = {
    "event_name": "purchase",
    "client_id": "dcid.1.1795289657142.123456789",
    "event_id": "e-1",
    "timestamp": 1795289657,
    "page_location": "https://shop.example/thanks",
    "pageHostname": "shop.example",
    "page_referrer": "https://shop.example/cart",
    "page_title": "Thanks",
    "page_encoding": "UTF-8",
    "screen_resolution": "1000x700",
    "viewport_size": "1000x600",
    "consent_state": {"ad_storage": True, "analytics_storage": False},
    "user_data": {"email_address": "ada@example.com", "address": {"country": "DE"}},
    "userPhoneNumber": "+4915112345678",
    "surname": "Lovelace",
    "e_v": "94.90",
    "ecommerce": {"currency": "EUR", "transaction_id": "T1", "items": [{"item_id": "A"}]},
    "own": 1,
}
READ = {
    "event_name": "purchase",
    "event_id": "e-1",
    "timestamp": 1795289657.0,
    "client_id": "dcid.1.1795289657142.123456789",
    "page_location": "https://shop.example/thanks",
    "page_hostname": "shop.example",
    "page_referrer": "https://shop.example/cart",
    "page_title": "Thanks",
    "page_encoding": "UTF-8",
    "screen_resolution": "1000x700",
    "viewport_size": "1000x600",
    "consent": {"ad_storage": "granted", "analytics_storage": "denied"},
    "user_data": {
        "email_address": "ada@example.com",
        "phone_number": "+4915112345678",
        "address": {"last_name": "Lovelace", "country": "DE"},
    },
    "value": 94.9,
    "currency": "EUR",
    "transaction_id": "T1",
    "items": [{"item_id": "A"}],
    "own": 1,
}
JSON = orjson.dumps(SENT)


def test_an_object() -> None:
    assert one(SENT, "v=abc&event_name=other") == READ


def test_what_is_empty_hides_nothing() -> None:
    commerce = {"items": [{"item_id": "A"}], "value": 5, "currency": "EUR"}
    empty = {"items": [], "value": "", "currency": None, "ecommerce": commerce}
    assert one({"event_name": "a", **empty}) == {"event_name": "a", **commerce}
    assert one({"event_name": "a", **empty, "value": 0})["value"] == 0
    person = {"userEmail": "a@example.com", "city": "Berlin"}
    stated = {"email_address": "", "address": {"city": "", "country": "DE"}}
    assert one({"event_name": "a", **person, "user_data": stated})["user_data"] == {
        "email_address": "a@example.com",
        "address": {"city": "Berlin", "country": "DE"},
    }


def test_an_array() -> None:
    batch = post([SENT, {"event_name": "b"}], "own=2")
    second = {"event_name": "b", "client_id": READ["client_id"], "own": "2"}
    assert batch.events == [READ, second]


@pytest.mark.parametrize(
    "query",
    [
        f"v=abc&dtcd={quote(JSON)}",
        f"v=abc&dtdc={quote(b64encode(JSON))}",
        f"v=abc&dtdc={b64encode(JSON).decode()}",  # not escaped
        f"dtdc={urlsafe_b64encode(JSON).decode().rstrip('=')}&event_name=other",
    ],
)
def test_a_query_that_holds_the_object(query: str) -> None:
    batch = get(query)
    assert batch.events == [READ]
    answer = SOURCE.answer(batch)
    assert (answer.status, answer.body) == (200, GIF)


@pytest.mark.parametrize(
    "query", ["dtcd=%5B%5D", "dtcd=x", "dtdc=%C3%A4", "dtdc=MQ", "dtcd=1&event_name=a", ""]
)
def test_a_query_that_holds_none(query: str) -> None:
    with pytest.raises(Refused) as refused:
        get(query)
    assert (refused.value.status, refused.value.reason) == (400, "malformed")


def test_a_form() -> None:
    form = {
        "event": "a b",
        "items.0.item_id": "A",
        "items.0.price": "1.5",
        "user_data.address.city": "Berlin",
        "consent_state.ad_storage": "false",
        "user_properties": '{"plan":"pro"}',
        "note": "{no JSON",
    }
    batch = post(urlencode(form).encode(), content_type="application/x-www-form-urlencoded")
    assert batch.events == [
        {
            "event_name": "a b",
            "items": [{"item_id": "A", "price": 1.5}],
            "user_data": {"address": {"city": "Berlin"}},
            "user_properties": {"plan": "pro"},
            "consent": DENIED,
            "note": "{no JSON",
        }
    ]


@pytest.mark.parametrize(
    ("sent", "field", "value"),
    [
        ({"eventName": "b"}, "event_name", "b"),
        ({"event": "b", "e_n": "c"}, "event_name", "b"),
        ({"e_n": "c"}, "event_name", "c"),
        ({"event_name": "", "event": None, "e_n": "c"}, "event_name", "c"),
        ({"own": 1}, "event_name", "Data"),
        ({"url": "https://a.example/", "href": "x"}, "page_location", "https://a.example/"),
        ({"hostname": "a.example"}, "page_hostname", "a.example"),
        ({"referrer": "https://a.example/"}, "page_referrer", "https://a.example/"),
        ({"urlref": "https://a.example/"}, "page_referrer", "https://a.example/"),
        ({"userId": 7}, "user_id", "7"),
        ({"_dcid": "d"}, "client_id", "d"),
        ({"data_client_id": "c", "_dcid": "d"}, "client_id", "c"),
        ({"unique_event_id": "1_2"}, "event_id", "1_2"),
        ({"event_id": "e", "unique_event_id": "1_2"}, "event_id", "e"),
        ({"ip": "203.0.113.9"}, "ip_override", "203.0.113.9"),  # the pipeline judges it
        ({"mail": "a@example.com"}, "user_data", {"email_address": "a@example.com"}),
        ({"phone": "1"}, "user_data", {"phone_number": "1"}),
        ({"gender": "f"}, "user_data", {"gender": "f"}),
        ({"db": "19900131"}, "user_data", {"date_of_birth": "19900131"}),
        ({"name": "Ada"}, "user_data", {"address": {"first_name": "Ada"}}),
        ({"familyName": "L"}, "user_data", {"address": {"last_name": "L"}}),
        (
            {"zip": "1", "state": "BE"},
            "user_data",
            {"address": {"postal_code": "1", "region": "BE"}},
        ),
    ],
)
def test_names(sent: Event, field: str, value: Any) -> None:
    event = one(sent)
    assert event[field] == value
    assert event.keys() <= {"event_name", "own", field}


def test_a_person_that_is_there_counts() -> None:
    stated = {"email_address": "a@example.com", "address": [{"city": "Berlin"}]}
    event = one({"user_data": stated, "email": "b@example.com", "zip": "1"})
    assert event == {"event_name": "Data", "user_data": stated}


@pytest.mark.parametrize(
    ("stated", "event"),
    [
        ([{"phone": "1"}], {"user_data": {"phone_number": "1", "email_address": "a@b.example"}}),
        ("", {"user_data": {"email_address": "a@b.example"}}),
        ([{"phone": "1"}, {"phone": "2"}], {"email": "a@b.example"}),
        ("unreadable", {"email": "a@b.example"}),
    ],
)
def test_a_person_in_any_form_loses_no_field(stated: Any, event: Event) -> None:
    read = one({"user_data": stated, "email": "a@b.example"})
    read.pop("ignored_fields", None)
    assert read == {"event_name": "Data", **event}


@pytest.mark.parametrize(
    ("objects", "cookie", "visitors"),
    [
        ([{"a": 1}], "_dcid=c-1; x=1", ["c-1"]),
        ([{"a": 1}, {"_dcid": "c-2"}], "_dcid=c-1", ["c-2", "c-2"]),
        ([{"client_id": "c-3"}, {"_dcid": "c-2"}], "", ["c-3", "c-2"]),
        ([{"a": 1}], "_dcid_temp=c-0", ["c-0"]),
        ([{"a": 1}], "_dcid_temp=c-0; _dcid=c-1", ["c-1"]),
        ([{"a": 1}], "_dcid_temp=c-0; _dcid=", ["c-0"]),
        ([{"a": 1}], "", [None]),
        ([{"client_id": {}}], "_dcid=c-1", [None]),
    ],
)
def test_the_visitor(objects: list[Event], cookie: str, visitors: list[str | None]) -> None:
    batch = post(objects, cookie=cookie)
    assert [event.get("client_id") for event in batch.events] == visitors


def test_the_id_that_the_tag_makes_on_each_page_is_nobodys() -> None:
    assert one({"event": "a", "_dcid_temp": "dcid.1.1795289657142.123456789"}) == {
        "event_name": "a"
    }


FBP, FBC = "fb.1.1795289657142.2", "fb.1.1795289657142.abc"
GCLID_COOKIE = "GCL.1795289657.gclid-1"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"common_cookie": {"_fbp": FBP, "_fbc": FBC}}, {"fbp": FBP, "fbc": FBC}),
        ({"cookies": {"_fbp": FBP, "_ttp": "t"}}, {"fbp": FBP, "ttp": "t"}),
        (
            {"common_cookie": {"_scid": "s"}, "cookies": {"_scid": "x", "_fbp": FBP}},
            {"scid": "s", "fbp": FBP},
        ),
        (
            {"common_cookie": {"ttclid": "t", "_epik": "e", "uet_msclkid": "m"}},
            {"click_ids": {"ttclid": "t", "epik": "e", "msclkid": "m"}},
        ),
        (
            {"common_cookie": {"taboola_cid": "a", "outbrain_cid": "b", "awin_awc": "c"}},
            {"click_ids": {"tblci": "a", "dicbo": "b", "awc": "c"}},
        ),
        ({"common_cookie": {"_gcl_aw": GCLID_COOKIE}}, {"click_ids": {"gclid": "gclid-1"}}),
        (
            {"common_cookie": {"_fbp": "x", "ttclid": "x"}, "fbp": FBP, "click_ids": {"a": "b"}},
            {"fbp": FBP, "click_ids": {"a": "b", "ttclid": "x"}},
        ),
        (
            {"common_cookie": {"_gtmeec": "e", "ttclid": 5, "_fbp": "", "awin_source": "aw"}},
            {"common_cookie": {"_gtmeec": "e", "ttclid": 5, "awin_source": "aw"}},
        ),
        (
            {
                "common_cookie": {"_fbc": FBC, "_gcl_aw": GCLID_COOKIE, "ttclid": "t"},
                "url": "https://a.example/?gclid=newer&fbclid=newer",
            },
            {
                "page_location": "https://a.example/?gclid=newer&fbclid=newer",
                "click_ids": {"ttclid": "t"},
            },
        ),
        (
            {"common_cookie": {"_fbc": FBC}, "url": "https://a.example/?fbclid=abc"},
            {"fbc": FBC, "page_location": "https://a.example/?fbclid=abc"},
        ),
        ({"cookies": 3, "common_cookie": ["a"]}, {"cookies": 3, "common_cookie": ["a"]}),
        ({"common_cookie": f'{{"_fbp": "{FBP}"}}'}, {"fbp": FBP}),
    ],
)
def test_ids_in_cookies_are_fields(sent: Event, read: Event) -> None:
    assert one(sent) == {"event_name": "Data", **read}


@pytest.mark.parametrize("stated", [DENIED, {"ad_storage": False}, {"ad_storage": "x"}])
def test_a_denial_holds(stated: Any) -> None:
    assert one({"consent_state": stated})["consent"] == DENIED


@pytest.mark.parametrize("stated", ["x", 1, False, "[object Object]"])
def test_a_consent_that_cannot_be_read_denies(stated: Any) -> None:
    assert set(one({"consent_state": stated})["consent"].values()) == {"denied"}


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ({"consent_state": {"ad_storage": True}}, "consent_state.ad_storage=false"),
        ({"consent_state": {"ad_storage": True}, "consent": DENIED}, ""),
        ({"consent_state": {"ad_storage": True}}, "consent.ad_storage="),
        ({"consent_state.ad_storage": False}, ""),
    ],
)
def test_the_denial_wins_wherever_it_stands(body: Event, query: str) -> None:
    assert one(body, query)["consent"] == DENIED


def test_a_key_is_trusted_and_a_wrong_one_refused() -> None:
    batch = post({"event": "a"}, authorization=f"Bearer {KEY}")
    assert (batch.trusted, batch.backend) == (True, True)
    assert not post({"event": "a"}).trusted
    with pytest.raises(Refused) as refused:
        post({"event": "a"}, authorization="Bearer other")
    assert (refused.value.status, refused.value.reason) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("headers", "backend"),
    [
        ({"user_agent": "WordPress/6.9; https://shop.example"}, True),
        ({"user_agent": "Mozilla/5.0", "x_stape_app_version": "2.1.30"}, True),
        ({"user_agent": "Mozilla/5.0 WordPress/6.9", "origin": "https://shop.example"}, False),
        ({}, False),
    ],
)
def test_an_order_of_a_shop_is_a_backends(headers: dict[str, str], backend: bool) -> None:
    batch = post({"event": "purchase"}, **headers)
    assert (batch.trusted, batch.backend) == (False, backend)


def test_answers() -> None:
    told = {"timestamp": 1795289657, "unique_event_id": "e-1"}
    assert orjson.loads(SOURCE.answer(post(SENT)).body) == told
    assert orjson.loads(SOURCE.answer(post([SENT])).body) == [told]
    some = SOURCE.answer(post([SENT, {}]))
    assert (some.status, orjson.loads(some.body)["accepted"]) == (200, 1)
    assert SOURCE.answer(post([{}])).status == 400


def test_head_is_answered_and_not_recorded() -> None:
    batch = SOURCE.read(Inbound("HEAD", "/data", "event_name=a"))
    assert (batch.events, SOURCE.answer(batch).status) == ([], 200)
