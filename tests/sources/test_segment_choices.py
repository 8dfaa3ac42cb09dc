"""`segment`: what a message and its batch say about consent, categories and destinations."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.event import Event
from gateway.sources.base import Inbound
from gateway.sources.segment.choices import with_choices
from gateway.sources.segment.message import to_event
from gateway.sources.segment.source import Segment, SegmentSettings

KEY = "WRITEKEY123"
SOURCE = Segment(SegmentSettings(type="segment", write_keys=[KEY]))


def event_of(message: dict[str, Any], **envelope: Any) -> Event:
    """The event that the source makes of `message`, unchecked and without its name."""
    event = to_event({"event": "A", **message}, "track", envelope)
    assert event.pop("event_name") == "A"
    return event


def preferences(**choices: Any) -> dict[str, Any]:
    return {"context": {"consent": {"categoryPreferences": choices}}}


DENIED, GRANTED = {"ad_storage": "denied"}, {"adStorage": "Granted"}


@pytest.mark.parametrize("value", [True, 1, "true", "yes", "I agree", "[object Object]"], ids=repr)
@pytest.mark.parametrize("name", ["consent", "Consent", "CONSENT"])
def test_a_property_of_the_page_that_is_called_consent_says_nothing(
    name: str, value: object
) -> None:
    assert event_of({"properties": {name: value}}) == {}
    assert event_of({"properties": {name: value}, "consent": GRANTED}) == {"consent": GRANTED}


@pytest.mark.parametrize("value", [False, 0, "denied", "no, Denied", DENIED, '{"ad_storage": 0}'])
def test_a_property_that_is_called_consent_and_denies_is_a_statement(value: object) -> None:
    assert event_of({"properties": {"consent": value}}) == {"consent": value}


@pytest.mark.parametrize(
    ("envelope", "message", "consent"),
    [
        ({}, {"consent": DENIED}, DENIED),
        ({}, {"context": {"consent": DENIED}}, DENIED),
        ({"consent": DENIED}, {}, DENIED),
        ({"context": {"consent": DENIED}}, {}, DENIED),
        ({"context": {"consent": DENIED}}, {"context": {"consent": {}}}, DENIED),
        ({"consent": DENIED}, {"consent": None}, DENIED),
        ({"consent": DENIED}, {"consent": GRANTED}, [DENIED, GRANTED]),
        ({"consent": DENIED}, {"context": {"consent": GRANTED}}, [DENIED, GRANTED]),
        ({"context": {"consent": DENIED}}, {"context": {"consent": GRANTED}}, [DENIED, GRANTED]),
        ({"consent": DENIED}, {"properties": {"consent": GRANTED}}, [GRANTED, DENIED]),
        ({"consent": "denied"}, {}, "denied"),
        ({"consent": False}, {}, False),
        ({"consent": [DENIED]}, {}, DENIED),
        ({"consent": [DENIED, GRANTED]}, {"consent": DENIED}, [DENIED, GRANTED, DENIED]),
    ],
)
def test_every_statement_about_consent_is_passed_on_as_it_is(
    envelope: dict[str, Any], message: dict[str, Any], consent: Any
) -> None:
    assert event_of(message, **envelope) == {"consent": consent}


@pytest.mark.parametrize("nothing", [None, {}, [], ""])
def test_an_empty_statement_is_none(nothing: Any) -> None:
    assert event_of({"consent": nothing, "context": {"consent": nothing}}, consent=nothing) == {}


def test_consent_mode_beside_preferences_is_a_statement_of_its_own() -> None:
    consent = {"ad_storage": "denied", "categoryPreferences": {"Marketing": True}}
    assert event_of({"context": {"consent": consent}}) == {
        "consent": {"ad_storage": "denied"},
        "consent_categories": {"Marketing": True},
    }


def test_categories_named_as_consent_modes_types_are_a_statement() -> None:
    assert event_of(preferences(ad_storage="false", Marketing=True), consent=GRANTED) == {
        "consent": [GRANTED, {"ad_storage": False}],
        "consent_categories": {"Marketing": True},
    }


@pytest.mark.parametrize("empty", [{}, {"consent": {}}, {"consent": {"categoryPreferences": {}}}])
def test_an_empty_consent_of_a_message_does_not_erase_the_batchs(empty: dict[str, Any]) -> None:
    batch = preferences(Marketing=False)
    assert event_of({"context": empty}, **batch) == {"consent_categories": {"Marketing": False}}


def test_a_denial_of_the_batch_or_the_message_wins_for_each_category() -> None:
    batch, message = preferences(a=True, b=False, c=True), preferences(a=False, b=True, d=True)
    assert event_of(message, **batch) == {
        "consent_categories": {"a": False, "b": False, "c": True, "d": True}
    }


def test_ids_of_rudderstack_in_the_batch_hold_for_its_messages() -> None:
    context = {"consentManagement": {"allowedConsentIds": ["C2"], "deniedConsentIds": ["C4"]}}
    own = {"context": {"consentManagement": {"allowedConsentIds": ["C4"]}}}
    assert event_of(own, context=context) == {"consent_categories": {"C2": True, "C4": False}}


@pytest.mark.parametrize(
    ("stated", "integrations"),
    [
        ({"All": False}, {"All": False}),
        ({"All": "False", "GA4": True}, {"All": False, "GA4": True}),
        ({"All": False, "Meta": {"settings": 1}}, {"All": False, "Meta": True}),
        ({"All": 0, "Meta": None}, {"All": False}),
        ({"Facebook Pixel": False, "All": True}, {"Facebook Pixel": False, "All": True}),
        ({"All": True}, None),
        ({"All": True, "Segment.io": {"apiHost": "x"}}, None),
        ({}, None),
        (None, None),
        ([], None),
        ("GA4", None),
        (["Slack", "Jira"], None),
        ("no", {"All": False}),
        (False, {"All": False}),
        ('{"All": false}', {"All": False}),
        ([{"All": False}], {"All": False}),
    ],
)
def test_integrations_are_cleaned_and_left_out_where_they_exclude_nothing(
    stated: Any, integrations: dict[str, bool] | None
) -> None:
    assert event_of({"integrations": stated}).get("integrations") == integrations


def test_what_the_batch_excludes_its_messages_cannot_include() -> None:
    event = event_of({"integrations": {"All": True, "GA4": True}}, integrations={"All": False})
    assert event == {"integrations": {"All": False, "GA4": True}}


def test_integrations_among_the_properties_count_too() -> None:
    message = {"properties": {"integrations": {"GA4": False}}, "integrations": {"GA4": True}}
    assert event_of(message) == {"integrations": {"GA4": False}}


def test_a_request_with_integrations_is_read() -> None:
    messages = [{"type": "track", "event": "A"}]
    body = {"writeKey": KEY, "batch": messages, "integrations": {"All": "false"}}
    batch = SOURCE.read(Inbound("POST", "/v1/batch", body=orjson.dumps(body)))
    assert batch.events == [{"event_name": "A", "integrations": {"All": False}}]


KEYS = [
    "consent",
    "consentManagement",
    "categoryPreferences",
    "integrations",
    "context",
    "deniedConsentIds",
    "allowedConsentIds",
    "id",
    "All",
    "ad_storage",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(["consent", "context", "integrations"]), JSON)


@given(OBJECTS, OBJECTS, OBJECTS)
def test_whatever_is_stated_has_a_reading(event: Event, envelope: Event, message: Event) -> None:
    made = with_choices(event, envelope, message)
    assert all(type(agreed) is bool for agreed in made.get("consent_categories", {}).values())
    assert all(type(included) is bool for included in made.get("integrations", {}).values())


@pytest.mark.parametrize("name", ["analytics_consent", "Visitor Consent", " consent"])
def test_a_field_about_consent_with_any_name_is_kept(name: str) -> None:
    assert event_of({"context": {name: DENIED}}) == {name: DENIED}
    assert event_of({name: DENIED}) == {name: DENIED}
    assert event_of({}, context={name: DENIED}) == {name: DENIED}
