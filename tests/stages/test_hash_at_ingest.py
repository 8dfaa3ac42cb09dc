"""`hash_at_ingest` hashes personal data without changing what destinations send."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations.base import Destination, Request
from destinations.ga4 import GA4, GA4Settings
from destinations.hashed_forms import FORMS, PersonalData
from destinations.meta import Meta, MetaSettings
from gateway.event import Event, EventError, read_event
from gateway.ledger.digests import EventDigests
from gateway.stages.hash_at_ingest import compile_hash_person
from gateway.testing.events import FIELDS, NOW

TOKEN = "s3cret-of-the-tests"
META = Meta(MetaSettings(pixel_id="1", access_token=TOKEN))
META_DE = Meta(MetaSettings(pixel_id="1", access_token=TOKEN, phone_region="DE"))
GA4_WEB = GA4(GA4Settings(measurement_id="G-TEST000001", api_secret=TOKEN))
GA4_APP = GA4(
    GA4Settings(firebase_app_id="1:12345:ios:321abc", api_secret=TOKEN, phone_region="US")
)
ALL: tuple[Destination[Any], ...] = (META, META_DE, GA4_WEB, GA4_APP)

CLEAR = ["Ada.Love@Gmail.com", "030 901820", "Jean-Luc", "Łukasz", "Main St. 5", "1980-02-29"]
ADA: Event = {
    "event_name": "purchase",
    "client_id": "1.1",
    "app_instance_id": "f00",
    "user_data": {
        "email_address": [CLEAR[0], "not an address"],
        "phone_number": CLEAR[1],
        "date_of_birth": CLEAR[5],
        "address": [
            {"first_name": CLEAR[2], "last_name": CLEAR[3], "street": CLEAR[4], "city": "Köln"},
            {"country": "Germany", "region": "DE-NW", "postal_code": "D-50667"},
        ],
    },
}


def needs_of(*destinations: Destination[Any]) -> list[PersonalData]:
    needs = [each.personal_data(each.settings) for each in destinations]
    return [each for each in needs if each is not None]


def hashed(event: Event, *destinations: Destination[Any]) -> Event:
    return compile_hash_person(needs_of(*destinations))(event)


def sent(destination: Destination[Any], event: Event) -> object:
    return list(destination.requests([event], NOW))


_digests = st.text("0123456789abcdefABCDEF", min_size=64, max_size=64)
_names = st.sampled_from(["Ada", " jean-luc ", "Łukasz", "O'Neil", "Ng"]) | st.text(max_size=8)
_emails = st.sampled_from(["A.b.C@gmail.com", "a@example.com", "nobody"]) | _digests
_phones = st.sampled_from(["030 901820", "+49 30 901820", "(212) 555-0123", "12"]) | _digests
_ids = st.integers() | st.booleans() | st.floats(allow_nan=False) | _names
_addresses = st.fixed_dictionaries(
    {},
    optional={
        "first_name": _names,
        "sha256_first_name": _digests | _names,
        "last_name": _names,
        "street": _names,
        "city": _names,
        "sha256_city": _digests,
        "region": st.sampled_from(["DE-BY", "California", "x"]),
        "postal_code": st.sampled_from(["D-50667", "94025-1234", "1"]),
        "country": st.sampled_from(["DE", "us", "Germany", "??"]),
    },
)
PERSONS = st.fixed_dictionaries(
    {},
    optional={
        "email_address": _emails | st.lists(_emails, max_size=4),
        "sha256_email_address": _digests | _names | st.lists(_digests, max_size=2),
        "phone_number": _phones | st.lists(_phones, max_size=4),
        "sha256_phone_number": _digests,
        "gender": st.sampled_from(["female", "m", "?"]) | _digests,
        "sha256_gender": _digests,
        "date_of_birth": st.sampled_from(["1980-02-29", "29.2.1980", "soon"]),
        "lead_id": st.integers() | _names,
        "external_id": _ids | st.lists(_ids, max_size=3),
        "sha256_external_id": _digests,
        "address": _addresses | st.lists(_addresses, max_size=3),
    },
)


def readable(raw: dict[str, Any]) -> Event | None:
    try:
        return read_event(raw)
    except EventError:
        return None


@given(fields=FIELDS, person=PERSONS)
def test_every_destination_sends_the_same(fields: dict[str, Any], person: dict[str, Any]) -> None:
    event = readable({"client_id": "1.1", **fields, "app_instance_id": "f00", "user_data": person})
    if event is None:
        return
    stored = hashed(event, *ALL)
    for destination in ALL:
        assert sent(destination, stored) == sent(destination, event)


@given(person=PERSONS)
def test_what_is_hashed_once_more_stays_as_it_is(person: dict[str, Any]) -> None:
    stored = hashed(read_event({"event_name": "x", "user_data": person}), *ALL)
    assert hashed(stored, *ALL) == stored


@pytest.mark.parametrize("destinations", [(), (META,), (GA4_WEB,), ALL])
def test_nothing_of_a_person_is_stored_in_clear(destinations: tuple[Destination[Any], ...]) -> None:
    stored = orjson.dumps(hashed(read_event(ADA), *destinations)).decode().lower()
    assert [clear for clear in CLEAR if clear.lower() in stored] == []
    assert "köln" in orjson.dumps(read_event(ADA)).decode().lower()
    assert ("köln" in stored) == (GA4_WEB in destinations), "GA4 takes places in clear"


def test_what_no_destination_reads_is_not_stored() -> None:
    person = {"nickname": "Countess", "lead_id": "l-1", "sha256_nickname": "Countess"}
    event = read_event({"event_name": "x", "user_data": person})
    assert hashed(event, GA4_WEB)["user_data"] == {FORMS: {}}
    assert hashed(event, META)["user_data"] == {"lead_id": "l-1", FORMS: {}}


def test_an_event_without_a_person_is_the_same_object() -> None:
    event = read_event({"event_name": "x"})
    assert hashed(event, *ALL) is event


def test_receivers_of_whole_events_get_the_usual_hashes() -> None:
    person = hashed(read_event(ADA))["user_data"]
    assert person["sha256_email_address"] == [sha256(b"ada.love@gmail.com").hexdigest()]
    first, second = person["address"]
    assert first["sha256_first_name"] == [sha256(b"jean-luc").hexdigest()]
    assert second == {FORMS: {}}


def test_a_person_is_found_by_the_same_address() -> None:
    digests = EventDigests(b"a key of the tests")
    found = digests.of_event(hashed(read_event(ADA), META))
    assert not set(digests.of_text("ada.love@gmail.com")).isdisjoint(found)


def test_a_destination_that_is_added_later_gets_no_hash_of_another_form() -> None:
    stored = hashed(read_event({**ADA, "event_id": "1"}), META)
    person = person_at_ga4(stored)
    assert person.keys() == {"sha256_phone_number", "address"}, "these have the usual form"
    assert [each.keys() for each in person["address"]] == [{"sha256_street"}]
    again = hashed(stored, META, GA4_WEB)
    assert sent(GA4_WEB, again) == sent(GA4_WEB, stored)
    assert sent(META, again) == sent(META, stored)


def test_a_clear_value_that_comes_later_is_hashed_and_sent_with_the_others() -> None:
    stored = hashed(read_event(ADA), *ALL)
    edited = {**stored, "user_data": {**stored["user_data"], "email_address": "b.c@gmail.com"}}
    again = hashed(edited, *ALL)
    assert "b.c@gmail.com" not in repr(again)
    assert person_at_ga4(again)["sha256_email_address"] == [
        sha256(b"adalove@gmail.com").hexdigest(),
        sha256(b"bc@gmail.com").hexdigest(),
    ]
    for destination in ALL:
        assert sent(destination, again) == sent(destination, edited)


def person_at_ga4(event: Event) -> dict[str, Any]:
    (request,) = GA4_WEB.requests([event], NOW)
    assert isinstance(request, Request)
    person: dict[str, Any] = orjson.loads(request.body)["user_data"]
    return person


@pytest.mark.parametrize(
    "forged",
    [
        "ada@example.com",
        {"email_address": "ada@example.com"},
        {"email_address": {"email_without_gmail_dots": "ada@example.com"}},
        {"email_address": {"email_without_gmail_dots": ["ada@example.com", 5, None]}},
        {"ada@example.com": {"email": ["ada@example.com"]}},
    ],
)
def test_what_a_sender_writes_into_the_place_of_hashes_is_neither_stored_nor_sent(
    forged: object,
) -> None:
    event = read_event({"event_name": "x", "client_id": "1.1", "user_data": {FORMS: forged}})
    assert b"ada@" not in orjson.dumps(hashed(event, *ALL))
    for destination in (META, GA4_WEB):
        assert "ada@" not in repr(sent(destination, event))


def test_the_names_of_forms_stay_since_events_are_stored_under_them() -> None:
    names = {
        f"{each.field}: {each.form}"
        for needs in needs_of(META_DE, GA4_APP)
        for each in (*needs.person.hashed, *needs.address.hashed)
    }
    phones = {needs.phone.form for needs in needs_of(META_DE, GA4_APP) if needs.phone}
    assert phones == {"phone_digits:DE", "phone:US"}
    assert names == {
        "email_address: email",
        "email_address: email_without_gmail_dots",
        "gender: gender",
        "date_of_birth: birth_date",
        "first_name: bare_name+trimmed_name",
        "first_name: words_of_letters",
        "last_name: bare_name+trimmed_name",
        "last_name: words_of_letters",
        "street: street",
        "city: city+latin_city",
        "region: state",
        "postal_code: postal_code",
        "country: country",
        "external_id: external_id",
    }


def test_an_external_id_of_a_person_is_hashed_and_sent_alike() -> None:
    event = read_event({"event_name": "x", "user_id": "u", "user_data": {"external_id": "C 7"}})
    stored = hashed(event, META)
    assert b"C 7" not in orjson.dumps(stored)
    assert sent(META, stored) == sent(META, event)
