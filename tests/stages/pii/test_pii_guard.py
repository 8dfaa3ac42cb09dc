"""The guard as a stage: what it removes, what it leaves, its trace line and its settings."""

from time import process_time
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.event import Received
from gateway.stages.pii import PiiGuardSettings, compile_guard
from gateway.stages.pii.fields import Fields
from gateway.stages.pii.patterns import PATTERNS

RECEIVED = Received("site", 0.0)
EVERYTHING = "jane@x.de, 4111 1111 1111 1111, +49 30 1234567, password=hunter2"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"


def guarded(event: dict[str, Any], **settings: Any) -> tuple[dict[str, Any], str]:
    guard = compile_guard(PiiGuardSettings.model_validate(settings))
    cleaned, line = guard({"event_name": "any", **event}, RECEIVED)
    assert cleaned.pop("event_name") == "any"
    return cleaned, line


def test_a_clean_event_is_the_same_object_and_nothing_is_said() -> None:
    event = {"event_name": "page_view", "page_location": "https://x.example/?utm_source=email"}
    cleaned, line = compile_guard(PiiGuardSettings())(event, RECEIVED)
    assert cleaned is event
    assert line == ""


@pytest.mark.parametrize(
    "name",
    [
        *("page_location", "page_referrer", "page_title", "page_path", "search_term", "coupon"),
        *("item_name", "whatever_else"),
    ],
)
def test_free_text_loses_everything(name: str) -> None:
    assert guarded({name: EVERYTHING})[0] == {
        name: "[email], [card], [phone], password=[token]",
    }


@pytest.mark.parametrize(
    "name",
    [
        *("client_id", "user_id", "event_id", "transaction_id", "item_id", "fbp", "fbc"),
        *("gclid", "fbclid", "sha256_email_address", "user_agent", "ip_override"),
    ],
)
def test_ids_and_technical_fields_are_left_alone(name: str) -> None:
    assert guarded({name: EVERYTHING}) == ({name: EVERYTHING}, "")


@pytest.mark.parametrize("value", [EVERYTHING, {"email_address": "jane@x.de"}, [EVERYTHING]])
def test_user_data_is_left_alone_with_all_that_is_in_it(value: Any) -> None:
    assert guarded({"user_data": value}) == ({"user_data": value}, "")


def test_the_line_counts_by_place_and_never_repeats_a_value() -> None:
    _, line = guarded(
        {
            "page_location": "https://x.example/?a=jane%40x.de&b=joe%40x.de&token=abc",
            "items": [{"item_name": "blue"}, {"item_name": "call +49 30 1234567"}],
            "note": {"card": "4111 1111 1111 1111", "jwt": JWT},
        }
    )
    assert line == (
        "removed 2 e-mails from page_location, 1 phone number from items.1.item_name, "
        "1 card number from note.card, 1 token from note.jwt"
    )


def test_the_line_is_short_for_many_places() -> None:
    _, line = guarded({f"field{number}": "jane@x.de" for number in range(30)})
    assert line.endswith("1 e-mail from field9, and more from 20 other places")


def test_a_field_with_a_personal_name_gets_another() -> None:
    cleaned, line = guarded({"seen_by": {"jane@x.de": 3}})
    assert cleaned == {"seen_by": {"[email]": 3}}
    assert line == "removed 1 e-mail from a name in seen_by"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"email": "jdoe"}, {"email": "[email]"}),
        ({"email": ["jdoe", True]}, {"email": ["[email]", True]}),
        ({"email": "true"}, {"email": "true"}),
        ({"customerPhone": "4155552671"}, {"customerPhone": "[phone]"}),
        ({"customerPhone": 4155552671}, {"customerPhone": "[phone]"}),
        ({"phone": "iphone"}, {"phone": "iphone"}),
        ({"mobile": True}, {"mobile": True}),
        ({"card_number": "1234"}, {"card_number": "[card]"}),
        ({"cvc": 123}, {"cvc": "[card]"}),
        ({"password": "hunter2"}, {"password": "[token]"}),
        ({"password": 123456}, {"password": 123456}),
        ({"session_id": "9f86d081884c7d659a2feaa0c55ad015"}, None),
        ({"promo_code": "SUMMER20"}, None),
    ],
)
def test_a_field_whose_name_tells_loses_its_value(
    event: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    assert guarded(event)[0] == (event if expected is None else expected)


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/?gclid=Cj0KCQjwmOm3BhC8ARIsAOSbapWc3kZ1oX9yJq2vB7nR4tL6pM8sD0fG",
        "https://x.example/?yclid=4111111111111111&utm_id=4111111111111111",
        "https://x.example/?utm_source=email&utm_medium=e-mail&utm_campaign=mail_2024-10-21",
        "https://x.example/?fbclid=IwAR2x9fK3mP7qR1sT5vW8yZ0aB4cD6eF_aem_AbCdEf123456",
    ],
)
def test_campaigns_and_click_ids_survive_beside_what_is_removed(url: str) -> None:
    cleaned, _ = guarded({"page_location": f"{url}&email=jane%40x.de"})
    assert cleaned == {"page_location": f"{url}&email=[email]"}


