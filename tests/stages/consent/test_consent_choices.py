"""Choices by category, in consent managers' cookies and in Segment's and RudderStack's messages."""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.consent import categories_of
from gateway.stages.consent.categories import read_categories
from gateway.stages.consent.cookies import (
    READERS,
    read_cookiebot,
    read_onetrust,
    read_usercentrics,
)
from gateway.stages.consent.types import UnreadableString

ADVERTISING = {"ad_storage", "ad_user_data", "ad_personalization"}
USER = {"ad_user_data"}

NOT_AGREED = {"preferences": False, "marketing": False}
COOKIEBOT = (
    "{stamp:%27abc+/D==%27%2Cnecessary:true%2Cpreferences:false%2Cstatistics:true"
    "%2Cmarketing:false%2Cmethod:%27explicit%27%2Cver:1%2Cutc:1741015397474%2Cregion:%27de%27}"
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            COOKIEBOT,
            {"necessary": True, "preferences": False, "statistics": True, "marketing": False},
        ),
        ("{necessary:true,marketing:true}", {"necessary": True, "marketing": True}),
        (quote(COOKIEBOT), {**dict.fromkeys(("necessary", "statistics"), True), **NOT_AGREED}),
        ("{marketing:false,marketing:true}", {"marketing": False}),
        ("{marketing:true,marketing:false}", {"marketing": False}),
        *(
            (f"{{statistics:true,{said},ver:1}}", {"statistics": True, "marketing": False})
            for said in ("marketing:False", "marketing:xx", "marketing: false", "marketing:")
        ),
        ("{statistics: true ,marketing : no}", {"statistics": True, "marketing": False}),
        ("statistics:yes", {"statistics": False}),
        (" {marketing:true} ", {"marketing": True}),
        ('{"statistics":true,"marketing":false}', {"statistics": True, "marketing": False}),
        ("{statistics:true,'marketing':false}", {"statistics": True, "marketing": False}),
        ("{statistics:true,Marketing:false}", {"statistics": True, "marketing": False}),
        ("-1", {}),
        ("0", {}),
    ],
)
def test_cookiebot(value: str, expected: dict[str, bool]) -> None:
    assert read_cookiebot(value) == expected


