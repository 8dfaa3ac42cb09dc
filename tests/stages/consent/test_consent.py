"""Consent from the event, the default of the most specific place, Global Privacy Control."""

import copy
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.event import Event, Received, read_event
from gateway.event.consent import CONSENT_TYPES, strictest
from gateway.event.model import complete
from gateway.stages.consent import ConsentSettings, ConsentType, compile_consent, missing

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
        ({}, DENIED),
        ({"event_location": {}}, DENIED),
        ({"event_location": {"city": "Berlin"}}, DENIED),
        (located(""), DENIED),
        (located("XX"), DENIED),  # CDNs write this for an unknown country
        (located("T1"), DENIED),  # and this for Tor
        (located("US"), GRANTED),
        (located("DE"), DENIED),
        (located("de"), DENIED),
        (located("NO"), DENIED),
        (located("IS"), DENIED),
        (located("RE"), DENIED),  # Réunion is part of France but has its own code
        (located("EU"), DENIED),  # registries' code for addresses used across Europe
        (located("GB"), DENIED),
        (located("UK"), DENIED),
        (located("CH"), DENIED),
        (located("TR"), GRANTED),
        (located(" us "), GRANTED),
        (located("Atlantis"), DENIED),
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
        (  # it may be California
            located("US"),
            {**GRANTED, "ad_personalization": "denied", "ad_user_data": "denied"},
        ),
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
        (located("EU"), DENIED),
        (  # not a US state, so it may be California
            located("US", "FR"),
            {**GRANTED, "ad_personalization": "denied", "ad_user_data": "denied"},
        ),
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


UNKNOWN: dict[str, Any] = {"event_location": {}}
SOME = {"ad_storage": "granted"}
ADS = ("ad_storage", "ad_user_data")
STRICTEST = {**DENIED, "functionality_storage": "granted"}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (EXAMPLE, DENIED),
        (LAYERED, DENIED),
        ({"default": GRANTED, "regions": []}, GRANTED),
        ({"default": DENIED, "regions": [{"in": ["US"], "default": GRANTED}]}, DENIED),
        (
            {
                "default": {**GRANTED, "functionality_storage": "granted"},
                "regions": [
                    {
                        "in": ["US-CA"],
                        "default": {"ad_storage": "denied", "ad_user_data": "denied"},
                    },
                    {"in": ["DE"], "default": {"analytics_storage": "denied"}},
                    {"in": ["BR"], "default": {"ad_personalization": "denied"}},
                ],
            },
            STRICTEST,
        ),
        ({"default": {}, "regions": [{"in": ["US"], "default": GRANTED}]}, {}),
        (
            {**EXAMPLE, "unknown_place": {"ad_storage": "granted"}},
            {**DENIED, "ad_storage": "granted"},
        ),
    ],
)
def test_an_unknown_place_is_the_strictest_place_unless_configured(
    config: dict[str, Any], expected: dict[str, str]
) -> None:
    assert consent_of(config, UNKNOWN) == expected


@pytest.mark.parametrize(
    ("claim", "place", "expected"),
    [
        ("DE", "US", DENIED),
        ("US", "DE", DENIED),
        ("US", "", DENIED),
        ("XX", "US", GRANTED),
        ("US", "US", GRANTED),
    ],
)
def test_what_a_page_claims_about_its_place_only_denies(
    claim: str, place: str, expected: dict[str, str]
) -> None:
    event = {**located(place), "claimed_location": {"country": claim}}
    assert consent_of(EXAMPLE, event) == expected


def test_a_claimed_place_is_taken_out_of_the_event() -> None:
    stage = compile_consent(ConsentSettings())
    event = {"event_name": "x", "claimed_location": {"country": "DE"}, "consent_default": {}}
    assert stage(event, Received("site", 0.0)).event.keys() == {"event_name", "consent"}


@pytest.mark.parametrize(
    ("page_default", "place", "expected"),
    [
        ({"ad_storage": "denied"}, "US", {**GRANTED, "ad_storage": "denied"}),
        ({"adStorage": False}, "US", {**GRANTED, "ad_storage": "denied"}),
        ({"ad_storage": "granted"}, "DE", DENIED),
        ({"ad_storage": "granted"}, "US", GRANTED),
    ],
)
def test_a_default_that_a_page_states_only_denies(
    page_default: dict[str, Any], place: str, expected: dict[str, str]
) -> None:
    assert consent_of(EXAMPLE, {**located(place), "consent_default": page_default}) == expected


