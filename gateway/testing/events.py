"""Events for the tests of destinations: a few good ones, and random ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from gateway.event import Event, EventError, read_event
from gateway.testing.values import JSON

NOW = 1795219260.0
"""The time of the tests, in Unix seconds."""

_VISITOR: Mapping[str, Any] = {
    "timestamp": NOW - 60,
    "client_id": "1234567890.1795200000",
    "ip_override": "203.0.113.7",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "page_location": "https://shop.example/shoes?utm_source=mail",
    "page_title": "Shoes",
    "language": "de-DE",
    "consent": {"ad_storage": "granted", "analytics_storage": "granted"},
}
SAMPLES: tuple[Event, ...] = (
    {"event_name": "page_view", "event_id": "view-1", **_VISITOR},
    {
        "event_name": "purchase",
        "event_id": "order-1001",
        **_VISITOR,
        "transaction_id": "1001",
        "currency": "EUR",
        "value": 94.9,
        "items": [
            {"item_id": "shoe-42", "item_name": "Running shoe", "price": 89.9, "quantity": 1},
            {"item_id": "lace", "item_name": "Laces", "price": 2.5, "quantity": 2},
        ],
        "user_data": {
            "email_address": "ada@example.com",
            "phone_number": "+49 30 901820",
            "address": {"first_name": "Ada", "last_name": "Byron", "country": "DE"},
        },
    },
    {"event_name": "sign_up", "event_id": "sign-up-1", **_VISITOR, "user_id": "u-7"},
    {"event_name": "quiz_finished", "event_id": "quiz-1", **_VISITOR, "score": 7},
)
"""Events as `gateway.event.read_event` returns them, which most vendors take."""

_text = st.text(max_size=12)
_number = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
_address = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("first_name", "last_name", "street", "city", "region", "postal_code", "country"), _text
    ),
)
_item = st.fixed_dictionaries(
    {},
    optional={
        "item_id": _text,
        "item_name": _text,
        "price": _number,
        "quantity": _number,
        "size": JSON,
    },
)
_user_data = st.fixed_dictionaries(
    {},
    optional={
        "email_address": _text | st.lists(_text, max_size=3) | st.emails(),
        "sha256_email_address": _text,
        "phone_number": _text | st.from_regex(r"\+?[0-9 ()-]{4,16}", fullmatch=True),
        "gender": JSON,
        "date_of_birth": JSON,
        "lead_id": JSON,
        "address": _address | st.lists(_address, max_size=3),
    },
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "event_name": st.sampled_from(["purchase", "page_view", "view_item_list", "quiz"]) | _text,
        "event_id": _text,
        "timestamp": st.floats(NOW - 1e6, NOW + 1e6) | _number,
        "client_id": st.sampled_from(["1.1", "2.2"]) | _text,
        "user_id": _text,
        "ip_override": st.sampled_from(["203.0.113.7", "2001:db8::1"]) | _text,
        "user_agent": _text,
        "page_location": _text,
        "page_title": _text,
        "language": _text,
        "currency": st.just("EUR"),
        "value": _number,
        "items": st.lists(_item, max_size=3),
        "user_data": _user_data,
        "user_properties": st.dictionaries(_text, JSON, max_size=3),
        "consent": st.dictionaries(
            st.sampled_from(["ad_user_data", "ad_personalization"]),
            st.sampled_from(["granted", "denied"]),
        ),
        "event_location": st.fixed_dictionaries(
            {}, optional={"country": _text | st.just("US"), "region": _text, "city": JSON}
        ),
        "client_hints": st.dictionaries(_text, JSON, max_size=2),
        "click_ids": st.dictionaries(st.just("fbclid"), _text),
        "engagement_time_msec": _number,
        "ga_session_id": _text,
        "fbp": _text,
        "device": JSON,
        "app_data": JSON,
        "action_source": JSON,
        "debug_mode": JSON,
        "quiz": JSON,
    },
)
"""Random fields of an event, in the gateway's names."""


def readable(raw_events: Iterable[object]) -> list[Event]:
    """The events of `raw_events` that the gateway would take."""
    events = []
    for raw in raw_events:
        try:
            events.append(read_event(raw))
        except EventError:
            continue
    return events
