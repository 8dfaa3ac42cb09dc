"""An id that an operator types finds every spelling in events, and no other person."""

from __future__ import annotations

import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from copy import deepcopy
from hashlib import sha256
from typing import Any
from unicodedata import normalize

import pytest
from pydantic import SecretStr

from destinations.meta import Meta, MetaSettings
from gateway.configuration.load import parse_settings
from gateway.event import Event
from gateway.ledger.digests import EventDigests
from gateway.ledger.feeding import build_digests
from gateway.ledger.sought import KINDS, Kind, Sought
from gateway.ledger.typed_ids import TypedIds
from gateway.stages.hash_at_ingest import compile_hash_person
from gateway.stages.identity.user_id import compile_hash_user_id
from gateway.stages.rules.redact import hash_field

SALT = "a-salt-of-the-shop"
DIGESTS = EventDigests(b"a key of the tests", TypedIds(SALT, ["DE"]))
ACCENTS = "a" + "\u0301\u0316" * 8_000
"""Accents in the wrong order: the time to sort them grows with the square of their number."""

EMAIL = "anna@shop.example"


def is_found(typed: str, event: Event, only: Kind | None = None) -> bool:
    digests = DIGESTS.sought(typed, only).exact
    return not set(digests).isdisjoint(DIGESTS.of_event(event))


def person(**fields: Any) -> Event:
    return {"event_id": "event-1", "user_data": fields}


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def in_base64(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def address(text: str) -> Event:
    return person(email_address=text)


def hashed_address(text: str) -> Event:
    return person(sha256_email_address=text)


@pytest.mark.parametrize(
    ("typed", "event"),
    [
        ("Jane.Doe+shop@GoogleMail.com ", address("janedoe@gmail.com")),
        ("janedoe@gmail.com", address("Jane.Doe+shop@GoogleMail.com")),
        ("janedoe@gmail.com", {"user_id": "jane.doe@gmail.com"}),
        ("jane.doe@gmail.com", hashed_address(hashed("janedoe@gmail.com"))),
        ("jane.doe+a@gmail.com", hashed_address(hashed("janedoe+a@gmail.com"))),
        ("jane.doe+a@gmail.com", hashed_address(hashed("jane.doe@googlemail.com"))),
        ("jane.doe@gmail.com", hashed_address(in_base64("janedoe@gmail.com"))),
        ("ANNA@SHOP.EXAMPLE", address(f" {EMAIL} ")),
        (f"\u200b{EMAIL}\u00a0", address(EMAIL)),
        (EMAIL, address(f"\u200b{EMAIL}\u202c")),
        (EMAIL, address(f'"{EMAIL}" ')),
        (EMAIL, address("anna%40shop.example")),
        (EMAIL, address("Ａｎｎａ＠shop．example")),
        ("janedoe@gmail.com", address("jane.doe%40gmail.com")),
        ("anna@münchen.example", address("anna@xn--mnchen-3ya.example")),
        ("anna@xn--mnchen-3ya.example", address("Anna@München.example")),
        ("anna@MÜNCHEN.example", hashed_address(hashed("anna@xn--mnchen-3ya.example"))),
        ("jürgen@shop.example", address(normalize("NFD", "Jürgen@shop.example"))),
        (normalize("NFD", "jürgen@shop.example"), address("jürgen@shop.example")),
        (normalize("NFD", "jürgen@straße.example"), address("jürgen@xn--strae-oqa.example")),
        (EMAIL, hashed_address(hashed(EMAIL).upper())),
        (EMAIL, hashed_address(in_base64(EMAIL))),
        (EMAIL, hashed_address(in_base64(EMAIL).rstrip("="))),
        (EMAIL, {"user_id": urlsafe_b64encode(sha256(EMAIL.encode()).digest()).decode()}),
        (in_base64(EMAIL), address(EMAIL)),
        ("Anna@Shop.example", hashed_address(hashed("Anna@Shop.example"))),
    ],
)
def test_an_address_is_found_however_it_is_spelt(typed: str, event: Event) -> None:
    assert is_found(typed, event)
    assert is_found(typed, event, "person")


@pytest.mark.parametrize(
    ("typed", "spelt"),
    [
        ("janedoe@shop.example", "jane.doe@shop.example"),
        ("jane@shop.example", "jane+a@shop.example"),
        ("jane@outlook.com", "jane+a@outlook.com"),
        ("janedoe@gmail.com", "janedoe@gmail.example"),
        ("janedoe@gmail.com", "jane_doe@gmail.com"),
        ("janedoe@gmail.com", "janedoe@hotmail.com"),
        ("anna@strasse.example", "anna@straße.example"),
        ("anna@xn--a.example", "anna@b.example"),
    ],
)
def test_another_address_is_not_found(typed: str, spelt: str) -> None:
    """Only Google ignores dots and what follows a plus sign, and only in addresses at Gmail."""
    assert not is_found(typed, address(spelt))
    assert not is_found(spelt, address(typed))


@pytest.mark.parametrize("typed", ["+49 30 901820", "0049 (30) 901820", "030/90 18 20"])
@pytest.mark.parametrize(
    "event",
    [
        person(phone_number="+4930901820"),
        person(phone_number="+49 (0)30 90-18-20"),
        person(phone_number="0049 30 901820"),
        person(phone_number=["x", "tel:+49-30-901820;ext=1"]),
        person(phone_number="030 901820"),
        person(phone_number=4930901820),
        person(phone_number="+٤٩ ٣٠ ٩٠١٨٢٠"),
        person(sha256_phone_number=hashed("+4930901820")),
        person(sha256_phone_number=hashed("4930901820").upper()),
        person(sha256_phone_number=[in_base64("4930901820")]),
        {"user_id": "+4930901820"},
    ],
)
def test_a_phone_number_is_found(typed: str, event: Event) -> None:
    assert is_found(typed, event)


@pytest.mark.parametrize(
    ("typed", "event"),
    [
        ("+49 30 901820", person(phone_number="+43 30 901820")),
        ("+49 30 901820", {"user_id": "4930901820"}),
        ("+49 30 901820", {"transaction_id": "4930901820"}),
        ("4930901820", person(phone_number="+49 30 901820")),
        ("0x4930901820", person(phone_number="+49 4930 901820")),
        ("tel:4930901820", {"user_id": "4930901820"}),
        ("+49 30 901820", {"user_id": "tel:4930901820"}),
        ("+39 06 698 82 019", person(phone_number="06 698 82 019")),
        ("+49 30 901820", person(phone_number="none")),
        ("+49 30 901820", person(phone_number=True)),
    ],
    ids=str,
)
def test_the_number_of_another_person_is_not_found(typed: str, event: Event) -> None:
    """A number without a country code is read as one of a destination's country; digits alone are
    an id."""
    assert not is_found(typed, event)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("030 901820", "030/901820"),
        ("(555) 123-4567", "555 1234567"),
        ("+1 23 45", "12345"),
        ("tel:5551234567", "555 123 4567"),
    ],
)
def test_a_number_of_which_no_country_is_known_is_found_as_it_is(typed: str, number: str) -> None:
    found = EventDigests(b"a key of the tests").sought(typed).exact
    assert not set(found).isdisjoint(DIGESTS.of_event(person(phone_number=number)))