def test_a_default_that_a_page_states_gives_way_to_a_grant_and_stays_open() -> None:
    event = {"event_name": "x", **located("US"), "consent_default": DENIED}
    stage = compile_consent(ConsentSettings())
    assert {*FOUR} <= stage(event, Received("site", 0.0)).open
    event["consent"] = {"ad_storage": "granted"}
    consented = stage(event, Received("site", 0.0))
    assert consented.event["consent"]["ad_storage"] == "granted"
    assert "ad_storage" not in consented.open


class TestTheDefaultOfASource:
    SOURCES: dict[str, Any] = {"shop": {"ad_storage": "granted"}}

    def combine(self, source: str, trusted: bool, **fields: Any) -> tuple[dict[str, str], str]:
        stage = compile_consent(ConsentSettings.model_validate(EXAMPLE), self.SOURCES)
        received = Received(source, 0.0, trusted=trusted)
        event, line, *_ = stage({"event_name": "purchase", **fields}, received)
        return event["consent"], line

    def test_holds_for_its_events_wherever_they_are(self) -> None:
        for place in ({}, located("DE"), located("US")):
            states, line = self.combine("shop", True, **place)
            assert states["ad_storage"] == "granted"
            assert "ad_storage granted (default of source shop)" in line

    def test_leaves_the_other_types_to_their_place(self) -> None:
        assert self.combine("shop", True)[0] == {**DENIED, "ad_storage": "granted"}

    def test_is_no_answer_to_a_denial(self) -> None:
        said = {"consent": {"ad_storage": "denied"}}
        assert self.combine("shop", True, **said)[0]["ad_storage"] == "denied"

    def test_needs_a_sender_who_is_trusted(self) -> None:
        assert self.combine("shop", False)[0] == DENIED
        assert self.combine("site", True)[0] == DENIED


def test_the_trace_says_that_and_why_the_place_is_unknown() -> None:
    stage = compile_consent(ConsentSettings())
    received = Received("site", 0.0)
    nowhere = stage({"event_name": "x", "ip_override": ""}, received)
    assert "ad_storage denied (default for an unknown place)" in nowhere.line
    assert nowhere.line.endswith("the place is unknown: the event has no address")
    assert "consent_unknown_places:site:no_address" in nowhere.counts
    private = stage({"event_name": "x", "ip_override": "10.0.0.1"}, received)
    assert private.line.endswith("its address does not belong to a known country")
    decided = {"event_name": "x", "consent": dict.fromkeys(CONSENT_TYPES, "denied")}
    assert "unknown" not in stage(decided, received).line


def test_no_place_is_unknown_where_none_matters() -> None:
    stage = compile_consent(ConsentSettings.model_validate({"regions": []}))
    consented = stage({"event_name": "x", "ip_override": ""}, Received("site", 0.0))
    assert "ad_storage granted (default);" in consented.line
    assert "unknown" not in consented.line
    assert consented.counts == ("consent_defaults:default",)


def test_what_the_event_says_wins() -> None:
    said = {"ad_storage": "granted", "analytics_storage": "denied"}
    assert consent_of(EXAMPLE, {**located("DE"), "consent": said}) == {**DENIED, **said}
    assert consent_of(EXAMPLE, {**located("US"), "consent": said}) == {**GRANTED, **said}


@pytest.mark.parametrize(
    ("header", "opted_out"),
    [
        ("1", True),
        ("0", False),
        ("", False),
        ("true", False),
        ("1 ", True),
        ("1, 1", True),
        ("0, 1", True),
        ("11", False),
    ],
)
def test_a_gpc_header_opts_out_also_when_it_comes_twice_or_with_blanks(
    header: str, opted_out: bool
) -> None:
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
    assert consent_of({}, located("US")) == dict.fromkeys(CONSENT_TYPES, "granted")
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
    said = strictest([before.get("consent", {}), OPTED_OUT if gpc == "1" else {}])
    assert said.items() <= completed["consent"].items()
    assert {**completed, "consent": None} == {**before, "consent": None}
