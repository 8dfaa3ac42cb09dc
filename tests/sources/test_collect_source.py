"""`collect`: our own JSON and forms, from browsers."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from gateway.sources.base import Inbound, Refused
from gateway.sources.collect import Collect, CollectSettings
from gateway.sources.pixel import Pixel, PixelSettings

COLLECT = Collect(CollectSettings(type="collect"))
FORM = "application/x-www-form-urlencoded;charset=UTF-8"

PURCHASE = {
    "event_name": "purchase",
    "transaction_id": "T-1",
    "value": 25.5,
    "currency": "EUR",
    "items": [{"item_id": "A", "price": 12.75, "quantity": 2}],
    "user_data": {"email_address": "a@example.com", "address": {"city": "Linz"}},
}
PURCHASE_FIELDS = {
    "event_name": "purchase",
    "transaction_id": "T-1",
    "value": "25.5",
    "currency": "EUR",
    "items.0.item_id": "A",
    "items.0.price": "12.75",
    "items.0.quantity": "2",
    "user_data.email_address": "a@example.com",
    "user_data.address.city": "Linz",
}


def post(body: bytes, content_type: str | None = None, query: str = "") -> Inbound:
    headers = {} if content_type is None else {"content-type": content_type}
    return Inbound("POST", "/collect", query, headers, body)


def as_multipart(fields: dict[str, str], boundary: str = "B") -> bytes:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return "".join([*parts, f"--{boundary}--\r\n"]).encode()


@pytest.mark.parametrize(
    "request_",
    [
        post(orjson.dumps(PURCHASE), "application/json"),
        post(orjson.dumps(PURCHASE), "Application/JSON; charset=utf-8"),
        post(orjson.dumps(PURCHASE), "text/plain;charset=UTF-8"),
        post(orjson.dumps(PURCHASE), "text/plain"),
        post(orjson.dumps(PURCHASE), ""),
        post(orjson.dumps(PURCHASE)),
        post(orjson.dumps([PURCHASE])),
        post(orjson.dumps({"events": [PURCHASE]})),
        post(orjson.dumps(PURCHASE), "text/json"),
        post(orjson.dumps(PURCHASE), "application/octet-stream"),
        post(b"\xef\xbb\xbf" + orjson.dumps(PURCHASE)),
        post(b"\xef\xbb\xbf" + orjson.dumps(PURCHASE), FORM),
        post(b" \r\n\xef\xbb\xbf\t" + orjson.dumps([PURCHASE]), FORM),
        post(urlencode(PURCHASE_FIELDS).encode(), FORM),
        post(as_multipart(PURCHASE_FIELDS), "multipart/form-data; boundary=B"),
        post(as_multipart(PURCHASE_FIELDS), 'multipart/form-data; boundary="B"'),
        post(b"", None, urlencode(PURCHASE_FIELDS)),
        post(b"", "text/plain", urlencode(PURCHASE_FIELDS)),
    ],
)
def test_one_event_in_every_way_that_a_page_can_send_it(request_: Inbound) -> None:
    batch = COLLECT.read(request_)
    assert batch.events == [PURCHASE]
    assert not batch.trusted
    answer = COLLECT.answer(batch)
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize(
    "content_type", ["application/xml", "image/png", "text/html", "application/octet-stream"]
)
@pytest.mark.parametrize("body", [b"<event/>", b"event_name=a", b"\x00{", b" "])
def test_what_is_neither_json_nor_a_form_is_415(content_type: str, body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        COLLECT.read(post(body, content_type))
    assert (refused.value.status, refused.value.reason) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", None),
        (b'{"events": {}}', None),
        (b'{"events": []}', None),
        (as_multipart({"event_name": "a"})[:-4], "multipart/form-data; boundary=B"),
        (as_multipart({"event_name": "a"}), "multipart/form-data; boundary=C"),
        (as_multipart({"event_name": "a"}), "multipart/form-data"),
        (b"--B\r\n\r\nno name\r\n--B--\r\n", "multipart/form-data; boundary=B"),
        (as_multipart({"event_name": "a"}), f"multipart/form-data{';' * 60_000} boundary=B"),
    ],
)
def test_nothing_that_can_be_read_is_400(body: bytes, content_type: str | None) -> None:
    try:
        batch = COLLECT.read(post(body, content_type))
    except Refused as refused:
        assert (refused.status, refused.reason) == (400, "malformed")  # noqa: PT017
    else:
        assert not batch.events
        assert COLLECT.answer(batch).status == 400


def test_some_events_are_refused() -> None:
    batch = COLLECT.read(post(orjson.dumps([PURCHASE, {"value": 1}, 7, {"event_name": "a"}])))
    assert [event["event_name"] for event in batch.events] == ["purchase", "a"]
    answer = COLLECT.answer(batch)
    assert answer.status == 200
    report = orjson.loads(answer.body)
    assert report["accepted"] == 2
    assert [refusal["index"] for refusal in report["refused"]] == [1, 2]
    assert report["refused"][0]["reason"] == "event_name: Field required"


def test_all_events_are_refused() -> None:
    answer = COLLECT.answer(COLLECT.read(post(b'[{"event_name": "", "value": "much"}]')))
    assert answer.status == 400
    report = orjson.loads(answer.body)
    assert report["accepted"] == 0
    assert report["refused"][0]["index"] == 0
    assert report["refused"][0]["reason"] == "event_name: String should have at least 1 character"


def test_what_a_page_claims_about_its_address_is_left_to_the_pipeline() -> None:
    fields = {"event_name": "a", "ip_override": "203.0.113.9"}
    for request in (
        post(orjson.dumps([fields])),
        post(urlencode(fields).encode(), FORM),
        post(b"", None, urlencode(fields)),
    ):
        batch = COLLECT.read(request)
        assert batch.events == [fields]
        assert not batch.trusted


GRANTED, DENIED = {"ad_storage": "granted"}, {"ad_storage": "denied"}


@pytest.mark.parametrize(
    ("envelope", "event", "stated"),
    [
        ({"consent": DENIED}, {}, {"consent": DENIED}),
        ({"consent": DENIED}, {"consent": GRANTED}, {"consent": DENIED}),
        ({"consent": GRANTED}, {"consent": DENIED}, {"consent": DENIED}),
        ({"consent": DENIED}, {"consent": {}}, {"consent": DENIED}),
        ({"consent": {}}, {"consent": DENIED}, {"consent": DENIED}),
        ({"consent": []}, {}, {}),
        ({"consent.ad_storage": "denied"}, {"consent": GRANTED}, {"consent": DENIED}),
        ({"consent": GRANTED}, {"consent[ad_storage]": "denied"}, {"consent": DENIED}),
        ({}, {"consent.ad_storage": "", "consent.adStorage": "granted"}, {"consent": DENIED}),
        ({}, {"page_title": "consent.html"}, {"page_title": "consent.html"}),
        ({"gcs": "G100", "x": 1}, {}, {"gcs": "G100"}),
        ({"gcs": "G100"}, {"gcs": "G111"}, {"gcs": ["G100", "G111"]}),
        ({"tc_string": "a", "gdpr": 1}, {"tc_string": "a"}, {"tc_string": "a", "gdpr": 1}),
        ({"gpp_sid": [2, 6]}, {"gpp_sid": [7]}, {"gpp_sid": [2, 6, 7]}),
        (
            {"consent_categories": {"ads": False, "x": True}},
            {"consent_categories": {"ads": True}},
            {"consent_categories": {"ads": False, "x": True}},
        ),
    ],
)
def test_what_is_stated_around_the_events_holds_for_each_of_them(
    envelope: dict[str, Any], event: dict[str, Any], stated: dict[str, Any]
) -> None:
    body = {**envelope, "events": [{"event_name": "a", **event}, {"event_name": "b"}, 7]}
    batch = COLLECT.read(post(orjson.dumps(body)))
    assert batch.events[0] == {"event_name": "a", **stated}
    assert [refusal.index for refusal in batch.refused] == [2]


@pytest.mark.parametrize(
    "body",
    [
        b'{"event_name":"a","consent":{"ad_storage":"denied","ad_storage":"granted"}}',
        b'{"event_name":"a","consent":{"ad_storage":"Denied"},"consent":{"ad_storage":"granted"}}',
        b'{"consent":{"ad_storage":"denied"},"consent":{},"events":[{"event_name":"a"}]}',
    ],
)
def test_a_denial_is_not_lost_when_a_key_occurs_twice(body: bytes) -> None:
    assert COLLECT.read(post(body)).events == [{"event_name": "a", "consent": DENIED}]


def test_fields_of_a_form_may_be_repeated_in_any_spelling() -> None:
    form = b"event_name=a&consent%5Bad_storage%5D=granted&consent.ad_storage="
    assert COLLECT.read(post(form, FORM)).events == [{"event_name": "a", "consent": DENIED}]
    multipart = as_multipart({"event_name": "a", "consent[ad_storage]": "", "consent": "", "x": ""})
    batch = COLLECT.read(post(multipart, "multipart/form-data; boundary=B"))
    assert batch.events == [{"event_name": "a", "consent": DENIED}]


def test_a_backslash_before_u0000_is_no_nul() -> None:
    batch = COLLECT.read(post(rb'{"event_name": "C:\\u0000"}'))
    assert batch.events == [{"event_name": r"C:\u0000"}]


def refilled(recorded: Inbound) -> Inbound:
    """`recorded` with `PURCHASE` in the same encoding, padded to the recorded size if larger."""
    content_type = recorded.headers.get("content-type", "")
    filler = "x" * 16_000
    size = len(recorded.body)
    size = int(recorded.headers.get("content-length", size))
    if not size:
        body, query = b"", urlencode(PURCHASE_FIELDS)
    else:
        query = recorded.query
        fields: dict[str, Any] = dict(PURCHASE_FIELDS)
        if content_type.startswith("application/x-www-form"):
            body = urlencode(fields).encode()
        elif content_type.startswith("multipart/"):
            body = as_multipart(fields, content_type.partition("boundary=")[2])
        else:
            event: dict[str, Any] = dict(PURCHASE)
            body = orjson.dumps(event)
            while (missing := size - len(body) - len(b',"f00":""')) > 0:
                event[f"f{len(event):02}"] = filler[:missing]
                body = orjson.dumps(event)
            assert len(body) >= size - len(b',"f00":""')
    headers = {**recorded.headers, "content-length": str(len(body))}
    return Inbound(recorded.method, recorded.path, query, headers, body)


def test_every_transport_of_a_browser_is_understood(
    capture: Callable[..., list[Inbound]],
) -> None:
    recorded = [
        each for each in capture("browser-transports", gets=True) if each.method != "OPTIONS"
    ]
    assert len(recorded) == 13
    seen = set()
    for each in recorded:
        request = refilled(each)
        seen.add((each.headers.get("content-type", "").partition(";")[0], len(request.body)))
        if each.method == "GET":
            source: Any = Pixel(PixelSettings(type="pixel"))
        else:
            source = COLLECT
        batch = source.read(request)
        assert not batch.refused, each.query
        assert {**PURCHASE, **batch.events[0]} == batch.events[0]
        assert source.answer(batch).status == (200 if each.method == "GET" else 204)
    assert ("text/plain", 65_536) in seen
    assert {kind for kind, _ in seen} == {
        "",
        "text/plain",
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    }


TOKEN = "0123456789abcdef" * 2


def test_the_page_token_stands_around_the_events() -> None:
    batch = COLLECT.read(post(orjson.dumps({"page_token": TOKEN, "events": [PURCHASE]})))
    assert batch.page_token == TOKEN
    assert batch.events == [PURCHASE]
    assert TOKEN not in repr(batch)


@pytest.mark.parametrize(
    "body",
    [
        {**PURCHASE, "page_token": TOKEN},
        [{**PURCHASE, "page_token": TOKEN}],
        {"events": [{**PURCHASE, "page_token": TOKEN}]},
        {"page_token": TOKEN[:-1], "events": [PURCHASE]},
        {"page_token": [TOKEN], "events": [PURCHASE]},
        {**PURCHASE, "submission_token": TOKEN},
        {"events": [{**PURCHASE, "submission_token": TOKEN}]},
    ],
)
def test_in_an_event_it_is_none_and_never_a_field(body: object) -> None:
    batch = COLLECT.read(post(orjson.dumps(body)))
    assert (batch.page_token, batch.submission_token) == ("", "")
    assert batch.events == [PURCHASE]


def test_nor_in_a_form_or_a_query() -> None:
    fields = urlencode({**PURCHASE_FIELDS, "page_token": TOKEN, "submission_token": TOKEN})
    for request in (post(fields.encode(), FORM), post(b"", None, fields)):
        batch = COLLECT.read(request)
        assert (batch.page_token, batch.events) == ("", [PURCHASE])
