"""`pixel`: an image whose query is the event."""

import pytest

from gateway.sources.base import Inbound
from gateway.sources.pixel import Pixel, PixelSettings

PIXEL = Pixel(PixelSettings(type="pixel"))
PAGE = "https://shop.example/"


@pytest.mark.parametrize(
    ("query", "headers", "event"),
    [
        ("", {}, {"event_name": "page_view"}),
        ("", {"referer": PAGE}, {"event_name": "page_view", "page_location": PAGE}),
        (
            "event_name=open&page_location=https%3A%2F%2Fa.example%2F",
            {"referer": PAGE},
            {"event_name": "open", "page_location": "https://a.example/"},
        ),
        (
            "event_name=purchase&value=12.5&currency=eur&items.1.item_id=B&items.0.item_id=A"
            "&user_data.email_address=a%40example.com&consent.ad_storage=denied&cb=17",
            {},
            {
                "event_name": "purchase",
                "value": 12.5,
                "currency": "EUR",
                "items": [{"item_id": "A"}, {"item_id": "B"}],
                "user_data": {"email_address": "a@example.com"},
                "consent": {"ad_storage": "denied"},
                "cb": "17",
            },
        ),
        ("page_token=t&submission_token=s", {}, {"event_name": "page_view"}),
        (
            "consent[ad_storage]=granted&consent.ad_storage=denied",
            {},
            {"event_name": "page_view", "consent": {"ad_storage": "denied"}},
        ),
        ("event_name=&client_id=1.2", {}, {"event_name": "page_view", "client_id": "1.2"}),
    ],
)
def test_the_query_is_the_event(
    query: str, headers: dict[str, str], event: dict[str, object]
) -> None:
    assert PIXEL.read(Inbound("GET", "/pixel.gif", query, headers)).events == [event]


@pytest.mark.parametrize(("query", "status"), [("event_name=open", 200), ("event_name=+", 400)])
def test_the_answer_is_always_an_image(query: str, status: int) -> None:
    answer = PIXEL.answer(PIXEL.read(Inbound("GET", "/pixel.gif", query)))
    assert answer.status == status
    assert len(answer.body) == 43
    assert answer.body.startswith(b"GIF89a\x01\x00\x01\x00")
    assert answer.body.endswith(b";")
    assert answer.headers == {
        "content-type": "image/gif",
        "cache-control": "no-store, no-cache, must-revalidate, private, max-age=0",
        "pragma": "no-cache",
        "expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    }


def test_head_is_answered_and_not_recorded() -> None:
    batch = PIXEL.read(Inbound("HEAD", "/pixel.gif", "event_name=open"))
    assert not batch.events
    assert not batch.refused
    assert PIXEL.answer(batch).status == 200