ONETRUST = (
    "isGpcEnabled=0&datestamp=Mon+Dec+23+2024+15%3A59%3A31+GMT%2B0800&version=202312.1.0"
    "&isIABGlobal=false&hosts=&landingPath=NotLandingPage"
    "&groups=C0004%3A0%2CC0001%3A1%2CC0003%3A1%2CC0002%3A1&AwaitingReconsent=false"
)
TWICE = {"C0001": True, "C0004": False, "C0002": False}
ONETRUST_CHOICES = {"C0001": True, "C0002": True, "C0003": True, "C0004": False}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ONETRUST, ONETRUST_CHOICES),
        (quote(ONETRUST), ONETRUST_CHOICES),
        (quote(quote(ONETRUST)), ONETRUST_CHOICES),
        (ONETRUST.replace("%", "%25"), ONETRUST_CHOICES),
        (
            f"landingPath=https%3A%2F%2Fa%2F%3F%26groups%3DC0004%3A1&{ONETRUST}",
            ONETRUST_CHOICES,
        ),
        ("groups=1%3A1%2C2%3A0", {"1": True, "2": False}),
        ("groups=1:1,2:0&x=y", {"1": True, "2": False}),
        ("groups=C0001:7,C0002:1x,C0004:0", {"C0001": False, "C0002": False, "C0004": False}),
        ("groups=C0002:,C0004", {"C0002": False, "C0004": False}),
        ("groups=C0002:0,C0004:1,C0002:1,C0004:0", {"C0002": False, "C0004": False}),
        ("groups=C0001:1|C0002:0|C0004:0", {"C0001": True, "C0002": False, "C0004": False}),
        ("groups=C0001%3A1%3BC0002%3A0&x=y", {"C0001": True, "C0002": False}),
        ("groups=C0001: 1, C0002 :0", {"C0001": True, "C0002": False}),
        ("groups=C0001:1,C0004:1&x=1&groups=C0004:0,C0002:0", TWICE),
        ("groups=C0001:1,C0004:1&groups=C0004%3A0%2CC0002%3A0", TWICE),
    ],
)
def test_onetrust(value: str, expected: dict[str, bool]) -> None:
    assert read_onetrust(value) == expected


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (
            {
                "gcm": {"adStorage": "granted", "analyticsStorage": "denied", "urlPassthrough": 1},
                "consent": {"services": {"S1": {"name": "Meta", "consent": True}}},
            },
            {"S1": True, "adStorage": True, "analyticsStorage": False},
        ),
        (
            {"adUserData": "denied", "adPersonalization": "granted", "adsDataRedaction": True},
            {"adUserData": False, "adPersonalization": True},
        ),
        (
            {"services": [{"id": "S1", "status": False}, {"id": "S2", "status": True}]},
            {"S1": False, "S2": True},
        ),
        (
            {"gcm": {"adStorage": "DENIED", "analyticsStorage": True, "adUserData": False}},
            {"adStorage": False, "analyticsStorage": True, "adUserData": False},
        ),
        (
            {"gcm": {"adStorage": None, "analyticsStorage": "Granted", "adUserData": ["x"]}},
            {"adStorage": False, "analyticsStorage": True, "adUserData": False},
        ),
        (
            {"gcm": {"adStorage": "granted"}, "adStorage": "denied"},
            {"adStorage": False},
        ),
        (
            {"gcm": {"adStorage": "granted", "analytics_storage": "denied"}},
            {"adStorage": True, "analytics_storage": False},
        ),
        (
            {"services": [{"id": "S1", "status": "false"}, {"id": "S2", "status": 1}, 7, {}]},
            {"S1": False, "S2": False, "unnamed service": False},
        ),
        (
            {"consent": {"services": {"S1": {"consent": 0}, "S2": False, "": {"consent": True}}}},
            {"S1": False, "S2": False, "unnamed service": True},
        ),
        (
            {
                "services": [{"id": "S1", "status": False}],
                "consent": {"services": {"S1": {"consent": True}}},
            },
            {"S1": False},
        ),
    ],
    ids=[
        *("ucData", "uc_gcm", "uc_settings", "other words", "no words", "gcm and around it"),
        *("another spelling", "odd states", "odd services", "both versions"),
    ],
)
def test_usercentrics(stored: dict[str, Any], expected: dict[str, bool]) -> None:
    assert read_usercentrics(json.dumps(stored)) == expected
    assert read_usercentrics(quote(json.dumps(stored))) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("cookiebot", ""),
        ("cookiebot", "{stamp:1}"),
        ("onetrust", "isGpcEnabled=0"),
        ("onetrust", "groups="),
        ("onetrust", "groups=,&hosts="),
        ("onetrust", "groups=,C0002:1,"),
        ("onetrust", "nogroups=C0001:1"),
        ("onetrust", "groups=:0,C0002:1"),
        ("usercentrics", "no JSON"),
        ("usercentrics", "[]"),
        ("usercentrics", "{}"),
        ("usercentrics", '{"gcm": [], "consent": 1, "services": 2}'),
        ("usercentrics", '{"gcm": {"adStorage": "granted"}, "services": 2}'),
        ("usercentrics", '{"gcm": 1, "adStorage": "granted"}'),
    ],
)
def test_a_value_of_another_shape_is_unreadable(kind: str, value: str) -> None:
    with pytest.raises(UnreadableString) as unreadable:
        READERS[kind](value)
    assert unreadable.value.denials == {}


