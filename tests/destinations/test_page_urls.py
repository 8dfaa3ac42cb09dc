"""A text that is no page URL is not sent to any vendor, except by webhooks."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from destinations.base import Destination, Request
from destinations.page_urls import with_urls
from destinations.remarks import collect_remarks
from gateway.configuration.kinds import destination_types
from gateway.testing import example_files, load_example
from gateway.testing.events import NOW

FIELDS = ("page_location", "page_referrer")
VENDORS = [
    (kind, file)
    for kind in destination_types().values()
    if kind.type != "webhook"
    for file in example_files(kind)
]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "text",
    [
        *("undefined", " null ", "[object Object]", "(not set)", "{{Page URL}}"),
        *("about:blank", "ABOUT:SRCDOC", "javascript:void(0)"),
        *("/thanks", "/thanks?order=1#top", "thanks?x=1", "../thanks", "?x=1", "#top"),
    ],
)
def test_what_is_no_url_is_removed_with_a_remark(field: str, text: str) -> None:
    event = {"event_name": "page_view", field: text}
    with collect_remarks() as remarks:
        assert with_urls(event) == {"event_name": "page_view"}
    assert remarks == [f"{field}: removed because it is not the URL of a page"]
    assert event[field] == text


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "url",
    [
        *("https://shop.example/thanks", "HTTP://SHOP.EXAMPLE", " https://shop.example/"),
        *(
            "//shop.example/thanks",
            "shop.example/thanks",
            "shop.example?x=1",
            "localhost:3000/thanks",
        ),
        *("android-app://com.example.shop/", "file:///thanks.html", "https://undefined/", ""),
    ],
)
def test_what_may_be_one_stays(field: str, url: str) -> None:
    event = {"event_name": "page_view", field: url}
    assert with_urls(event) is event


@pytest.mark.parametrize("text", ["about:blank", "/thanks?order=1"])
@pytest.mark.parametrize(
    ("kind", "file"), VENDORS, ids=[f"{kind.type}-{file.stem}" for kind, file in VENDORS]
)
def test_no_vendor_gets_it(kind: type[Destination[Any]], file: Any, text: str) -> None:
    example = load_example(file)
    events = [{**event, **dict.fromkeys(FIELDS, text)} for event in example.read_events()]
    for made in example.destination(kind).requests(events, NOW):
        if isinstance(made, Request):
            sent = made.url.encode() + (made.body or b"")
            assert text.encode() not in sent
            assert quote(text, safe="").encode() not in sent
