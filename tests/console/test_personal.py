"""Viewers see nothing personal in an event."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console.personal import (
    HIDDEN,
    QUOTES_PERSON,
    UNCHECKED,
    changes_without_personal,
    is_shown,
    recorded_reason_without_personal,
    request_without_personal,
    status_without_personal,
    text_without_personal,
    without_personal,
)
from gateway.event.diff import changes
from gateway.monitoring.status import DestinationStatus, LastError, LastWarning, Status
from gateway.queue.pause import Pause

SECRET = "q7x-Ada-Lovelace-41"
PERSONAL = [
    *("client_id", "user_id", "ip_override", "user_agent", "fbp", "fbc", "gclid", "_fbp", "ttp"),
    *("user_data.email_address", "user_data.address.city", "click_ids.gclid", "user_properties.x"),
    *("client_hints.model", "my_own_field", "items.0.engraving", "ga_session_id"),
    *("event_location.ip", "anything.at.all", "consent.note"),
]  # fmt: skip

names = st.one_of(st.sampled_from(PERSONAL), st.text("abz@.ü <", min_size=1, max_size=20))
values = st.recursive(
    st.sampled_from([SECRET, 417_123_456_789, True, None, ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def nested(path: str, value: Any) -> Any:
    for key in reversed(path.split(".")):
        value = [value] if key == "0" else {key: value}
    return value


def text_of(value: Any) -> str:
    return orjson.dumps(value).decode()


@given(st.lists(st.tuples(names, values), max_size=6))
def test_no_value_of_a_field_that_may_be_personal_is_left(fields: list[tuple[str, Any]]) -> None:
    event: dict[str, Any] = {"event_name": "purchase", "value": 5}
    for path, value in fields:
        if not is_shown(path):
            event |= nested(path, value)
    shown = without_personal(event)
    assert SECRET not in text_of(shown)
    assert "417123456789" not in text_of(shown)
    assert (shown["event_name"], shown["value"]) == ("purchase", 5)
    assert SECRET not in text_of(changes_without_personal(changes({}, event), event))
    assert SECRET not in text_of(changes_without_personal(changes(event, {}), event))


@pytest.mark.parametrize("path", PERSONAL)
def test_these_are_not_shown(path: str) -> None:
    assert not is_shown(path)


@pytest.mark.parametrize(
    "path", ["value", "items.0.item_id", "items.*.price", "consent.ad_storage", "page_path"]
)
def test_these_are_shown(path: str) -> None:
    assert is_shown(path)


def test_a_text_that_repeats_an_identifier_is_hidden() -> None:
    event = {
        "event_name": "purchase",
        "transaction_id": "order-1001",
        "page_title": "Orders of ada@example.com",
        "page_path": "/thanks/order-1001",
        "page_location": "https://shop.example/thanks?e=ada%40example.com#x",
        "currency": "EUR",
        "items": [{"item_id": "a", "item_name": "For ada@example.com"}],
        "user_data": {"email_address": "ada@example.com"},
    }
    shown = without_personal(event)
    assert shown == {
        "event_name": "purchase",
        "transaction_id": "order-1001",
        "page_title": HIDDEN,
        "page_path": "/thanks/order-1001",
        "page_location": "https://shop.example/thanks?(hidden)",
        "currency": "EUR",
        "items": HIDDEN,
        "user_data": HIDDEN,
    }


@pytest.mark.parametrize(
    "said", ["ada@example.com", "ADA@example.com", sha256(b"ada@example.com").hexdigest()]
)
def test_an_answer_that_quotes_a_person_is_hidden(said: str) -> None:
    event = {"transaction_id": "o-10001", "user_data": {"email_address": "ada@example.com"}}
    assert text_without_personal(f"invalid value: {said}", event) == QUOTES_PERSON
    assert text_without_personal("no order o-10001", event) == "no order o-10001"
    assert text_without_personal("bad request", None) == "bad request"


@pytest.mark.parametrize("event", [None, {"event_name": "a"}, {"event_id": "e-10001"}])
def test_no_text_names_the_contacts_of_anybody(event: dict[str, Any] | None) -> None:
    told = "no such order: ask ada@example.com or +49 30 901820"
    assert text_without_personal(told, event) == "no such order: ask [email] or [phone]"


PURCHASE = {"event_name": "purchase", "event_id": "e-10001"}


@pytest.mark.parametrize(
    ("reason", "status", "event", "shown"),
    [
        ("HTTP 400: no person Ada", 400, None, UNCHECKED),
        ("HTTP 400: no person Ada", 400, {"event_name": "purchase"}, UNCHECKED),
        ("no person Ada", 200, {}, UNCHECKED),
        ("HTTP 400: bad value", 400, PURCHASE, "HTTP 400: bad value"),
        ("HTTP 400: no Ada-77", 400, {**PURCHASE, "user_id": "Ada-77"}, QUOTES_PERSON),
        ("needs consent: ad_storage", None, None, "needs consent: ad_storage"),
        ("", 204, None, ""),
    ],
)
def test_a_vendor_is_quoted_only_about_an_event_that_is_kept_whole(
    reason: str, status: int | None, event: dict[str, Any] | None, shown: str
) -> None:
    assert recorded_reason_without_personal(reason, status, event) == shown


@given(st.recursive(st.just(SECRET), lambda i: st.lists(i) | st.dictionaries(st.just("em"), i)))
def test_a_request_is_shown_without_its_values(body: Any) -> None:
    request = {
        "method": "POST",
        "url": f"https://api.example/v1/events?email={SECRET}&v=1#frag{SECRET}",
        "headers": {"content-type": "application/json", "user-agent": SECRET},
        "body": body,
    }
    shown = request_without_personal(request)
    assert SECRET not in text_of(shown)
    assert shown["url"] == f"https://api.example/v1/events?email={HIDDEN}&v={HIDDEN}"
    assert shown["headers"]["content-type"] == "application/json"


def test_names_that_a_sender_chose_are_hidden_where_they_may_be_values() -> None:
    assert without_personal({"ada@example.com": 1}) == {HIDDEN: HIDDEN}


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("HTTP 400: no person Ada, id 77.88991", f"HTTP 400: {HIDDEN}"),
        ("HTTP 503", "HTTP 503"),
        ("no answer within 10 s", "no answer within 10 s"),
        ("write to ada@example.com", "write to [email]"),
    ],
)
def test_the_last_error_of_a_destination_says_nothing_of_its_event(reason: str, shown: str) -> None:
    pause = Pause(60.0, "HTTP 403: ask ada@example.com", 1)
    given = DestinationStatus(
        *(0, 0, None, 0, 0.0, LastError(1.0, reason), LastWarning(1.0, "no person Ada")),
        *("", "", pause, 1, 0, 0, {}, None, {}, [], True),
    )
    of = status_without_personal(Status(1.0, None, {"crm": given})).destinations["crm"]
    assert (of.last_error, of.last_warning) == (LastError(1.0, shown), LastWarning(1.0, HIDDEN))
    assert of.pause == Pause(60.0, "HTTP 403: ask [email]", 1)
