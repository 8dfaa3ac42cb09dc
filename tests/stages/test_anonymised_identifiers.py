"""An anonymised event has no identifier or digest of one, in any place or spelling."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import md5, sha1, sha256
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Event, Received, read_event
from gateway.pipeline.decision import Decision, Verdict
from gateway.queue.entry import decode, encode
from gateway.stages.anonymise import NAMELESS, compile_anonymise
from gateway.stages.held_consent import HeldConsent

anonymise = compile_anonymise(["shelf"])

PERSON: dict[str, Any] = {
    "client_id": "1234567890.1795210000",
    "user_id": "customer-1776",
    "transaction_id": "T-1001",
    "fbp": "fb.1.1795210000000.9988776655",
    "fbc": "fb.1.1795210000000.IwAR0-x_y2Zk9",
    "click_ids": {"gclid": "Cj0KCQ-xyz", "gad_source": "1"},
    "user_data": {"email_address": "Jane.Doe@example.com", "phone_number": "+49 30 1234567"},
    "contexts": [{"schema": "session", "data": {"userId": "0f1e2d3c-aaaa-bbbb"}}],
}


def hexed(digest: Callable[[bytes], Any]) -> Callable[[str], str]:
    return lambda text: str(digest(text.encode()).hexdigest())


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in upper case": str.upper,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "every byte percent-encoded": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "in Base64": lambda text: b64encode(text.encode()).decode(),
    "in Base64 for URLs": lambda text: urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "as MD5": hexed(md5),
    "as SHA-1": hexed(sha1),
    "as SHA-256": hexed(sha256),
    "as SHA-256 in upper case": lambda text: hexed(sha256)(text).upper(),
    "as SHA-256 in Base64": lambda text: b64encode(sha256(text.encode()).digest()).decode(),
    "as SHA-256, normalised": lambda text: hexed(sha256)(text.strip().lower()),
}
PLACES: dict[str, Callable[[str], Event]] = {
    "its name": lambda text: {"event_name": f"order_{text}"[:256]},
    "its id": lambda text: {"event_id": f"order:{text}"[:256]},
    "a path": lambda text: {"page_path": f"/thanks/{text}"},
    "a page": lambda text: {"page_location": f"https://shop.example/u/{text}/orders"},
    "a campaign in a URL": lambda text: {
        "page_location": f"https://shop.example/?utm_content={quote(text)}"
    },
    "a host": lambda text: {"page_referrer": f"https://{text}.shop.example/"},
    "a campaign": lambda text: {"campaign": {"source": "news", "content": f"for {text}"}},
    "an item": lambda text: {"items": [{"item_id": "A", "item_name": f"Cup for {text}"}]},
    "an item's list": lambda text: {"items": [{"item_id": "A", "item_list_id": text}]},
    "a device": lambda text: {"device": {"category": "mobile", "browser": text}},
    "a field of one's own": lambda text: {"shelf": text},
    "deep in it": lambda text: {"shelf": {"rows": [{"of": [text]}]}},
    "the name of a field": lambda text: {"shelf": {text: 1, "rows": [{f"x {text}": True}]}},
}
IDENTIFIERS = [
    "1234567890.1795210000",
    "customer-1776",
    "T-1001",
    "fb.1.1795210000000.9988776655",
    "Cj0KCQ-xyz",
    "Jane.Doe@example.com",
    "+49 30 1234567",
    "0f1e2d3c-aaaa-bbbb",
]


def planted(**fields: Any) -> Event:
    return read_event({"event_name": "purchase", "event_id": "e-1", **PERSON, **fields})


def text_of(event: Event) -> str:
    return orjson.dumps(anonymise(event)).decode().lower()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_identifier_in_any_place_in_any_spelling(place: str, spelling: str) -> None:
    for identifier in IDENTIFIERS:
        written = SPELLINGS[spelling](identifier)
        left = text_of(planted(**PLACES[place](written)))
        assert written.lower() not in left, identifier
        assert quote(written).lower() not in left, identifier


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("a path", "cid1234567890.1795210000x"),
        ("a path", "1234567890"),
        ("a campaign", "x9988776655x"),
        ("a path", "customer1776"),
        ("a campaign", "IwAR0-x_y2Zk9"),
        ("a campaign", "+49301234567"),
        ("a campaign", "49-30-12 34 56 7"),
        ("a field of one's own", "janedoe_example_com"),
        ("an item", hexed(sha256)("49301234567")),
        ("an item", hexed(sha256)("+49301234567")),
    ],
)
def test_nor_a_long_one_within_a_word_or_with_other_marks(place: str, text: str) -> None:
    assert text.lower() not in text_of(planted(**PLACES[place](text)))


def test_nor_the_address_of_the_visitor() -> None:
    campaign = {"source": "news", "content": "203.0.113.7"}
    assert "203.0.113.7" not in text_of(planted(ip_override="203.0.113.7", campaign=campaign))


def test_but_an_address_that_is_the_host_of_the_page_is_the_page() -> None:
    page = "http://127.0.0.1:8000/cart"
    event = planted(ip_override="127.0.0.1", page_location=page)
    assert anonymise(event)["page_location"] == page


@pytest.mark.parametrize("field", ["value", "tax", "shipping"])
@pytest.mark.parametrize("number", [10012345, 10012345.0])
def test_nor_a_number_that_is_one(field: str, number: float) -> None:
    event = planted(transaction_id="10012345", shelf={"at": number}) | {field: number}
    assert "10012345" not in text_of(event)


def test_short_numbers_are_prices_and_quantities() -> None:
    event = planted(user_id="17", value=17, items=[{"item_id": "A", "quantity": 17}])
    anonymous = anonymise(event)
    assert (anonymous["value"], anonymous["items"]) == (17, [{"item_id": "A", "quantity": 17}])


def test_an_event_whose_name_holds_one_has_another_name() -> None:
    assert anonymise(planted(event_name="paid T-1001"))["event_name"] == NAMELESS
    assert anonymise(planted(event_name="paid"))["event_name"] == "paid"


def test_an_id_in_the_visitors_properties_counts_and_their_plan_does_not() -> None:
    properties = {"member": "M-20451187", "plan": "professional"}
    event = planted(
        user_properties=properties,
        page_location="https://shop.example/professional",
        page_path="/m/M-20451187",
    )
    anonymous = anonymise(event)
    assert anonymous["page_location"] == "https://shop.example/professional"
    assert "page_path" not in anonymous


def test_marks_of_a_click_that_many_share_are_nobodys() -> None:
    page = "https://shop.example/page/1"
    assert anonymise(planted(page_location=page))["page_location"] == page


def test_what_stays_is_untouched() -> None:
    fields = {
        "page_location": "https://shop.example/shoes/red?utm_source=news",
        "campaign": {"source": "news", "medium": "email"},
        "shelf": {"row": 3, "of": ["a", "b"]},
        "value": 59.8,
    }
    assert anonymise(planted(**fields)).items() >= fields.items()


# The entry


@pytest.mark.parametrize(("anonymised", "visitors"), [(True, []), (False, ["a-digest"])])
def test_the_stored_entry_of_an_anonymised_event_names_no_visitor(
    anonymised: bool, visitors: list[str]
) -> None:
    event = {"event_name": "purchase", "event_id": "e-1"}
    event |= {"anonymised": True} if anonymised else {}
    held = HeldConsent("", ["a-digest"], {}, [], [], event, Received("site", 0.0))
    decision = Decision(event, {"it": Verdict(event)}, (), "site", 0.0, "v", held_consent=held)
    assert decode(b"1-0", 1, encode(decision, event, ())).visitors == visitors


# Laws

_word = st.text("bcdfghjklmnpqrstvwxz0123456789", min_size=8, max_size=12)
_people = st.fixed_dictionaries(
    {},
    optional={
        "client_id": _word,
        "user_id": _word,
        "transaction_id": _word,
        "fbc": _word,
        "app_instance_id": _word,
        "domain_userid": _word,
        "ga_session_id": _word,
        "click_ids": st.fixed_dictionaries({"gclid": _word}),
        "user_data": st.fixed_dictionaries(
            {
                "email_address": st.builds("{}@{}.example".format, _word, _word),
                "phone_number": st.integers(10**9, 10**11).map("+{}".format),
                "address": st.fixed_dictionaries({"last_name": _word}),
            }
        ),
    },
)


def _secrets(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [secret for each in value.values() for secret in _secrets(each)]
    return [value]


@given(person=_people, data=st.data())
def test_any_identifier_planted_anywhere_is_gone(
    person: dict[str, Any], data: st.DataObject
) -> None:
    fields: Event = {"event_name": "purchase", "event_id": "e-1"}
    written: set[str] = set()
    for secret in _secrets(person):
        spelling = data.draw(st.sampled_from(sorted(SPELLINGS)))
        place = data.draw(st.sampled_from(sorted(PLACES)))
        text = SPELLINGS[spelling](secret)
        before, after = (data.draw(st.sampled_from(["", "x ", "?", "/", "-"])) for _ in range(2))
        fields |= PLACES[place](f"{before}{text}{after}")
        written |= {text.lower(), quote(text).lower(), secret.lower()}

    left = text_of(read_event(person | fields))

    assert {each for each in written if each in left} == set()
