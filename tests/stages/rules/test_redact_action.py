"""`redact`: what is hidden, where, and what is left alone."""

from typing import Any, get_args

import pytest

from gateway.event import read_event
from gateway.stages.pii.patterns import PATTERNS
from gateway.stages.pii.settings import PatternName
from gateway.stages.rules import Rule, compile_rules

MAIL = "jo@shop.example"


def redacted(event: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return compile_rules([Rule.model_validate({"redact": settings})])(event).event


def test_every_pattern_can_be_named() -> None:
    assert set(PATTERNS) == set(get_args(PatternName))


@pytest.mark.parametrize(
    ("fields", "event", "expected"),
    [
        (["a"], {"a": f"from {MAIL}", "b": MAIL}, {"a": "from [email]", "b": MAIL}),
        (["a"], {"a": ["x", MAIL, 5]}, {"a": ["x", "[email]", 5]}),
        (["a"], {"a": {"b": {"c": MAIL}}}, {"a": {"b": {"c": "[email]"}}}),
        (["a.*.b"], {"a": [{"b": MAIL, "c": MAIL}]}, {"a": [{"b": "[email]", "c": MAIL}]}),
        (["user_data"], {"user_data": {"x": MAIL}}, {"user_data": {"x": "[email]"}}),
        (["client_id"], {"client_id": MAIL}, {"client_id": "[email]"}),
        (["a.query.b"], {"a": f"/?b={MAIL}&c=x@y.example"}, {"a": "/?b=[email]&c=x@y.example"}),
        (["a", "b"], {"b": MAIL}, {"b": "[email]"}),
    ],
)
def test_in_fields(fields: list[str], event: dict[str, Any], expected: dict[str, Any]) -> None:
    assert redacted(event, fields=fields, patterns=["email"]) == expected


def test_without_fields_it_is_every_text_but_ids_and_personal_fields() -> None:
    spared = {
        "event_name": MAIL,
        "event_id": MAIL,
        "client_id": MAIL,
        "user_id": MAIL,
        "transaction_id": MAIL,
        "fbp": MAIL,
        "click_ids": {"gclid": MAIL},
        "user_data": {"email_address": MAIL},
        "value": 5,
    }
    event = {**spared, "page_title": MAIL, "items": [{"item_id": MAIL, "item_name": MAIL}]}
    assert redacted(event, patterns=["email"]) == {
        **spared,
        "page_title": "[email]",
        "items": [{"item_id": MAIL, "item_name": "[email]"}],
    }


def test_only_the_patterns_that_are_named() -> None:
    text = f"{MAIL}, card 4111 1111 1111 1111"
    assert redacted({"a": text}, patterns=["card"]) == {"a": f"{MAIL}, card [card]"}
    assert redacted({"a": text}, patterns=["card", "email"]) == {"a": "[email], card [card]"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a?name=jo&b=1", "/a?name=[redacted]&b=1"),
        ("/a?b=1&NAME=jo#name=x", "/a?b=1&NAME=[redacted]#name=[redacted]"),
        ("/a#x=1&name=jo", "/a#x=1&name=[redacted]"),
        ("/a?name=jo&name=mo", "/a?name=[redacted]&name=[redacted]"),
        ("/a?n%61me=jo", "/a?n%61me=[redacted]"),
        ("/a?first+name=jo", "/a?first+name=[redacted]"),
        ("/a?name=&b=1", "/a?name=&b=1"),
        ("/a?name", "/a?name"),
        ("/a?surname=jo", "/a?surname=jo"),
        ("name=jo", "name=jo"),  # not a URL parameter
        ("/a?b=name=jo", "/a?b=name=jo"),
        ("/a?name=[redacted]", "/a?name=[redacted]"),
        ("/a?b=1;name=jo", "/a?b=1;name=[redacted]"),
        ("/a?to=/b?name=jo&c=1", "/a?to=/b?name=[redacted]&c=1"),
        ("/a?name=j;o?p=q&b=1", "/a?name=[redacted]&b=1"),
        ("/a? name=jo", "/a? name=[redacted]"),
        ("/a?to=%2Fb%3Fname%3Djo&c=1", "/a?to=%2Fb%3Fname%3D%5Bredacted%5D&c=1"),
        ("/a?to=%252Fb%253Fname%253Djo", "/a?to=%252Fb%253Fname%253D%255Bredacted%255D"),
        ("see %2Fb%3Fname%3Djo or so", "see %2Fb%3Fname%3D%5Bredacted%5D or so"),
        ("/a?to=%2Fb%3Fb%3D%6Ao", "/a?to=%2Fb%3Fb%3D%6Ao"),
    ],
)
def test_parameters_of_urls(text: str, expected: str) -> None:
    assert redacted({"a": text}, query_parameters=["name", "First Name"]) == {"a": expected}


def test_a_text_without_anything_to_hide_stays_the_same_object() -> None:
    event = {"a": "/x?y=1", "b": {"c": ["text"]}, "d": [1]}
    result = redacted(event, patterns=list(PATTERNS), query_parameters=["name"])
    assert all(result[key] is event[key] for key in event)


@pytest.mark.parametrize(
    "event",
    [
        {"event_name": "e", "client_id": "a@b.cd," * 36},
        {"event_name": "e", "page_title": "a@b.cd " * 2_340},
        {"event_name": "a@b.cd," * 36},
        {"event_name": "e", "items": [{"item_name": "a@b.cd " * 2_340}]},
    ],
)
def test_placeholders_never_make_a_text_longer_than_it_may_be(event: dict[str, Any]) -> None:
    for fields in ([], ["client_id", "event_name", "page_title", "items"]):
        result = redacted(event, fields=fields, patterns=["email"])
        assert read_event(result) == result
        assert fields == [] or "a@b.cd" not in str(result)
