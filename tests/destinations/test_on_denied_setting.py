"""`on_denied`: which destinations accept anonymous events, the errors for others, and the verdicts;
and how vendors learn of a refusal if the event is sent all the same."""

from typing import Any

import orjson
import pytest

from destinations.base import Request
from gateway.configuration.destination import ForwardingSettings, build_destination
from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.settings import Settings
from gateway.event import Received
from gateway.pipeline.compile import compile_pipeline
from gateway.pipeline.decision import Verdict

META = 'type: meta, pixel_id: "1", access_token: t'
GA4 = "type: ga4, measurement_id: G-1, api_secret: s"
APP = 'type: ga4, firebase_app_id: "1:2:ios:3", api_secret: s'
WEBHOOK = 'type: webhook, url: "https://shop.example/"'


NOW = 1_795_219_260.0


def settings_with(destination: str) -> Settings:
    text = f"sources: {{site: {{type: collect}}}}\ndestinations:\n  it: {{{destination}}}\n"
    return parse_settings(f"{text}enrichment: []\n", "shop.yaml", {})


def parsed(destination: str) -> ForwardingSettings:
    return settings_with(destination).destinations["it"]


def verdict(destination: str, headers: dict[str, str] | None = None, **fields: Any) -> Verdict:
    """The verdict of `destination` on an event with `fields`, of a visitor in Texas."""
    event = {"event_name": "purchase", "event_id": "e-1", "value": 1, "currency": "EUR", **fields}
    event.setdefault("event_location", {"country": "US", "region": "TX"})
    received = Received("site", NOW, "8.8.8.8", "Mozilla/5.0", headers or {}, vetted=True)
    return compile_pipeline(settings_with(destination))(event, received).verdicts["it"]


@pytest.mark.parametrize("destination", [META, GA4, APP, WEBHOOK])
def test_an_event_without_consent_is_withheld_unless_somebody_wants_otherwise(
    destination: str,
) -> None:
    assert parsed(destination).on_denied == "withhold"
    assert parsed(f"{destination}, on_denied: withhold").on_denied == "withhold"


@pytest.mark.parametrize("destination", [GA4, WEBHOOK])
def test_what_needs_nobody_may_get_it_anonymously(destination: str) -> None:
    settings = parsed(f"{destination}, on_denied: anonymise, anonymised_fields: [order_size]")
    assert settings.on_denied == "anonymise"
    assert settings.anonymised_fields == ["order_size"]


@pytest.mark.parametrize(
    ("destination", "said"),
    [
        (
            f"{META}, on_denied: anonymise",
            "shop.yaml:3: destinations.it.on_denied: a meta destination with these "
            "settings cannot accept anonymised events; use `on_denied: withhold`",
        ),
        (f"{APP}, on_denied: anonymise", "on_denied: a ga4 destination with these"),
        (f"{WEBHOOK}, on_denied: drop", "'drop' is not one of withhold, anonymise"),
        (
            f"{WEBHOOK}, anonymised_fields: [order_size]",
            "anonymised_fields: has no effect without `on_denied: anonymise`",
        ),
        (
            f"{WEBHOOK}, on_denied: anonymise, anonymised_fields: [colour, user_id]",
            "destinations.it.anonymised_fields.1: user_id identifies the visitor",
        ),
    ],
)
def test_a_mistake_is_found_before_any_event_is(destination: str, said: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parsed(destination)
    assert said in str(caught.value)


# Verdicts

DENIED = {"analytics_storage": "denied"}


def test_an_event_with_consent_is_sent_as_it_is() -> None:
    sent = verdict(f"{WEBHOOK}, on_denied: anonymise", user_id="17")
    assert sent.event is not None
    assert (sent.event["user_id"], sent.reason) == ("17", "")
    assert "anonymised" not in sent.event


def test_an_event_without_is_sent_anonymised_and_says_why() -> None:
    sent = verdict(f"{WEBHOOK}, on_denied: anonymise", user_id="17", consent=DENIED)
    assert sent.event is not None
    assert sent.event["anonymised"] is True
    assert sent.event.keys().isdisjoint({"user_id", "ip_override", "user_agent"})
    assert (sent.stage, sent.reason) == ("", "anonymised: no consent for analytics_storage")


def test_by_default_it_is_withheld() -> None:
    assert verdict(WEBHOOK, consent=DENIED) == Verdict(
        None, "consent", "no consent for analytics_storage"
    )


def test_when_sees_the_whole_event_and_the_rules_of_the_destination_what_it_gets() -> None:
    rules = "rules: [{when: {user_id: {exists: true}}, set: {knows: user}}]"
    when = "when: {user_id: '17'}"
    anonymise = f"{WEBHOOK}, on_denied: anonymise, {when}, {rules}"

    sent = verdict(anonymise, user_id="17", consent=DENIED)
    assert sent.event is not None
    assert "knows" not in sent.event
    assert verdict(anonymise, user_id="18", consent=DENIED).stage == "when"


def test_a_rule_of_the_destination_may_still_drop_it() -> None:
    sent = verdict(f"{WEBHOOK}, on_denied: anonymise, rules: [{{drop: true}}]", consent=DENIED)
    assert (sent.event, sent.stage) == (None, "destination rules")


def test_the_owners_fields_stay() -> None:
    keep = f"{WEBHOOK}, on_denied: anonymise, anonymised_fields: [size]"
    sent = verdict(keep, size="large", shape="round", consent=DENIED)
    assert sent.event is not None
    assert (sent.event["size"], "shape" in sent.event) == ("large", False)


# How vendors learn of a refusal


def body(destination: str, headers: dict[str, str] | None = None, **fields: Any) -> Any:
    event = verdict(destination, headers, **fields).event
    assert event is not None
    (request,) = build_destination(parsed(destination)).requests([event], NOW)
    assert isinstance(request, Request)
    return orjson.loads(request.body)


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({"sec-gpc": "1"}, {}),
        ({}, {"us_privacy": "1YYN"}),
        ({}, {"consent": {"ad_user_data": "denied", "ad_personalization": "denied"}}),
    ],
    ids=["Sec-GPC", "us_privacy", "consent"],
)
def test_an_opt_out_is_passed_on(headers: dict[str, str], fields: dict[str, Any]) -> None:
    assert verdict(META, headers, user_id="17", **fields).stage == "consent"

    (event,) = body(f"{META}, consent: [ad_storage]", headers, user_id="17", **fields)["data"]
    assert event["data_processing_options"] == ["LDU"]
    assert event["data_processing_options_country"] == 1
    assert event["data_processing_options_state"] == 1005
    assert event["opt_out"] is True

    denied = {"ad_user_data": "DENIED", "ad_personalization": "DENIED"}
    assert body(GA4, headers, client_id="1.2", **fields)["consent"] == denied
