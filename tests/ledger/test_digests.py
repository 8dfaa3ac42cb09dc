"""An event is found by every spelling of an id, in whichever field it is."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from gateway.event import Event
from gateway.ledger.digests import EventDigests

EMAIL = "anna@shop.example"
HASHED = sha256(EMAIL.encode()).hexdigest()

DIGESTS = EventDigests(b"a key of the tests")


def is_found(typed: str, event: Event, digests: EventDigests = DIGESTS) -> bool:
    return not set(digests.of_text(typed)).isdisjoint(digests.of_event(event))


def person(**fields: Any) -> dict[str, Any]:
    return {"event_id": "event-1", "user_data": fields}


@pytest.mark.parametrize("typed", [EMAIL, " Anna@Shop.example ", f"Anna <{EMAIL}>", HASHED.upper()])
@pytest.mark.parametrize(
    "event",
    [
        person(email_address=EMAIL.title()),
        person(email_address=["b@c.example", f"mailto:{EMAIL}"]),
        person(email_address=HASHED.upper()),
        person(sha256_email_address=HASHED),
        person(sha256_email_address=f" {HASHED} "),
        person(sha256_email_address=f"{HASHED}.AQ"),
        {"user_id": EMAIL},
        {"user_id": "Anna@Shop.example"},
        {"user_id": HASHED},
        {"client_id": EMAIL},
        {"transaction_id": EMAIL},
        {"event_id": EMAIL},
    ],
)
def test_an_address_is_found(event: dict[str, Any], typed: str) -> None:
    assert is_found(typed, event)


@pytest.mark.parametrize("text", ["1.2", "Order@7", "a@b@c", "guest@localhost", "@", "x" * 64])
@pytest.mark.parametrize("name", ["event_id", "transaction_id", "client_id", "user_id"])
def test_an_id_is_found_as_the_event_has_it(name: str, text: str) -> None:
    assert is_found(text, {name: text})


@pytest.mark.parametrize("text", ["anna", "Anna-1", "anna-12", "nna-1", "", " ", "anna-1@x"])
def test_another_id_is_not_found(text: str) -> None:
    assert not is_found(text, {"user_id": "anna-1", "client_id": ""})
