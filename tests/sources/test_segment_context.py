"""The context and the traits of Segment's messages."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.event import Event, read_event
from gateway.sources.segment.message import to_event


def read(message: dict[str, Any]) -> Event:
    """The event in `message`, by default a `track` call named ``A``, without its name."""
    event = to_event({"type": "track", "event": "A", **message}, "", {})
    event = read_event(event, own_properties=True)
    del event["event_name"]
    return event


PHONE = {
    "device": {
        "id": "B5372DB0-C21E-11E4-8DFC-AA07A5B093DB",
        "advertisingId": "7A3CBEA0-BDF5-11E4-8DFC-AA07A5B093DB",
        "adTrackingEnabled": True,
        "manufacturer": "Apple",
        "model": "iPhone7,2",
        "name": "Ada's phone",
        "type": "ios",
        "token": "ff15bc0c20c4aa6cd50854ff165fd265",
    },
    "os": {"name": "iPhone OS", "version": "8.1.3"},
}
DEVICE = {
    "device_id": "B5372DB0-C21E-11E4-8DFC-AA07A5B093DB",
    "brand": "Apple",
    "model": "iPhone7,2",
    "operating_system": "iOS",
    "operating_system_version": "8.1.3",
}
MADID = {"user_data": {"madid": "7A3CBEA0-BDF5-11E4-8DFC-AA07A5B093DB"}}
APP = {"name": "InitechGlobal", "version": "545", "build": "3.0.1", "namespace": "com.initech"}
NETWORK = {"bluetooth": False, "carrier": "T-Mobile US", "cellular": True, "wifi": False}


@pytest.mark.parametrize(
    ("context", "fields"),
    [
        (PHONE, {"device": DEVICE, **MADID}),
        (
            {**PHONE, "device": {**PHONE["device"], "adTrackingEnabled": None}},
            {"device": DEVICE, **MADID},
        ),
        *(
            (
                {**PHONE, "device": {**PHONE["device"], "adTrackingEnabled": limited}},
                {"device": DEVICE},
            )
            for limited in (False, 0, "false", "0", "no", "limited", [])
        ),
        ({"device": {"advertisingId": "00000000-0000-0000-0000-000000000000"}}, {}),
        ({"device": {"advertisingId": 7}}, {}),
        ({"device": {"type": "Android"}}, {"device": {"operating_system": "Android"}}),
        (
            {"device": {"type": "tablet"}, "os": {"name": "iPadOS"}},
            {"device": {"category": "tablet", "operating_system": "iPadOS"}},
        ),
        ({"device": {"type": 7}, "os": {"name": ["x"], "version": None}}, {}),
        ({"device": "phone", "os": "iOS"}, {}),
        ({"app": APP, "library": {"name": "analytics-ios"}}, {"app": APP}),
        ({"app": {"name": "S", "version": "3"}, "library": {"name": "S"}}, {}),
        ({"app": {"version": "3", "build": None}}, {"app": {"version": "3"}}),
        ({"app": "x"}, {}),
        ({"network": NETWORK}, {"network": NETWORK}),
        ({"timezone": "Europe/Vienna"}, {"timezone": "Europe/Vienna"}),
        (
            {"screen": {"width": 411.4, "height": 731, "density": 3}},
            {"screen_resolution": "411x731"},
        ),
        ({"screen": {"width": True, "height": 5}}, {}),
        ({"screen": {"width": float("nan"), "height": 5}}, {}),
        ({"screen": {"width": 1e300, "height": 5}}, {}),
        (
            {"screen": {"innerWidth": 700, "innerHeight": 500, "width": 0}},
            {"viewport_size": "700x500"},
        ),
        (
            {
                "campaign": {
                    "name": "spring",
                    "source": "news",
                    "medium": "email",
                    "term": "a",
                    "content": "b",
                    "id": "c",
                    "source_platform": "d",
                    "partner": "e",
                }
            },
            {
                "campaign": {
                    "name": "spring",
                    "source": "news",
                    "medium": "email",
                    "term": "a",
                    "content": "b",
                    "id": "c",
                    "source_platform": "d",
                    "partner": "e",
                }
            },
        ),
        (
            {"campaign": {"utm_source": "news", "utm_campaign": "spring", "utm_id": ""}},
            {"campaign": {"source": "news", "name": "spring"}},
        ),
        (
            {
                "userAgentData": {
                    "brands": [{"brand": "Chromium", "version": "156"}],
                    "mobile": True,
                    "platform": "Android",
                    "architecture": "arm",
                    "bitness": "64",
                    "model": "Pixel 9",
                    "platformVersion": "15.0.0",
                    "uaFullVersion": "156.0.1",
                    "fullVersionList": [{"brand": "Chromium", "version": "156.0.1"}],
                    "wow64": False,
                }
            },
            {
                "client_hints": {
                    "brands": [{"brand": "Chromium", "version": "156"}],
                    "mobile": True,
                    "platform": "Android",
                    "architecture": "arm",
                    "bitness": "64",
                    "model": "Pixel 9",
                    "platform_version": "15.0.0",
                    "ua_full_version": "156.0.1",
                    "full_version_list": [{"brand": "Chromium", "version": "156.0.1"}],
                    "wow64": False,
                }
            },
        ),
        (
            {"ua-ch": {"mobile": False, "platform": "macOS", "platformVersion": "15.1.0"}},
            {"client_hints": {"mobile": False, "platform": "macOS", "platform_version": "15.1.0"}},
        ),
        (
            {
                "location": {
                    "city": "San Francisco",
                    "country": "United States",
                    "region": "CA",
                    "latitude": 40.2964197,
                }
            },
            {"event_location": {"city": "San Francisco", "country": "US", "region": "CA"}},
        ),
        (
            {"location": {"country": "de", "region": "Bavaria"}},
            {"event_location": {"country": "DE"}},
        ),
        ({"location": {"country": "Atlantis", "city": "Linz"}}, {}),
        ({"location": {"country": 7, "region": 8}}, {}),
        ({"groupId": "g1"}, {"group_id": "g1"}),
        (
            {"sessionId": 1795289821772, "sessionStart": True},
            {"ga_session_id": "1795289821772", "x-ga-system_properties": {"ss": "1"}},
        ),
        ({"sessionStart": False}, {}),
        (
            {"page": {"url": "https://a.example/p#top", "search": "?gclid=A&x=1"}},
            {"page_location": "https://a.example/p?gclid=A&x=1#top"},
        ),
        (
            {"page": {"url": "https://a.example/?x=1", "search": "?y=2"}},
            {"page_location": "https://a.example/?x=1"},
        ),
        (
            {"page": {"url": "https://a.example/", "search": "?"}},
            {"page_location": "https://a.example/"},
        ),
        ({"page": {"search": "?x=1", "referrer": "$direct"}}, {}),
        ({"page": {"url": ["a"], "search": "?x"}}, {"params": {"page_location": ["a"]}}),
        (
            {"page": {"referrer": "https://r.example/"}, "referrer": {"url": "https://o.example/"}},
            {"page_referrer": "https://r.example/"},
        ),
        (
            {"page": {"referrer": "$direct"}, "referrer": {"url": "https://o.example/"}},
            {"page_referrer": "https://o.example/"},
        ),
        ({"referrer": "x"}, {}),
        (
            {"traits": {"email": "a@example.com", "plan": "pro", "age": 7}},
            {"user_data": {"email_address": "a@example.com"}, "user_properties": {"plan": "pro"}},
        ),
        (
            {"traits": {"email": ["a@example.com", ""], "phone": 4930123456.0}},
            {"user_data": {"email_address": ["a@example.com", ""], "phone_number": "4930123456"}},
        ),
        (
            {"traits": {"email": "a@example.com", "address": {"city": ["Bath"]}}},
            {
                "user_data": {"email_address": "a@example.com", "address": {}},
                "ignored_fields": [{"field": "user_data.address.city", "reason": "not a text"}],
            },
        ),
    ],
)
def test_context(context: dict[str, Any], fields: Event) -> None:
    assert read({"context": context}) == fields


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (
            {
                "properties": {"campaign": "spring", "device": "phone", "language": "fr"},
                "context": {"campaign": {"source": "news"}, "locale": "de"},
            },
            {
                "campaign": {"source": "news"},
                "language": "de",
                "device": "phone",
                "params": {"campaign": "spring", "language": "fr"},
            },
        ),
        (
            {
                "properties": {"campaign": "spring", "referrer": "Ada"},
                "context": {"page": {"url": "https://a.example/?utm_source=news"}},
            },
            {
                "page_location": "https://a.example/?utm_source=news",
                "params": {"campaign": "spring", "referrer": "Ada"},
            },
        ),
        ({"properties": {"campaign": {"name": "n"}}}, {"campaign": {"name": "n"}}),
        (
            {"properties": {"timezone": "UTC"}, "context": {"timezone": "UTC"}},
            {"timezone": "UTC"},
        ),
        (
            {"type": "group", "groupId": "own", "context": {"groupId": "other"}},
            {"group_id": "own"},
        ),
        (
            {
                "type": "identify",
                "traits": {"email": "b@example.com", "plan": "free"},
                "context": {"traits": {"email": "a@example.com", "seats": 5}},
            },
            {
                "user_data": {"email_address": "b@example.com"},
                "user_properties": {"seats": 5, "plan": "free"},
            },
        ),
        (
            {
                "properties": {"user_properties": {"a": 1, "plan": "x"}},
                "context": {"traits": {"plan": "pro"}},
            },
            {"user_properties": {"a": 1, "plan": "pro"}},
        ),
        (
            {
                "type": "page",
                "properties": {"name": "Home", "category": "Docs", "initial_referrer": "$direct"},
            },
            {"page_name": "Home", "category": "Docs"},
        ),
        (
            {"type": "screen", "name": "Start", "properties": {"name": "other", "search": "x"}},
            {"screen_name": "Start", "name": "other", "search": "x"},
        ),
    ],
)
def test_what_stands_in_two_places(message: dict[str, Any], fields: Event) -> None:
    assert read(message) == fields
