"""Consent: what the event says, then the closest place's default, then Global Privacy Control."""

import copy
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.consent import ConsentSettings, ConsentType, compile_consent, missing
from gateway.event import CONSENT_TYPES, Event, Received, complete, read_event

FOUR = ("ad_storage", "analytics_storage", "ad_user_data", "ad_personalization")
GRANTED = dict.fromkeys(FOUR, "granted")
DENIED = dict.fromkeys(FOUR, "denied")

EXAMPLE = {
    "default": GRANTED,
    "regions": [{"in": ["EEA", "GB", "CH"], "default": DENIED}],
    "global_privacy_control": True,
}
LAYERED = {
    "default": GRANTED,
    "regions": [
        {"in": ["EEA"], "default": DENIED},
        {"in": ["FR"], "default": {"analytics_storage": "granted"}},
        {"in": ["US"], "default": {"ad_personalization": "denied"}},
        {"in": ["US-CA"], "default": {"ad_user_data": "denied"}},
        {"in": ["DE-BY"], "default": {"ad_storage": "granted"}},
    ],
}


def consent_of(
    config: dict[str, Any], event: dict[str, Any], headers: dict[str, str] | None = None
) -> dict[str, str]:
    stage = compile_consent(ConsentSettings.model_validate(config))
    received = Received("site", 1_795_000_000.0, headers=headers or {})
    consent: dict[str, str] = stage({"event_name": "page_view", **event}, received).event["consent"]
    return consent


def located(country: str, region: str | None = None) -> dict[str, Any]:
    return {"event_location": {"country": country, **({"region": region} if region else {})}}


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ({}, GRANTED),
        ({"event_location": {}}, GRANTED),
        ({"event_location": {"city": "Berlin"}}, GRANTED),
        (located(""), GRANTED),
        (located("US"), GRANTED),
        (located("DE"), DENIED),
        (located("de"), DENIED),
        (located("NO"), DENIED),
        (located("IS"), DENIED),
        (located("RE"), DENIED),  # Réunion is a part of France with a code of its own
        (located("EU"), DENIED),  # how registries mark addresses used all over Europe
        (located("GB"), DENIED),
        (located("UK"), DENIED),
        (located("CH"), DENIED),
        (located("TR"), GRANTED),
        (located("Atlantis"), GRANTED),
    ],
)
def test_an_event_that_says_nothing_gets_the_default_of_its_place(
    location: dict[str, Any], expected: dict[str, str]
) -> None:
    assert consent_of(EXAMPLE, location) == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (located("DE"), DENIED),
        (located("FR"), {**DENIED, "analytics_storage": "granted"}),
        (located("US"), {**GRANTED, "ad_personalization": "denied"}),
        (located("US", "NY"), {**GRANTED, "ad_personalization": "denied"}),
        (
            located("US", "CA"),
            {**GRANTED, "ad_personalization": "denied", "ad_user_data": "denied"},
        ),
        (
            located("us", "us-ca"),
            {**GRANTED, "ad_personalization": "denied", "ad_user_data": "denied"},
        ),
        (
            located("USA", "US-CA"),
            {**GRANTED, "ad_personalization": "denied", "ad_user_data": "denied"},
        ),
        (located("CA"), GRANTED),  # Canada, not California
        (located("CA", "US"), GRANTED),
        (located("US", "FR"), {**GRANTED, "ad_personalization": "denied"}),
        (located("DE", "BY"), {**DENIED, "ad_storage": "granted"}),
    ],
)
def test_the_closest_place_decides_each_type(
    location: dict[str, Any], expected: dict[str, str]
) -> None:
    assert consent_of(LAYERED, location) == expected


def test_the_order_of_the_regions_does_not_matter() -> None:
    reversed_regions = {**LAYERED, "regions": list(reversed(LAYERED["regions"]))}  # type: ignore[call-overload]
    for place in (located("FR"), located("US", "CA"), located("DE", "BY")):
        assert consent_of(reversed_regions, place) == consent_of(LAYERED, place)


def test_what_the_event_says_wins() -> None:
    said = {"ad_storage": "granted", "analytics_storage": "denied"}
    assert consent_of(EXAMPLE, {**located("DE"), "consent": said}) == {**DENIED, **said}
    assert consent_of(EXAMPLE, {**located("US"), "consent": said}) == {**GRANTED, **said}


@pytest.mark.parametrize(
    ("header", "opted_out"),
    [("1", True), ("0", False), ("", False), ("true", False), ("1 ", False), ("1, 1", False)],
)
def test_only_the_exact_gpc_header_opts_out(header: str, opted_out: bool) -> None:
    expected = {**GRANTED, **OPTED_OUT} if opted_out else GRANTED
    assert consent_of(EXAMPLE, located("US"), {"sec-gpc": header}) == expected


OPTED_OUT = {"ad_user_data": "denied", "ad_personalization": "denied"}


def test_gpc_wins_over_what_the_event_says() -> None:
    said = {"consent": dict.fromkeys(CONSENT_TYPES, "granted")}
    assert consent_of(EXAMPLE, said, {"sec-gpc": "1"}) == {**said["consent"], **OPTED_OUT}


def test_gpc_can_be_switched_off() -> None:
    off = {**EXAMPLE, "global_privacy_control": False}
    assert consent_of(off, located("US"), {"sec-gpc": "1"}) == GRANTED