@pytest.mark.parametrize("typed", ["4930901820", "49 30 901820", "1001"])
@pytest.mark.parametrize("of_phone", [hashed, in_base64])
def test_the_id_alone_finds_no_phone_number(typed: str, of_phone: Callable[[str], str]) -> None:
    event = person(phone_number=f"+{typed}", sha256_phone_number=of_phone(typed))
    assert set(DIGESTS.of_id(typed)).isdisjoint(DIGESTS.of_event(event))
    assert is_found(typed, event)
    for name in ("event_id", "transaction_id", "client_id", "user_id"):
        assert not set(DIGESTS.of_id(f" {typed}")).isdisjoint(DIGESTS.of_event({name: typed}))


def by_rule(path: str, event: Event, salt: str | None = SALT) -> Event:
    """`event` after the action ``hash`` on `path`."""
    changed = deepcopy(event)
    hash_field(path, salt)(changed)
    return changed


USERS = {"event_name": "x", "user_id": "Customer-7"}


@pytest.mark.parametrize(
    ("typed", "event"),
    [
        ("Customer-7", compile_hash_user_id(SALT)(USERS)),
        ("Customer-7", by_rule("user_id", USERS)),
        ("Customer-7", by_rule("user_id", USERS, None)),
        ("T-1", by_rule("transaction_id", {"transaction_id": "T-1"})),
        (EMAIL, compile_hash_user_id(SALT)({"user_id": EMAIL})),
        (EMAIL, by_rule("user_data.email_address", address(EMAIL))),
        (
            "Anna@Shop.example",
            by_rule("user_data.email_address", address("Anna@Shop.example"), None),
        ),
        ("030 901820", by_rule("user_data.phone_number", person(phone_number="030 901820"))),
        ("jane.doe@gmail.com", compile_hash_person([])(address("Jane.Doe@gmail.com"))),
        ("+49 30 901820", compile_hash_person([])(person(phone_number="+49 30 901820"))),
    ],
)
def test_what_a_setting_or_a_rule_hashed_is_found_by_the_clear_id(typed: str, event: Event) -> None:
    assert typed not in repr(event)
    assert is_found(typed, event)


