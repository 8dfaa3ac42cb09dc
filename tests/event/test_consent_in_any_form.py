"""Consent in every form in which senders state it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import read_event
from gateway.event.consent import CONSENT_TYPES, consent_type, read_consent, strictest

EVERYTHING_DENIED = dict.fromkeys(CONSENT_TYPES, "denied")


@pytest.mark.parametrize(
    "state",
    [
        "granted",
        "GRANTED",
        " Granted ",
        "true",
        "yes",
        "1",
        True,
        1,
        1.0,
        ["granted"],
        [1],
        "ACCEPT",
        "accepted",
        "allow",
        "allowed",
        "CONSENT_GRANTED",
    ],
)
def test_a_grant_in_any_form(state: object) -> None:
    assert read_consent({"ad_storage": state}) == ({"ad_storage": "granted"}, [])


@pytest.mark.parametrize(
    "state",
    [
        *(
            "denied",
            "DENIED",
            " Denied\t",
            "false",
            "no",
            "0",
            False,
            0,
            0.0,
            ["denied"],
            [[False]],
        ),
        *("", " ", None, [], {}, [None]),
        *("maybe", "denied,granted", "grantedish", 2, -1, float("nan"), {"value": "granted"}),
        *(["granted", "denied"], ["granted"] * 21),
    ],
    ids=repr,
)
def test_a_state_is_denied_when_it_is_empty_or_cannot_be_read(state: object) -> None:
    assert read_consent({"ad_storage": state}) == ({"ad_storage": "denied"}, [])


@pytest.mark.parametrize(
    "key",
    [
        "ad_storage",
        "AD_STORAGE",
        "adStorage",
        "AdStorage",
        "ad-storage",
        "ad storage",
        " ad_storage ",
    ],
)
def test_a_type_in_any_spelling(key: str) -> None:
    assert consent_type(key) == "ad_storage"


@pytest.mark.parametrize("key", ["", "ads", "ad_storage2", "default", "İd_storage", "a" * 10_000])
def test_what_is_no_type(key: str) -> None:
    assert consent_type(key) is None


@pytest.mark.parametrize("nothing", [None, "", " \n", {}, [], [[]], [None, {}], "{}", "[]"])
def test_what_is_empty_says_nothing(nothing: object) -> None:
    assert read_consent(nothing) == ({}, [])


@pytest.mark.parametrize(
    "said",
    [
        "denied",
        "granted",
        "{not json",
        '{"a": "\\ud800"}',
        '{"a": NaN}',
        '"denied"',
        False,
        True,
        0,
        17,
        1.5,
        ["denied"],
    ],
)
def test_what_cannot_be_read_as_a_whole_denies_every_type(said: object) -> None:
    assert read_consent(said) == (EVERYTHING_DENIED, [])


@pytest.mark.parametrize(
    "said",
    [
        [{"ad_storage": "granted"}, {"ad_storage": "denied"}],
        [{"ad_storage": "denied"}, {"ad_storage": "granted"}],
        [{"ad_storage": "granted", "adStorage": "denied"}],
        {"0": {"ad_storage": "granted"}, "1": {"ad_storage": "denied"}},
        {"adStorage": "denied", "ad_storage": "granted"},
        '[{"ad_storage": "granted"}, {"ad_storage": "denied"}]',
        [{"ad_storage": "granted"}, '{"ad_storage": "denied"}'],
        '{"ad_storage": "denied", "ad_storage": "granted"}',
        '{"ad_storage": false, "ad_storage": true}',
    ],
)
def test_of_several_words_the_denial_holds(said: object) -> None:
    assert read_consent(said) == ({"ad_storage": "denied"}, [])


@pytest.mark.parametrize(
    "unknown",
    [
        {"marketing": False},
        {"marketing": " Denied "},
        {"marketing": "0"},
        {"update": {"ad_storage": "denied"}},
        {"default": {"ad_storage": "granted"}, "update": [{"ad_storage": False}]},
        {"marketing": 0},
        {"marketing": 0.0},
        *(
            {"marketing": word}
            for word in (
                *("deny", "DENY", "DENY_ALL", "ALL_DENIED", "CONSENT_DENIED", "off", "n", "out"),
                *("none", "reject", "Rejected", "refused", "declined", "disagree", "disallow"),
                *("disabled", "revoked", "withdrawn", "opt-out", "optOut", "Opted out"),
                *("not granted", "notAllowed", "no.", "\N{ZERO WIDTH SPACE}no", "ｄｅｎｉｅｄ"),
            )
        ),
        {"marketing": {"val": "n"}},
        *(
            {key: True}
            for key in (
                *("denied", "rejectAll", "opt_out", "optedOut", "do_not_sell", "doNotShare"),
                *("withdrawn", "revoked", "gpc", "globalPrivacyControl", "limit_data_use"),
            )
        ),
        {"denied": ["ad_storage"]},
        {"rejected": {"marketing": False}},
        {"refused": "all"},
        {"purposes": {"enabled": [], "disabled": ["ads"]}},
        {"deniedConsentIds": ["C0004"]},
        {"OPT_OUT": "ACCEPT"},
        {"wait_for_update": False},
        {"wait_for_update": "0"},
        {"default": {"ad_storage": 1}, "update": {"ad_storage": 0, "analytics_storage": 0}},
        {"categoryPreferences": {"Advertising": 0}},
        {"region": [["x"] * 21]},
        {"a": {"b": {"c": {"d": {"e": {}}}}}},
    ],
    ids=str,
)
def test_a_denial_under_another_key_denies_what_is_not_stated(unknown: dict[str, Any]) -> None:
    states, keys = read_consent({**unknown, "analytics_storage": "granted"})
    assert states == {**EVERYTHING_DENIED, "analytics_storage": "granted"}
    assert keys == [*unknown]


@pytest.mark.parametrize(
    "refusal",
    [
        *({"do_not_sell": True}, {"doNotShare": "1"}, {"ccpa_do_not_sell": "yes"}),
        *({"sale_of_data": "no"}, {"saleOfDataAllowed": False}, {"SaleOfInfo": False}),
        *({"optOutOfSale": True}, {"shopify": {"customerPrivacy": {"saleOfDataAllowed": False}}}),
    ],
    ids=str,
)
def test_a_refusal_of_sale_holds_beside_grants(refusal: dict[str, Any]) -> None:
    granted = dict.fromkeys(CONSENT_TYPES, "granted")
    opted_out = {"ad_user_data": "denied", "ad_personalization": "denied"}
    for said in ({**granted, **refusal}, {"a": "denied", **granted, **refusal}, [refusal, granted]):
        assert read_consent(said)[0] == {**granted, **opted_out}
    assert read_consent(refusal)[0] == EVERYTHING_DENIED


@pytest.mark.parametrize(
    "other",
    [
        *({"do_not_sell": False}, {"sale_of_data": "yes"}, {"saleOfDataAllowed": True}),
        *({"wholesale": False}, {"marketing": False}, {"sale_of_data": ""}),
    ],
    ids=str,
)
def test_what_refuses_no_sale_takes_no_grant_away(other: dict[str, Any]) -> None:
    granted = dict.fromkeys(CONSENT_TYPES, "granted")
    assert read_consent({**granted, **other})[0] == granted


@pytest.mark.parametrize(
    "unknown",
    [{"marketing": True}, {"wait_for_update": 500}, {"wait_for_update": 0}, {"region": ["DE"]}]
    + [{"waitForUpdate": 0}, {"default": {"wait_for_update": 0, "ad_storage": "granted"}}]
    + [{"banner": value} for value in (None, "", [], {}, "v2", "granted", "1.0", "not shown")]
    + [{"opt_out": value} for value in (None, "", [], {}, False, 0, "false", "no")]
    + [{"OPT_OUT": "DENY"}, {"denied": [], "accepted": ["ads"]}, {"plan": "unlimited"}]
    + [{"policy": "https://shop.example/deny"}, {"text": f"You may opt out. {'x' * 64}"}],
    ids=str,
)
def test_what_another_key_says_without_a_denial_is_passed_over(unknown: dict[str, Any]) -> None:
    assert read_consent({**unknown, "ad_storage": "granted"})[0] == {"ad_storage": "granted"}
    assert read_consent(unknown)[0] == {}


def test_a_denial_among_the_repeated_values_of_another_key_of_a_text_counts() -> None:
    text = '{"marketing": false, "marketing": true, "ad_storage": "granted"}'
    assert read_consent(text)[0] == {**EVERYTHING_DENIED, "ad_storage": "granted"}


def test_keys_that_are_no_type_are_named_at_most_ten_and_cut() -> None:
    others = dict.fromkeys(map(str, range(-20, 0)), 1)
    states, unknown = read_consent({"ad_storage": 1, "k" * 500: "secret", **others})
    assert states == {"ad_storage": "granted"}
    assert len(unknown) == 10
    assert unknown[0] == "k" * 64


def test_more_statements_than_are_read_deny() -> None:
    assert read_consent([{"ad_storage": "granted"}] * 21)[0] == EVERYTHING_DENIED


def test_the_strictest_of_several() -> None:
    both = [{"ad_storage": "granted"}, {"ad_storage": "denied", "ad_user_data": "granted"}]
    assert strictest(both) == {"ad_storage": "denied", "ad_user_data": "granted"}


scalars = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=8)
)
keys = st.sampled_from(CONSENT_TYPES) | st.text(max_size=12)
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars | st.sampled_from(["granted", "denied"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_whatever_is_sent_is_read(said: object) -> None:
    states, unknown = read_consent(said)
    assert states.keys() <= {*CONSENT_TYPES}
    assert {*states.values()} <= {"granted", "denied"}
    assert len(unknown) <= 10


@given(json_values, st.sampled_from(CONSENT_TYPES), st.booleans())
def test_nothing_beside_a_denial_takes_it_away(other: object, name: str, first: bool) -> None:
    denial = {name: "denied"}
    said = [denial, other] if first else [other, denial]
    assert read_consent(said)[0][name] == "denied"
    assert read_consent(json.dumps({name: [other, "denied"]}))[0][name] == "denied"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Consent": {"ad_storage": "denied"}}, "denied"),
        ({"CONSENT": {"ad_storage": "granted"}}, "granted"),
        ({"cONSENT": '{"adStorage": false}'}, "denied"),
        ({"consent": {"ad_storage": "granted"}, "Consent": {"ad_storage": "denied"}}, "denied"),
        ({"Consent": {"ad_storage": "denied"}, "consent": {"ad_storage": "granted"}}, "denied"),
        ({"Consent": {"ad_storage": "denied"}, "CONSENT": {"ad_storage": "granted"}}, "denied"),
        ({"Consent": {}, "consent": {"ad_storage": "granted"}}, "granted"),
    ],
)
def test_the_field_has_its_name_in_any_case(fields: dict[str, Any], expected: str) -> None:
    assert read_event({"event_name": "x", **fields}) == {
        "event_name": "x",
        "consent": {"ad_storage": expected},
    }


def test_a_field_in_another_case_that_says_nothing_is_absent() -> None:
    assert read_event({"event_name": "x", "Consent": None}) == {"event_name": "x"}
