"""A refusal limits what Meta may do with an event, and names the state if Meta knows it."""

from typing import Any

import pytest

from tests.destinations.conftest import Example
from tests.support.meta_destination import sent

LIMITED: dict[str, Any] = {
    "data_processing_options": ["LDU"],
    "data_processing_options_country": 0,
    "data_processing_options_state": 0,
}


@pytest.mark.parametrize(
    ("consent", "flags"),
    [
        ({"ad_user_data": "granted", "ad_personalization": "granted"}, {}),
        (None, {}),
        ({"analytics_storage": "denied"}, {}),
        ({"ad_user_data": "denied"}, LIMITED),
        ({"ad_personalization": "denied"}, {**LIMITED, "opt_out": True}),
    ],
)
def test_a_refusal_limits_what_meta_may_do(
    consent: dict[str, str] | None, flags: dict[str, Any], example: Example, now: float
) -> None:
    event = sent(example("page_view", consent=consent), now)
    assert {key: event[key] for key in event if key in {*LIMITED, "opt_out"}} == flags


def denied(location: dict[str, str] | None, example: Example, now: float) -> tuple[int, int]:
    """The country and state sent for a visitor at `location` who opted out."""
    consent = {"ad_user_data": "denied", "ad_personalization": "denied"}
    event = sent(example("page_view", consent=consent, event_location=location), now)
    assert (event["data_processing_options"], event["opt_out"]) == (["LDU"], True)
    prefix = "data_processing_options_"
    return event[f"{prefix}country"], event[f"{prefix}state"]


@pytest.mark.parametrize(
    ("region", "state"),
    [
        ("CA", 1000),
        ("CO", 1001),
        ("CT", 1002),
        ("FL", 1003),
        ("OR", 1004),
        ("TX", 1005),
        ("MT", 1006),
        ("DE", 1007),
        ("NE", 1008),
        ("NH", 1009),
        ("NJ", 1010),
        ("MN", 1011),
        ("MD", 1012),
        ("RI", 1013),
        ("US-CA", 1000),
        ("us-ca", 1000),
        ("California", 1000),
    ],
)
def test_metas_number_of_a_state_is_told(
    region: str, state: int, example: Example, now: float
) -> None:
    assert denied({"country": "US", "region": region}, example, now) == (1, state)


@pytest.mark.parametrize(
    "location",
    [
        None,
        {},
        {"country": "US"},
        {"country": "US", "region": "NY"},
        {"country": "US", "region": "Kreuzberg"},
        {"country": "DE", "region": "CA"},
        {"region": "CA"},
    ],
)
def test_any_other_place_meta_finds_out_by_the_address(
    location: dict[str, str] | None, example: Example, now: float
) -> None:
    assert denied(location, example, now) == (0, 0)
