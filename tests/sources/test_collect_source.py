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
def test_other_content_types_are_415(content_type: str) -> None:
    with pytest.raises(Refused) as refused:
        COLLECT.read(post(orjson.dumps(PURCHASE), content_type))
    assert (refused.value.status, refused.value.reason) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", None),
        (b"a=%00", FORM),
        (b"a=\xff", FORM),
        (b'{"events": {}}', None),
        (b'{"events": []}', None),
        (as_multipart({"event_name": "a"})[:-4], "multipart/form-data; boundary=B"),
        (as_multipart({"event_name": "a"}), "multipart/form-data; boundary=C"),
        (as_multipart({"event_name": "a"}), "multipart/form-data"),
        (as_multipart({"event_name": "\0"}), "multipart/form-data; boundary=B"),
        (b"--B\r\n\r\nno name\r\n--B--\r\n", "multipart/form-data; boundary=B"),
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
    answer = COLLECT.answer(COLLECT.read(post(b'[{"event_name": "a", "value": "much"}]')))
    assert answer.status == 400
    report = orjson.loads(answer.body)
    assert report["accepted"] == 0
    assert report["refused"][0]["index"] == 0
    assert "value" in report["refused"][0]["reason"]


def test_a_page_cannot_say_what_address_it_has() -> None:
    fields = {"event_name": "a", "ip_override": "203.0.113.9"}
    for request in (
        post(orjson.dumps([fields])),
        post(urlencode(fields).encode(), FORM),
        post(b"", None, urlencode(fields)),
    ):
        assert COLLECT.read(request).events == [{"event_name": "a"}]


def test_a_backslash_before_u0000_is_no_nul() -> None:
    batch = COLLECT.read(post(rb'{"event_name": "C:\\u0000"}'))
    assert batch.events == [{"event_name": r"C:\u0000"}]


def refilled(recorded: Inbound) -> Inbound:
    """`recorded` with an event in the same encoding, filled up to the same size if that is more."""
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
            assert len(body) >= min(size, len(orjson.dumps(PURCHASE)))
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
