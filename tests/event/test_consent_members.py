"""Strings and lists of accepted categories within `consent`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Received, read_event
from gateway.event.consent import CONSENT_TYPES
from gateway.event.consent_members import CATEGORIES, NOT_ACCEPTED, with_consent_read
from gateway.stages.consent import ConsentSettings, compile_consent
from tests.support.consent.signals import TCF_REFUSED

STAGE = compile_consent(ConsentSettings())
ADS = {"ad_storage", "ad_user_data", "ad_personalization"}
GOOGLE = {*ADS, "analytics_storage"}


def denied(fields: dict[str, Any]) -> set[str]:
    """Those of Google's types that are denied in a country whose default grants them."""
    event = read_event({"event_name": "x", "event_location": {"country": "US"}, **fields})
    states = STAGE(event, Received("site", 0.0)).event["consent"]
    return {name for name in GOOGLE if states[name] != "granted"}


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"gcs": "G100"}, {"gcs": "G100"}),
        ({"gcd": "11p1p1p1p5", "npa": 1}, {"gcd": "11p1p1p1p5", "npa": 1}),
        ({"tcString": "C", "gdprApplies": True}, {"tc_string": "C", "gdpr": True}),
        ({"gdpr_consent": "C"}, {"gdpr_consent": "C"}),
        ({"gppString": "D", "applicableSections": [7]}, {"gpp": "D", "gpp_sid": 7}),
        ({"gpp_sid": [7, 8]}, {"gpp_sid": [7, 8]}),
        ({"uspString": "1YYN", "us_privacy": "1YNN"}, {"us_privacy": ["1YYN", "1YNN"]}),
        ({"gdprApplies": False}, {"gdpr": False}),
        ([{"gcs": "G100"}, {"gcs": "G100"}], {"gcs": "G100"}),
        (json.dumps({"gcs": "G100"}), {"gcs": "G100"}),
        ({"gcs": ""}, {"consent_unknown_keys": ["gcs"]}),
        ({"gdpr": "accepted"}, {"consent_unknown_keys": ["gdpr"]}),
        ({"tcString": {"a": 1}}, {"consent_unknown_keys": ["tcString"]}),
    ],
)
def test_strings_in_it_become_fields(said: Any, fields: dict[str, Any]) -> None:
    assert with_consent_read({"consent": said}) == fields


def test_strings_are_told_beside_those_of_the_event() -> None:
    read = with_consent_read({"gcs": "G111", "consent": {"gcs": "G100", "ad_storage": True}})
    assert read == {"gcs": ["G111", "G100"], "consent": {"ad_storage": "granted"}}
    many = [{"gcs": f"G1{n}"} for n in range(20)]
    assert len(with_consent_read({"consent": [many] * 20})["gcs"]) == 20


@pytest.mark.parametrize(
    ("said", "types"),
    [
        ({"gcs": "G100"}, {"ad_storage", "analytics_storage"}),
        ({"gcs": "G101"}, {"ad_storage"}),
        ({"us_privacy": "1YYN"}, {"ad_user_data", "ad_personalization"}),
        ({"tc_string": "cut off"}, GOOGLE),
        ({"tcString": TCF_REFUSED, "gdprApplies": True}, GOOGLE),
        ({"gdprApplies": False}, set()),
        ({"gdpr": False}, GOOGLE),
        ({"tc_string": "denied"}, GOOGLE),
        ({"us_privacy": False}, GOOGLE),
        ({"npa": 0}, set()),
        ({"npa": True}, {"ad_personalization"}),
        ({"gpp_sid": [7], "ad_storage": "granted"}, GOOGLE - {"ad_storage"}),
    ],
)
def test_what_strings_in_it_deny(said: Any, types: set[str]) -> None:
    assert denied({"consent": said}) == types


@pytest.mark.parametrize("key", ["accepted", "acceptedCategories", "categories", "Granted"])
def test_a_list_of_what_was_accepted_denies_the_rest(key: str) -> None:
    assert denied({"consent": {key: ["necessary", "analytics"]}}) == ADS
    assert denied({"consent": {key: ["ads", "analytics"]}}) == set()
    assert denied({"consent": {key: []}}) == GOOGLE
    assert denied({"consent": {key: ["Vendor X", 4]}}) == GOOGLE
    assert denied({"consent": {key: [{"id": "ads"}]}}) == set()
    assert denied({"consent": [{key: ["ads"]}, {key: ["analytics"]}]}) == set()
    assert denied({"consent": {key: ["4"], "ad_storage": True}}) == GOOGLE - {"ad_storage"}
    assert denied({"consent": {key: ["ads", "analytics"], "ad_storage": 0}}) == {"ad_storage"}


def test_choices_of_the_event_are_told_beside_the_list() -> None:
    said = {"accepted": ["ads", "analytics"]}
    assert denied({"consent": said, "consent_categories": {"ads": False}}) == ADS
    assert denied({"consent": said, "consent_categories": '{"ads": false}'}) == ADS
    assert denied({"consent": said, "consent_categories": "?"}) == GOOGLE
    read = with_consent_read({"consent": said, CATEGORIES: None})
    assert read == {CATEGORIES: {NOT_ACCEPTED: False, "ads": True, "analytics": True}}


def test_more_than_is_read_denies() -> None:
    strings = [{"gcs": f"G{n}"} for n in range(20)]
    assert denied({"consent": [strings] * 20 + [{"gcs": "G111"}]}) == GOOGLE
    accepted = [f"vendor {n}" for n in range(300)]
    assert denied({"consent": {"accepted": [*accepted, "ads", "analytics"]}}) == GOOGLE


names = st.sampled_from(
    [
        *("gcs", "gcd", "tcString", "gdprApplies", "gppString", "gpp_sid", "npa", "us_privacy"),
        *("accepted", "categories", "ad_storage", "marketing"),
    ]
)
scalars = st.none() | st.booleans() | st.integers(-3, 2**63) | st.floats() | st.text(max_size=8)
values = scalars | st.lists(scalars, max_size=4) | st.dictionaries(names, scalars, max_size=3)


@given(st.dictionaries(names, values, max_size=6), st.sampled_from(CONSENT_TYPES))
def test_nothing_beside_a_denial_takes_it_away(other: dict[str, Any], name: str) -> None:
    read = with_consent_read({"consent": [other, {name: "denied"}]})
    assert read["consent"][name] == "denied"
    assert read == with_consent_read({"consent": [other, {name: "denied"}]})