def test_a_local_number_that_is_hashed_at_ingest_is_found() -> None:
    meta = Meta(MetaSettings(pixel_id="1", access_token=SecretStr("s3cret"), phone_region="DE"))
    needs = meta.personal_data(meta.settings)
    assert needs is not None
    event = compile_hash_person([needs])(person(phone_number="030 901820"))
    assert "901820" not in repr(event)
    assert is_found("+49 30 901820", event)


@pytest.mark.parametrize("text", [" anna-1 ", normalize("NFD", "José"), "Anna-1"])
def test_blanks_and_forms_of_unicode_make_no_difference(text: str) -> None:
    assert is_found(normalize("NFC", text.strip()), {"user_id": text})
    assert is_found(text, {"user_id": normalize("NFC", text.strip())})
    assert not is_found(text, {"user_id": text.swapcase()})


OF = {"person": ("user_id", "client_id"), "order": ("transaction_id",), "event": ("event_id",)}


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_is_found_as_the_kind_that_is_meant(kind: Kind) -> None:
    fields = [name for names in OF.values() for name in names]
    assert {name for name in fields if is_found("1001", {name: "1001"}, kind)} == set(OF[kind])
    assert all(is_found("1001", {name: "1001"}) for name in fields)


def test_which_kind_an_event_has_is_known() -> None:
    sought = DIGESTS.sought("1001")
    event = {"event_id": "1001", "transaction_id": "1001", "user_id": "7"}
    assert sought.kinds_of(DIGESTS.of_event(event)) == {"order", "event"}
    assert DIGESTS.sought(EMAIL).kinds_of(DIGESTS.of_event({"event_id": EMAIL})) == {"person"}


@pytest.mark.parametrize("only", [None, *KINDS])
@pytest.mark.parametrize("typed", [EMAIL, "1001", "jane.doe+shop@gmail.com", "+49 30 901820"])
def test_what_is_sought_is_written_into_a_url_and_read(typed: str, only: Kind | None) -> None:
    sought = DIGESTS.sought(typed, only)
    read = Sought.read(sought.encode())
    assert (set(read.all), read.only, read.name) == (set(sought.all), only, DIGESTS.name_of(typed))
    assert typed not in sought.encode()


@pytest.mark.parametrize("text", ["", "any", "any....", "any.x.x.x.x", "0" * 24, EMAIL])
def test_what_is_no_search_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="not the digests"):
        Sought.read(text)


@pytest.mark.parametrize(
    "typed",
    [
        "ü" * 4_000_000 + "@a.example",
        f"a@{'ü' * 400}.example",
        "+4" * 2_000_000,
        "\u200b" * 99_999,
        "a" + "\u200b" * 99_999 + "b",
        ACCENTS,
    ],
    ids=["long", "a long label", "digits", "invisible", "invisible within", "accents"],
)
def test_whatever_is_typed_takes_little_time(typed: str) -> None:
    began = time.thread_time()
    assert 0 < len(DIGESTS.of_text(typed)) < 100
    assert time.thread_time() - began < 2


@pytest.mark.parametrize(
    "event",
    [
        {"transaction_id": ACCENTS},
        {"user_id": ACCENTS},
        address(f"{ACCENTS}@gmail.com"),
        person(phone_number=[f"{number}" + "\u0661" * 16_000 for number in range(100)]),
        person(phone_number=[f"tel:{number}{'%31' * 5_000}" for number in range(100)]),
    ],
    ids=["an order", "a user", "an address", "digits", "links"],
)
def test_whatever_an_event_has_takes_little_time(event: Event) -> None:
    """Senders choose what an event contains, and other events wait while it is read."""
    DIGESTS.of_event(person(phone_number="+49 30 901820"))
    began = time.thread_time()
    DIGESTS.of_event(event)
    assert time.thread_time() - began < 0.1


def test_long_ids_are_not_remembered() -> None:
    for number in range(100):
        DIGESTS.of_event({"user_id": f"{number}" + "x" * 10_000})
    assert max(map(len, DIGESTS._of_person)) <= 256


def test_countries_and_the_salt_come_from_the_configuration() -> None:
    settings = parse_settings(
        f"""
        server: {{hash_salt: {SALT}}}
        redis: {{url: "redis://localhost"}}
        sources: {{site: {{type: collect}}}}
        destinations:
          meta: {{type: meta, pixel_id: "1", access_token: x, phone_region: DE}}
          hook: {{type: webhook, url: "https://ads.example/"}}
        """
    )
    digests = build_digests(settings)
    assert digests is not None
    for typed, event in (
        ("+49 30 901820", person(phone_number="030 901820")),
        ("Customer-7", compile_hash_user_id(SALT)(USERS)),
    ):
        assert not set(digests.of_text(typed)).isdisjoint(digests.of_event(event))
