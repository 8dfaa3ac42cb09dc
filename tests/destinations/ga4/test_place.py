"""A client's location is sent once, in codes that exist."""

from typing import Any

import pytest

from tests.destinations.conftest import Example
from tests.support.ga4_destination import remarks_about, sent


@pytest.mark.parametrize(
    ("ip", "location", "place"),
    [
        ("203.0.113.7", {"country": "DE"}, {"ip_override": "203.0.113.7"}),
        (
            "203.0.113.7",
            {"country": "US", "region": "CA"},
            {"user_location": {"country_id": "US", "region_id": "US-CA"}},
        ),
        (
            None,
            {"country": "US", "region": "US-CA", "city": "Fresno"},
            {"user_location": {"country_id": "US", "region_id": "US-CA", "city": "Fresno"}},
        ),
        (None, {"country": "Germany"}, {"user_location": {"country_id": "DE"}}),
        (None, {"region": "CA"}, {}),
        (None, None, {}),
    ],
)
def test_the_place_is_told_once_and_as_well_as_it_is_known(
    ip: str | None,
    location: dict[str, str] | None,
    place: dict[str, Any],
    example: Example,
    now: float,
) -> None:
    body = sent(example("contact", ip_override=ip, event_location=location), now)
    assert {key: body[key] for key in body if key in ("ip_override", "user_location")} == place


@pytest.mark.parametrize(
    ("location", "place", "remarked"),
    [
        ({"country": "US", "region": "California"}, {"region_id": "US-CA"}, []),
        ({"country": "DE", "region": "de-by"}, {"region_id": "DE-BY"}, []),
        ({"country": "DE", "region": "Bavaria"}, {}, ["region"]),
        ({"country": "DE", "region": "US-CA"}, {}, ["region"]),
        ({"country": "DE", "city": "x" * 101}, {"city": "x" * 100}, ["city"]),
    ],
)
def test_a_location_has_codes_that_exist(
    location: dict[str, str],
    place: dict[str, str],
    remarked: list[str],
    example: Example,
    now: float,
) -> None:
    event = example("contact", ip_override=None, event_location=location)
    found = sent(event, now)["user_location"]
    assert found == {"country_id": location["country"], **place}
    assert [words.split(":")[0] for words in remarks_about(event, now)] == [
        f"event_location.{name}" for name in remarked
    ]


def test_an_unknown_country_is_no_location(example: Example, now: float) -> None:
    event = example("contact", ip_override=None, event_location={"country": "Atlantis"})
    assert "user_location" not in sent(event, now)
    assert remarks_about(event, now) == [
        "event_location.country: removed because it is not a known country"
    ]
