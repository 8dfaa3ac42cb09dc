"""The codes of a place, however long the texts are in which it is claimed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stages.consent.places import codes_of, compile_places


@pytest.mark.parametrize(
    ("location", "codes"),
    [
        ({}, ("", "")),
        ({"country": "de"}, ("DE", "")),
        ({"country": "uk"}, ("GB", "")),
        ({"country": "US", "region": "ca"}, ("US", "US-CA")),
        ({"country": "us", "region": "us-ca"}, ("US", "US-CA")),
        ({"region": "US-CA"}, ("US", "US-CA")),
        ({"country": "XX", "region": "CA"}, ("", "")),
        ({"country": "US", "region": "California"}, ("US", "")),
        ({"country": "EU"}, ("EEA", "")),
    ],
)
def test_codes(location: dict[str, str], codes: tuple[str, str]) -> None:
    assert codes_of(location) == codes


@given(
    country=st.sampled_from(["US", "USA", "DE"]),
    region=st.sampled_from(["CA", "US-CA", ""]),
    more=st.text(min_size=7, max_size=30),
)
def test_a_longer_text_is_no_code(country: str, region: str, more: str) -> None:
    assert codes_of({"country": country + more, "region": region}) == ("", "")
    assert codes_of({"country": country, "region": region + more})[1] == ""


@pytest.mark.parametrize("country", ["", "XX", "T1", "Atlantis"])
def test_what_is_not_known_counts_as_there(country: str) -> None:
    assert compile_places(["US-CA", "DE"])({"country": country}) is True
