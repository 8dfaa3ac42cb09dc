"""`purpose` and `field_consent` of a destination: defaults and error messages."""

import pytest

from destinations.base import Destination
from gateway.configuration.destination import ForwardingSettings
from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.pipeline.routes import purpose_of

META = 'type: meta, pixel_id: "1", access_token: t'
GA4 = "type: ga4, measurement_id: G-1, api_secret: s"
WEBHOOK = 'type: webhook, url: "https://shop.example/"'


def parsed(destination: str) -> ForwardingSettings:
    text = f"sources: {{site: {{type: collect}}}}\ndestinations:\n  it: {{{destination}}}\n"
    return parse_settings(text, "shop.yaml", {}).destinations["it"]


@pytest.mark.parametrize(
    ("destination", "purpose"), [(META, "advertising"), (GA4, "analytics"), (WEBHOOK, "own")]
)
def test_each_kind_has_a_purpose(destination: str, purpose: str) -> None:
    assert purpose_of(parsed(destination)) == purpose


def test_a_kind_that_says_nothing_has_the_strictest() -> None:
    assert Destination.purpose == "advertising"


@pytest.mark.parametrize("purpose", ["advertising", "analytics", "own"])
@pytest.mark.parametrize("destination", [META, GA4, WEBHOOK])
def test_the_configuration_may_say_otherwise(destination: str, purpose: str) -> None:
    assert purpose_of(parsed(f"{destination}, purpose: {purpose}")) == purpose


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", "on"),
        (", field_consent: on", "on"),
        (", field_consent: off", "off"),
        (", field_consent: true", "on"),
        (", field_consent: false", "off"),
    ],
)
def test_field_consent_is_on_unless_it_is_switched_off(written: str, read: str) -> None:
    assert parsed(f"{WEBHOOK}{written}").field_consent == read


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("purpose: ads", "'ads' is not one of advertising, analytics, own"),
        ("field_consent: never", "'never' is not one of on, off"),
    ],
)
def test_a_mistake_names_what_can_be_had(setting: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parsed(f"{WEBHOOK}, {setting}")
    assert said in str(caught.value)