@pytest.mark.parametrize("name", PATTERNS)
def test_only_the_chosen_patterns_are_looked_for(name: str) -> None:
    cleaned, _ = guarded({"note": EVERYTHING}, patterns=[name])
    assert cleaned == {"note": PATTERNS[name](EVERYTHING)}
    assert cleaned["note"].count("[") == 1


def test_more_fields_can_be_left_alone() -> None:
    event = {"crm": {"note": "jane@x.de"}, "items": [{"engraving": "jane@x.de"}]}
    assert guarded(event, leave_alone=["crm", "engraving"]) == (event, "")


@pytest.mark.parametrize("settings", [{"enabled": False}, {"patterns": []}])
def test_it_can_be_switched_off(settings: dict[str, Any]) -> None:
    assert guarded({"note": EVERYTHING}, **settings) == ({"note": EVERYTHING}, "")


@pytest.mark.parametrize(
    "settings",
    [{"enable": True}, {"patterns": ["name"]}, {"leave_alone": ["items.*.name"]}],
)
def test_mistakes_in_the_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PiiGuardSettings.model_validate(settings)


def test_names_that_senders_make_up_fill_no_memory() -> None:
    fields = Fields([], PATTERNS, lambda name: "@" not in name)
    for number in range(20_001):
        fields[f"field{number}"]
    assert len(fields) <= 10_000
    length = len(fields)
    fields["x" * 1_000], fields["jane@x.de"]
    assert len(fields) == length


@pytest.mark.parametrize(
    "candidate",
    [
        "01.02.2024 10:30 +1 4111 1111 1111 1112 a@b token= ",
        "x@y.",
        "%40%25",
        "0301234567-",
        "email=%",
        "eyJaaaaaaaa.",
        "138 1234 5678 3782 822463 10005 ",
        "415-555-2671 ",
        "x[email]=a&",
        "[email]",
    ],
)
def test_time_grows_with_the_length_alone(candidate: str) -> None:
    short, long = _seconds(candidate * 500), _seconds(candidate * 4_000)
    assert long < short * 8 * 3 + 0.05  # quadratic time would be 64 times as much


def _seconds(text: str) -> float:
    def once() -> float:
        start = process_time()
        guarded({"note": text})
        return process_time() - start

    return min(once() for _ in range(3))


@pytest.mark.parametrize(
    "number",
    ["415-555-2671", "(11) 91234-5678", "8 495 123-45-67", "612 34 56 78", "138 1234 5678"],
)
@pytest.mark.parametrize("between", [" ", ", ", "\n"])
def test_of_a_row_of_phone_numbers_none_is_left(number: str, between: str) -> None:
    text = between.join([number] * 50)
    assert PATTERNS["phone"](text) == between.join(["[phone]"] * 50)
    assert guarded({"note": text})[0] == {"note": between.join(["[phone]"] * 50)}


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://jane:pw12345@shop.example/a", "https://shop.example/a"),
        ("https://jane@mail.example:pw@shop.example/a", "https://shop.example/a"),
        ("https://jane:pw@ and more", "https:// and more"),
        ("https://jane@shop.example/a?x=1#y", "https://shop.example/a?x=1#y"),
        ("https://shop.example/@jane/a", "https://shop.example/@jane/a"),
    ],
)
def test_a_login_goes_and_the_host_stays(url: str, clean: str) -> None:
    event, _ = guarded({"page_location": url})
    assert event["page_location"] == clean