@pytest.mark.parametrize(
    ("kind", "value", "denied"),
    [
        ("cookiebot", " {stamp:'x',statistics:false,mark", {"analytics_storage"}),
        ("cookiebot", "{statistics:false,marketing:true", {"analytics_storage"}),
        ("cookiebot", "{statistics:true,marketing:false", ADVERTISING),
        ("cookiebot", "{marketing:no,statistics:fal", ADVERTISING),
        ("onetrust", "groups=C0001:1,C0002:0,", {"analytics_storage"}),
        ("onetrust", "groups=C0001:1,C0002:1,", set()),
        ("onetrust", "groups=C0004:0,,C0002:1", ADVERTISING),
        ("onetrust", "groups=C0002:1 C0004:0", {"analytics_storage"}),
        ("onetrust", "groups=C0002:1/C0001:1,C0004:0", {"analytics_storage", *ADVERTISING}),
        ("usercentrics", '{"gcm":{"adStorage":"denied","analyticsSto', {"ad_storage"}),
        (
            "usercentrics",
            '{"gcm":{"adStorage" : false,"adUserData":"DENIED"',
            {"ad_storage", *USER},
        ),
        ("usercentrics", '{"gcm":{"adUserData":"granted","adStorage":"den', set()),
        ("usercentrics", '{"gcm":{"adUserData":"denied"},"services":2}', USER),
    ],
)
def test_what_a_damaged_value_denies_is_denied(kind: str, value: str, denied: set[str]) -> None:
    for text in (value, quote(value)):
        with pytest.raises(UnreadableString) as unreadable:
            READERS[kind](text)
        assert unreadable.value.denials.keys() == denied


@pytest.mark.parametrize(
    "text",
    [
        '{"gcm":{"adStorage":"denied","adStorage":"granted"}}',
        '{"gcm":{"adStorage":"denied"},"gcm":{"adStorage":"granted"}}',
        '{"adStorage":false,"adStorage":true}',
    ],
)
def test_of_a_key_that_is_there_twice_the_denial_holds(text: str) -> None:
    assert read_usercentrics(text) == {"adStorage": False}


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["gcm", "consent", "services", "id", "status", "adStorage", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(kind=st.sampled_from(list(READERS)), value=st.text() | JSON.map(json.dumps))
def test_any_cookie_has_a_reading_or_is_unreadable(kind: str, value: str) -> None:
    with suppress(UnreadableString):
        choices = READERS[kind](value)
        assert all(type(agreed) is bool for agreed in choices.values())


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (
            {"consent": {"categoryPreferences": {"Advertising": True, "Analytics": False}}},
            {"Advertising": True, "Analytics": False},
        ),
        (
            {
                "consentManagement": {
                    "provider": "oneTrust",
                    "allowedConsentIds": ["C0001", "C0002"],
                    "deniedConsentIds": ["C0004"],
                    "resolutionStrategy": "and",
                }
            },
            {"C0001": True, "C0002": True, "C0004": False},
        ),
        (
            {"consentManagement": {"allowedConsentIds": ["a"], "deniedConsentIds": ["a"]}},
            {"a": False},
        ),
        (
            {"consent": {"categoryPreferences": {"a": "true", "b": 1, "c": None, "d": True}}},
            {"a": True, "b": True, "c": False, "d": True},
        ),
        ({"consent": True, "consentManagement": []}, {}),
        ({"consent": {"categoryPreferences": []}, "consentManagement": {}}, {}),
        (
            {"consentManagement": {"allowedConsentIds": {"a": 1}, "deniedConsentIds": [1, "b"]}},
            {"a": True, "1": False, "b": False},
        ),
        (
            {"consentManagement": {"allowedConsentIds": {"a": "Ads", "b": "denied", "c": False}}},
            {"a": True, "b": False, "c": False},
        ),
        ({}, {}),
    ],
)
def test_choices_in_the_context_of_a_message(
    context: dict[str, Any], expected: dict[str, bool]
) -> None:
    assert categories_of(context) == expected


@given(JSON)
def test_any_context_has_a_reading(value: Any) -> None:
    assert categories_of({"consent": value, "consentManagement": value}) is not None


MEANINGS = {"ads": ["ad_storage", "ad_user_data"], "meta": ["ad_user_data"], "none": []}


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({"ads": True}, {"ad_storage": "granted", "ad_user_data": "granted"}),
        ({"ads": True, "meta": False}, {"ad_storage": "granted", "ad_user_data": "denied"}),
        ({"meta": False, "ads": True}, {"ad_storage": "granted", "ad_user_data": "denied"}),
        ({"meta": True, "none": False, "unknown": True}, {"ad_user_data": "granted"}),
        ({}, {}),
    ],
)
def test_a_type_of_several_categories_is_denied_by_one(
    choices: dict[str, bool], expected: dict[str, str]
) -> None:
    assert read_categories(choices.items(), MEANINGS) == (expected, [])
