"""Mistakes in the `mapping` of a destination."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from pydantic import Field

from destinations.base import Destination, DestinationSettings
from gateway.configuration.load import parse_settings
from gateway.configuration.mapping import is_personal
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.settings import Settings
from tests.support.installed_kinds import installed_destination

META = "type: meta, pixel_id: '1', access_token: t"
GA4 = "type: ga4, measurement_id: G-1, api_secret: s"
WEBHOOK = "type: webhook, url: 'https://shop.example/'"


def parsed(destination: str, mapping: str) -> Settings:
    return parse_settings(
        f"sources: {{site: {{type: collect}}}}\n"
        f"destinations:\n  it: {{{destination}, mapping: {mapping}}}\n",
        "shop.yaml",
        {},
    )


@pytest.mark.parametrize(
    ("destination", "mapping", "said"),
    [
        (
            META,
            "{fields: {custom_data.mail: {field: user_data.email_address}}}",
            "custom_data.mail: user_data.email_address is personal data, which meta would get in "
            "clear here; remove it, or give it to a field that is hashed (user_data.country, ",
        ),
        (META, "{fields: {custom_data.a: {field: crm.customerEmail}}}", "is personal data"),
        (META, "{fields: {custom_data.a: {field: page_location.query.email}}}", "is personal data"),
        (META, "{fields: {custom_data.a: {template: 'x-{phone}'}}}", "phone is personal data"),
        (META, "{fields: {user_data.email: {field: email}}}", "email is personal data"),
        (
            META,
            "{events: {lead: {fields: {custom_data.a: {field: user_data}}}}}",
            "user_data is personal data",
        ),
        (GA4, "{fields: {params.mail: {field: email}}}", "(user_data.sha256_email_address, user"),
        (
            META,
            "{fields: {custom_dat.a: 1}}",
            "custom_dat.a: a mapping cannot set custom_dat of meta; did you mean 'custom_data'?",
        ),
        (META, "{fields: {opt_out: null}}", "a mapping cannot set opt_out of meta"),
        (GA4, "{fields: {consent.ad_user_data: GRANTED}}", "a mapping cannot set consent of ga4"),
        (META, "{fields: {user_data.em.0: x}}", "user_data.em is hashed as a whole; write user_d"),
        (META, "{fields: {custom_data.a: {field: items.price}}}", "items is a list: write items.*"),
        (META, "{fields: {custom_data.a: {fild: b}}}", "unknown key; did you mean 'field'?"),
        (META, "{other_events: drop}", "'drop' is not one of custom, withhold"),
    ],
)
def test_a_mapping_that_cannot_be_or_gives_away_personal_data_is_a_mistake(
    destination: str, mapping: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        parsed(destination, mapping)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("destination", "fields"),
    [
        (
            META,
            "{user_data.em: {field: user_data.email_address}, user_data.ph: {field: crm.phone}}",
        ),
        (META, "{custom_data.a: {field: sha256_email}, custom_data.b: {field: is_mobile}}"),
        (GA4, "{user_data.sha256_email_address: {field: crm.email}}"),
        (WEBHOOK, "{data.contact: {field: user_data.email_address}}"),
    ],
)
def test_personal_data_may_go_where_it_is_hashed_and_to_the_owners_own_systems(
    destination: str, fields: str
) -> None:
    parsed(destination, f"{{fields: {fields}}}")


@pytest.mark.parametrize(
    ("path", "personal"),
    [
        ("user_data.address.city", True),
        ("user_data.sha256_email_address", False),
        ("contact_email", True),
        ("shippingPhone", True),
        ("tel", True),
        ("page_location.query.e-mail", True),
        ("is_mobile", False),
        ("email_opt_in", False),
        ("hotel", False),
        ("user_id", False),
    ],
)
def test_personal_data_is_told_by_its_name(path: str, personal: bool) -> None:
    assert is_personal(path) is personal


class OlderSettings(DestinationSettings):
    type: Literal["older"] = Field(default="older", description="Of a plug-in from before.")


class Older(Destination[OlderSettings]):
    type = "older"
    Settings = OlderSettings

    def requests(self, events: Any, now: float) -> Iterator[Any]:
        return iter(())

    def outcomes(self, request: Any, response: Any) -> list[Any]:
        return []


@pytest.fixture
def older() -> Iterator[None]:
    """Installs a destination that does not support mappings."""
    with installed_destination(Older):
        yield


@pytest.mark.usefixtures("older")
def test_a_destination_without_a_mapping_says_so_and_works_as_before() -> None:
    assert parsed("type: older", "{}").destinations["it"].type == "older"
    with pytest.raises(ConfigurationError) as error:
        parsed("type: older", "{events: {a: B}}")
    assert "mapping: destinations of type older have none; change their" in str(error.value)