def test_without_a_section_all_is_granted_but_europe_is_denied() -> None:
    assert consent_of({}, {}) == dict.fromkeys(CONSENT_TYPES, "granted")
    for country in ("AT", "LI", "GB", "CH"):
        assert consent_of({}, located(country)) == {
            **dict.fromkeys(CONSENT_TYPES, "granted"),
            **DENIED,
        }


def test_a_type_without_default_stays_unstated() -> None:
    only_ads = {"default": {"ad_storage": "granted"}, "regions": []}
    assert consent_of(only_ads, located("DE")) == {"ad_storage": "granted"}


def test_yaml_booleans_are_states() -> None:
    config = {"default": {"ad_storage": True, "ad_user_data": False}, "regions": []}
    assert consent_of(config, {}) == {"ad_storage": "granted", "ad_user_data": "denied"}


@pytest.mark.parametrize(
    ("consent", "required", "expected"),
    [
        ({"ad_storage": "granted"}, ["ad_storage"], []),
        ({"ad_storage": "denied"}, ["ad_storage"], ["ad_storage"]),
        ({"ad_storage": "granted"}, ["ad_user_data", "ad_storage"], ["ad_user_data"]),
        ({}, ["ad_storage", "ad_user_data"], ["ad_storage", "ad_user_data"]),
        ({}, [], []),
    ],
)
def test_a_required_type_is_missing_unless_granted(
    consent: dict[str, str], required: list[str], expected: list[str]
) -> None:
    assert missing({"event_name": "x", "consent": consent}, required) == expected
    if not consent:
        assert missing({"event_name": "x"}, required) == expected


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"default": {"ad_storge": "granted"}}, "ad_storage"),
        ({"default": {"ad_storage": "maybe"}}, "'granted' or 'denied'"),
        ({"regions": [{"in": ["UK"], "default": {}}]}, 'write "GB"'),
        ({"regions": [{"in": ["uk"], "default": {}}]}, 'write "GB"'),
        ({"regions": [{"in": ["UK-ENG"], "default": {}}]}, 'write "GB"'),
        ({"regions": [{"in": ["EL"], "default": {}}]}, 'write "GR"'),
        ({"regions": [{"in": ["EU"], "default": {}}]}, 'write "EEA"'),
        ({"regions": [{"in": ["XX"], "default": {}}]}, '"XX" is not a place'),
        ({"regions": [{"in": ["Germany"], "default": {}}]}, '"Germany" is not a place'),
        ({"regions": [{"in": ["US-"], "default": {}}]}, '"US-" is not a place'),
        ({"regions": [{"in": ["US-California"], "default": {}}]}, '"US-California" is not a place'),
        ({"regions": [{"in": ["EEA-DE"], "default": {}}]}, '"EEA-DE" is not a place'),
        ({"regions": [{"in": [], "default": {}}]}, "at least 1 item"),
        ({"regions": [{"in": ["DE"]}]}, "Field required"),
        ({"regions": [{"in": ["DE"], "default": {}, "note": ""}]}, "Extra inputs"),
        ({"regions": [{"in": ["DE", "de"], "default": {}}]}, '"DE" is listed twice'),
        (
            {"regions": [{"in": ["DE"], "default": {}}, {"in": ["DE"], "default": {}}]},
            '"DE" is listed twice',
        ),
        ({"gpc": True}, "Extra inputs"),
    ],
)
def test_mistakes_in_the_configuration_are_named(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ConsentSettings.model_validate(config)
    assert message in str(caught.value)


def test_a_mistaken_place_is_located() -> None:
    with pytest.raises(ValidationError) as caught:
        ConsentSettings.model_validate({"regions": [{"in": ["DE", "UK"], "default": {}}]})
    assert caught.value.errors()[0]["loc"] == ("regions", 0, "in", 1)


def test_every_setting_is_described() -> None:
    schema = ConsentSettings.model_json_schema()
    fields = [schema, schema["$defs"]["RegionDefault"]]
    assert all("description" in field for owner in fields for field in owner["properties"].values())


def test_the_types_are_those_of_the_event() -> None:
    assert get_args(ConsentType) == CONSENT_TYPES


STATES = st.dictionaries(st.sampled_from(CONSENT_TYPES), st.sampled_from(["granted", "denied"]))
EVENTS = st.fixed_dictionaries(
    {"event_name": st.just("page_view")},
    optional={
        "consent": STATES,
        "event_location": st.fixed_dictionaries(
            {},
            optional={
                "country": st.sampled_from(["DE", "US", "fr", "", "UK", "EU"]) | st.text(),
                "region": st.sampled_from(["CA", "US-CA", "BY", "-", ""]) | st.text(),
                "city": st.integers(),
            },
        ),
    },
)


@given(raw=EVENTS, gpc=st.sampled_from([None, "0", "1"]))
@settings(max_examples=150, deadline=None)
def test_any_event_is_completed_and_only_gpc_changes_what_it_says(
    raw: Event, gpc: str | None
) -> None:
    received = Received("site", 0.0, headers={} if gpc is None else {"sec-gpc": gpc})
    event = complete(read_event(raw), received)
    before = copy.deepcopy(event)
    stage = compile_consent(ConsentSettings.model_validate(LAYERED))

    completed = stage(event, received).event

    assert event == before
    assert stage(completed, received).event == completed
    assert set(FOUR) <= completed["consent"].keys()
    said = {**before.get("consent", {}), **(OPTED_OUT if gpc == "1" else {})}
    assert said.items() <= completed["consent"].items()
    assert {**completed, "consent": None} == {**before, "consent": None}
