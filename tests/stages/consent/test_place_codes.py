"""The codes of a place, read from texts of any length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.stages.consent import RegionDefault
from gateway.stages.consent.places import codes_of, compile_places

NO_STATES = ("06", "6", "US-06", "CAL", "XX", "ZZ", "NA", "0", "FR", "QC")
"""The first two are California's FIPS code."""


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
        ({"country": "Germany"}, ("DE", "")),
        ({"country": " united states of america ", "region": "NY"}, ("US", "US-NY")),
        ({"country": "deu"}, ("DE", "")),
        ({"country": "DE-BE"}, ("DE", "DE-BE")),
        ({"country": "us-ny", "region": "ca"}, ("US", "US-CA")),
        ({"country": "UK-ENG"}, ("GB", "GB-ENG")),
        ({"country": "DE-XX"}, ("DE", "")),
        ({"country": "XX-DE"}, ("", "")),
        ({"country": "-Germany."}, ("", "")),
        *(({"country": none}, ("", "")) for none in ("N/A", "n.a", "n-a", "N\\A")),
        ({"country": "US", "region": "PR"}, ("US", "US-PR")),
        ({"country": "CA", "region": "qc"}, ("CA", "CA-QC")),
        ({"country": "CA", "region": "CA-QC"}, ("CA", "CA-QC")),
        *(({"country": "US", "region": none}, ("US", "")) for none in NO_STATES),
        *(({"country": "CA", "region": none}, ("CA", "")) for none in ("QUE", "PQ", "24", "CA")),
        *(({"country": "DE", "region": none}, ("DE", "")) for none in ("XX", "ZZ", "0", "00")),
        *(({"country": "FR", "region": known}, ("FR", f"FR-{known}")) for known in ("75", "IDF")),
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


@pytest.mark.parametrize("region", NO_STATES)
def test_a_region_that_is_no_state_may_be_any(region: str) -> None:
    location = {"country": "US", "region": region}
    assert compile_places(["US-CA"])(location) is True
    assert compile_places(["CA-QC"])(location) is False


@pytest.mark.parametrize("place", ["US-06", "US-CAL", "CA-PQ", "US-XX", "DE-0"])
def test_a_region_that_can_match_nobody_cannot_be_configured(place: str) -> None:
    with pytest.raises(ValidationError, match="is not a place"):
        RegionDefault.model_validate({"in": [place], "default": {}})
