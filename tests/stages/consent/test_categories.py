"""Consent managers' categories in messages: the consent types that they grant and deny."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Received
from gateway.event.consent import CONSENT_TYPES
from gateway.stages.consent import ConsentSettings, compile_consent
from gateway.stages.consent.categories import (
    MAX_CATEGORIES,
    MAX_NAME,
    bounded,
    categories_of,
    choices_in,
    is_agreed,
    merged,
    read_categories,
)

ADVERTISING = {"ad_storage", "ad_user_data", "ad_personalization"}
ANALYTICS = {"analytics_storage"}
FUNCTIONAL = {"functionality_storage", "personalization_storage"}
NECESSARY = {"security_storage"}
DENIABLE = {*CONSENT_TYPES} - NECESSARY


def states(choices: dict[str, bool], meanings: dict[str, list[str]] | None = None) -> Any:
    return read_categories(choices.items(), meanings or {})[0]


def notes(choices: dict[str, bool]) -> list[str]:
    return read_categories(choices.items(), {})[1]


def all_denied(types: set[str]) -> dict[str, str]:
    return dict.fromkeys(types, "denied")


@pytest.mark.parametrize(
    ("names", "types"),
    [
        ("Advertising|ADS|marketing|Targeting|Targeting Cookies|C0004|c0004", ADVERTISING),
        ("Analytics|statistics|Performance|performance-cookies|Measurement|C0002", ANALYTICS),
        ("Functional|functionality|Preferences|personalization|personalisation|C0003", FUNCTIONAL),
        ("Necessary|essential|Strictly Necessary|strictly_necessary|C0001", NECESSARY),
        ("Strictly Necessary Cookies|strictlyNecessary", NECESSARY),
        ("ad_storage|adStorage|Ad Storage|ad-storage|AD_STORAGE", {"ad_storage"}),
        ("ad_user_data|adUserData", {"ad_user_data"}),
        ("security_storage|securityStorage", NECESSARY),
    ],
)
def test_usual_names_need_no_mapping(names: str, types: set[str]) -> None:
    for name in names.split("|"):
        assert read_categories([(name, False)], {}) == (all_denied(types), []), name
        assert read_categories([(name, True)], {}) == (dict.fromkeys(types, "granted"), []), name


def test_the_configured_meaning_holds_instead_of_the_usual_one() -> None:
    assert states({"C0004": False}, {"C0004": ["analytics_storage"]}) == all_denied(ANALYTICS)
    assert states({"c0004": False}, {"C0004": ["analytics_storage"]}) == all_denied(ANALYTICS)
    assert states({"Marketing": False}, {"Marketing": []}) == {}


def test_an_unknown_category_that_is_denied_denies_what_no_granted_one_covers() -> None:
    assert states({"Vendor X": False}) == all_denied(DENIABLE)
    assert states({"Vendor X": False, "Analytics": True}) == {
        **all_denied(DENIABLE),
        "analytics_storage": "granted",
    }
    assert states({"Vendor X": False, "Marketing": False, "C0001": True}) == {
        **all_denied(DENIABLE),
        "security_storage": "granted",
    }


def test_an_unknown_category_that_is_granted_says_nothing() -> None:
    assert read_categories([("Vendor X", True)], {}) == ({}, [])
    assert states({"Vendor X": True, "Analytics": False}) == all_denied(ANALYTICS)


def test_a_granted_category_does_not_hold_against_a_denied_one_of_the_same_type() -> None:
    for pairs in permutations([("ads", True), ("Marketing", False), ("X", False)]):
        assert read_categories(pairs, {})[0]["ad_storage"] == "denied"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Vendor X", "Vendor X"),
        ("a\x1b[31m\nb", "a\\u001b[31m\\nb"),
        ("x" * 500, "x" * 64),
    ],
)
def test_a_note_names_the_unknown_category(name: str, shown: str) -> None:
    assert notes({name: False}) == [f"unknown category denied: {shown}"]


def test_the_notes_are_bounded() -> None:
    assert notes({f"x{number}": False for number in range(100)}) == [
        *(f"unknown category denied: x{number}" for number in range(5)),
        "unknown categories denied: 95 more",
    ]


@pytest.mark.parametrize(
    "value",
    [
        True,
        1,
        1.0,
        "1",
        "true",
        "TRUE",
        " True ",
        "granted",
        "Granted",
        [True],
        ["true"],
        "yes",
        "ACCEPT",
        "accepted",
        "allow",
    ],
)
def test_what_says_yes(value: Any) -> None:
    assert is_agreed(value)


@pytest.mark.parametrize(
    "value",
    [
        *(False, 0, 0.0, "0", "false", "False", "no", "denied", "DENIED"),
        *("", None, [], {}, [False], "maybe", 2, -1, float("nan")),
        *([True, True], {"a": True}, [["true"]]),
    ],
)
def test_anything_else_says_no(value: Any) -> None:
    assert not is_agreed(value)


@pytest.mark.parametrize(
    ("stated", "choices"),
    [
        (None, {}),
        ("", {}),
        ([], {}),
        ({}, {}),
        ({"a": "false", "b": "true"}, {"a": False, "b": True}),
        (' {"a": false, "b": true}', {"a": False, "b": True}),
        ('{"a": false, "a": true}', {"a": False}),
        ('{"a": false', {"unreadable consent_categories": False}),
        ("all", {"unreadable consent_categories": False}),
        (False, {"unreadable consent_categories": False}),
        (["a"], {"unreadable consent_categories": False}),
    ],
)
def test_choices_of_another_type_are_an_unknown_category_that_is_denied(
    stated: Any, choices: dict[str, bool]
) -> None:
    assert choices_in(stated, "consent_categories") == choices


@pytest.mark.parametrize(
    ("managed", "choices"),
    [
        ({"allowedConsentIds": ["a", "b"], "deniedConsentIds": ["b"]}, {"a": True, "b": False}),
        ({"allowedConsentIds": "C0001, C0002,"}, {"C0001": True, "C0002": True}),
        ({"allowedConsentIds": {"C0002": "Performance Cookies"}}, {"C0002": True}),
        ({"allowedConsentIds": {"C0002": True, "C0004": False}}, {"C0002": True, "C0004": False}),
        ({"deniedConsentIds": "C0004"}, {"C0004": False}),
        ({"deniedConsentIds": [{"id": "C0004"}, {"name": "Ads"}]}, {"C0004": False, "Ads": False}),
        ({"deniedConsentIds": [4]}, {"4": False}),
        ({"allowedConsentIds": [None, {}, True, ["a"]]}, {}),
        ({"deniedConsentIds": [None]}, {"unreadable deniedConsentIds": False}),
        ({"deniedConsentIds": 7}, {"unreadable deniedConsentIds": False}),
        ({"allowedConsentIds": 7}, {}),
        ({"allowedConsentIds": [], "deniedConsentIds": None}, {}),
        ({"deniedConsentIds": ["a"], "resolutionStrategy": "or"}, {"a": False}),
        ("C0004", {"unreadable consentManagement": False}),
        ([], {}),
    ],
)
def test_ids_of_rudderstack(managed: Any, choices: dict[str, bool]) -> None:
    assert categories_of({"consentManagement": managed}) == choices


def test_what_rudderstack_allows_does_not_hold_against_a_preference() -> None:
    context = {
        "consent": {"categoryPreferences": {"a": False}},
        "consentManagement": {"allowedConsentIds": ["a"]},
    }
    assert categories_of(context) == {"a": False}


def test_of_too_many_categories_denials_come_first() -> None:
    choices = {**{f"yes{n}": True for n in range(150)}, "Marketing": False}
    assert len(bounded(choices)) == MAX_CATEGORIES
    assert ("Marketing", False) in bounded(choices)


def test_denials_beyond_the_bound_deny_everything() -> None:
    choices = {**{f"C{n}": False for n in range(150)}, "Analytics": True}
    states, _ = read_categories(bounded(choices), {f"C{n}": [] for n in range(150)})
    assert states == all_denied(DENIABLE)


def test_long_names_are_cut() -> None:
    assert bounded({"x" * 500: True}) == (("x" * MAX_NAME, True),)


CHOICES = st.dictionaries(
    st.sampled_from(["Ads", "Marketing", "c0002", "Vendor X", "necessary", "Own"])
    | st.text(max_size=200),
    st.booleans(),
    max_size=120,
)


@given(CHOICES)
def test_nothing_is_granted_that_a_known_category_denies(choices: dict[str, bool]) -> None:
    kept = bounded(choices)
    assert len(kept) <= MAX_CATEGORIES
    states, _ = read_categories(kept, {"Own": ["ad_storage", "analytics_storage"]})
    for name, types in (("Ads", ADVERTISING), ("Marketing", ADVERTISING), ("c0002", ANALYTICS)):
        if choices.get(name) is False:
            assert all(states[each] == "denied" for each in types)
    if choices.get("Vendor X") is False:
        assert states.keys() >= DENIABLE


@given(CHOICES, CHOICES)
def test_the_order_of_statements_makes_no_difference(
    one: dict[str, bool], other: dict[str, bool]
) -> None:
    assert merged([one, other]) == merged([other, one])
    assert not any(
        agreed and not one.get(name, True) for name, agreed in merged([other, one]).items()
    )


def line_of(event: dict[str, Any], **settings: Any) -> str:
    stage = compile_consent(ConsentSettings(default={}, regions=[], **settings))
    return stage({"event_name": "A", **event}, Received("s", 0.0)).line


def test_the_stage_reads_categories_that_the_configuration_does_not_name() -> None:
    line = line_of({"consent_categories": {"Marketing": "false", "Vendor X": False}})
    assert "ad_storage denied (categories)" in line
    assert "analytics_storage denied (categories)" in line
    assert "; unknown category denied: Vendor X" in line


@pytest.mark.parametrize("value", ["all", True, 7, ["Marketing"]])
def test_the_stage_denies_where_categories_cannot_be_read(value: Any) -> None:
    line = line_of({"consent_categories": value})
    assert "ad_storage denied (categories)" in line
    assert "security_storage unset" in line
