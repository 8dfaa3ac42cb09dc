"""Statements about consent in an object of an event, as other tools send them."""

from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from gateway.event import Event
from gateway.sources.base import Inbound
from gateway.sources.collect import Collect, CollectSettings
from gateway.sources.inner_statements import with_inner_statements

COLLECT = Collect(CollectSettings(type="collect"))
DENIED = {"ad_storage": "denied"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def event_of(body: Any, headers: dict[str, str] | None = None) -> Event:
    written = body if isinstance(body, bytes) else orjson.dumps(body)
    (event,) = COLLECT.read(Inbound("POST", "/collect", "", headers or {}, written)).events
    return event


@pytest.mark.parametrize("name", ["context", "properties", "params", "event_params", "data"])
@pytest.mark.parametrize("consent", [DENIED, [DENIED], orjson.dumps(DENIED).decode()], ids=str)
@pytest.mark.parametrize("key", ["consent", "Consent"])
def test_consent_in_an_object_is_that_of_the_event(name: str, consent: Any, key: str) -> None:
    assert event_of({"event_name": "x", name: {key: consent}})["consent"] == DENIED


@pytest.mark.parametrize(
    "event",
    [
        {"context": {"consent.ad_storage": "denied"}},
        {"context": '{"consent": {"ad_storage": "denied"}}'},
        {"consent": {"ad_storage": "granted"}, "context": {"consent": DENIED}},
        {"context": {"consent": {"ad_storage": True}}, "properties": {"consent": DENIED}},
    ],
    ids=str,
)
def test_a_denial_in_an_object_holds_however_it_is_written(event: Event) -> None:
    assert event_of({"event_name": "x", **event})["consent"] == DENIED


def test_a_name_in_an_object_may_be_written_in_any_way() -> None:
    stated = {"Consent State": DENIED, "analytics_consent": {"analytics_storage": False}}
    event = event_of({"event_name": "x", "properties": stated})
    assert event["consent_state"] == DENIED
    assert event["consents"] == {"analytics_storage": False}


def test_a_consent_with_spaces_in_its_name_may_be_that_of_a_form() -> None:
    event = event_of({"event_name": "x", "properties": {"Consent ": "I agree"}})
    assert event["consent_state"] == "I agree"


def test_an_object_of_a_form_or_around_the_events_counts() -> None:
    form = urlencode({"event_name": "x", "context.consent.ad_storage": "denied"})
    assert event_of(form.encode(), FORM)["consent"] == DENIED
    batch = {"context": {"consent": DENIED}, "events": [{"event_name": "x"}]}
    assert event_of(batch)["consent"] == DENIED


@pytest.mark.parametrize(
    ("context", "categories"),
    [
        ({"consent": {"categoryPreferences": {"Ads": False}}}, {"Ads": False}),
        ({"consentManagement": {"deniedConsentIds": ["C4"]}}, {"C4": False}),
        (
            {
                "consent": {"categoryPreferences": {"Ads": True}},
                "consent_categories": {"Ads": False},
            },
            {"Ads": False},
        ),
    ],
    ids=str,
)
def test_categories_of_a_context(context: Any, categories: dict[str, bool]) -> None:
    event = event_of({"event_name": "x", "context": context})
    assert event["consent_categories"] == categories
    assert "consent" not in event


def test_managed_consent_counts_beside_the_fields_of_the_event_too() -> None:
    managed = {"consentManagement": {"allowedConsentIds": ["C2"], "deniedConsentIds": ["C4"]}}
    own = {"event_name": "x", "consent_categories": {"C2": False}}
    for body in ({**own, **managed}, {**managed, "events": [own]}):
        assert event_of(body)["consent_categories"] == {"C2": False, "C4": False}


def test_a_type_around_the_events_is_a_field_of_each() -> None:
    assert event_of({"ad_storage": "denied", "events": [{"event_name": "x"}]}) == {
        "event_name": "x",
        "ad_storage": "denied",
    }


@pytest.mark.parametrize("name", ["gcs", "gpp", "us_privacy", "tcString", "gpc", "ad_storage"])
def test_strings_and_flags_in_an_object_are_those_of_the_event(name: str) -> None:
    assert event_of({"event_name": "x", "params": {name: "said"}})[name] == "said"


@pytest.mark.parametrize(
    "inner",
    [
        {"consent": "I agree"},
        {"consent": True},
        {"consent": None},
        {"consent": {}},
        {"consent": {"categoryPreferences": {}}},
        {"consensus": DENIED},
        {"integrations": {"Meta": False}},
        {"a": {"consent": DENIED}},
        {},
        [{"consent": DENIED}],
        "consent",
        None,
    ],
    ids=str,
)
def test_what_states_nothing_leaves_the_event_as_it_is(inner: Any) -> None:
    event = {"event_name": "x", "context": inner}
    assert with_inner_statements(event) == event


@pytest.mark.parametrize("name", ["user_data", "user_properties", "items"])
def test_what_a_person_wants_to_be_written_about_is_no_consent(name: str) -> None:
    event = {"event_name": "x", name: {"consent": {"newsletter": False}}}
    assert with_inner_statements(event) == event
