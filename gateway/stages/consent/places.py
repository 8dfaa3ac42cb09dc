"""Places: ISO 3166 countries, their regions, and groups of countries."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator

from destinations.places import (
    COUNTRY_CODES,
    canadian_province_code,
    country_code,
    us_state_code,
)

COUNTRIES = COUNTRY_CODES | {"XK"}
"""ISO 3166-1 alpha-2, and XK, the code of location services for Kosovo."""

GROUPS = {
    "EEA": frozenset(
        """
        AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK
        AX GF GP MF MQ RE YT
        """.split()  # noqa: SIM905
    )
}
"""EEA: the member states, then their parts that have codes of their own and the same law."""

_MISTAKEN = {"UK": "GB", "EL": "GR", "USA": "US", "EU": "EEA"}
"""Codes that people and address registries write, and the code that they mean."""

_CODES_OF = {"US": us_state_code, "CA": canadian_province_code}
"""For countries with known region codes, the function that reads one. Any other code is a mistake
or of another kind (``06``, ``CAL``), so it may mean any region."""

_ISLANDS = frozenset(("US", region) for region in ("AS", "GU", "MP", "PR", "UM", "VI"))
"""Areas of the USA that have codes in ISO 3166-2:US but are not states."""

_region = re.compile("(?!XX$|ZZ$|0+$)[A-Z0-9]{1,3}").fullmatch
"""A code of ISO 3166-2 without its country, except codes that mean no region."""

_subdivision = re.compile("([A-Za-z]{2})-([A-Za-z0-9]{1,3})").fullmatch

_name = re.compile(r"[^\W\d_].+[^\W\d_]").fullmatch
"""A text that may be the name of a country, or its code of three letters."""

_LONGER_THAN_A_NAME = 64
_REMEMBERED = 1_024

Location = Mapping[str, Any]
"""An event's ``event_location``: ``country`` and ``region`` are texts, and may be missing."""


def _read_place(text: str) -> str:
    code = text.strip().upper()
    country, dash, region = code.partition("-")
    if country in _MISTAKEN:
        raise ValueError(f'"{text}" is not an ISO 3166 code; write "{_MISTAKEN[country]}"')
    if code in GROUPS:
        return code
    if country not in COUNTRIES or (dash and not _is_region(country, region)):
        raise ValueError(
            f'"{text}" is not a place; write an ISO 3166 country ("DE"), a country and region '
            f'("US-CA") or a group ({", ".join(GROUPS)})'
        )
    return code


def _is_region(country: str, region: str) -> bool:
    if not _region(region):
        return False
    code_of = _CODES_OF.get(country)
    return code_of is None or code_of(region) == region or (country, region) in _ISLANDS


Place = Annotated[str, AfterValidator(_read_place)]
"""A place in the configuration: ``DE``, ``US-CA`` or ``EEA``."""


def codes_of(location: Location) -> tuple[str, str]:
    """The country, or group, and the region with its country; each empty when it is not known.

    A country is a code of two or three letters, an English name, or the code of one of its regions.
    A region is read with its country (``US-CA``) and without (``CA``). Codes that mean no country
    or region (``XX``, ``T1``), names of regions, and unknown codes of regions in the USA and Canada
    (``06``) are not known.
    """
    country, region = location.get("country", ""), location.get("region", "")
    return _codes(country[:_LONGER_THAN_A_NAME], region[:_LONGER_THAN_A_NAME])


@lru_cache(_REMEMBERED)
def _codes(country: str, region: str) -> tuple[str, str]:
    country, region = country.strip(), region.strip().upper()
    if not country and region[2:3] == "-":
        country = region[:2]
    if in_country := _subdivision(country):
        country, region = in_country[1], region or in_country[2].upper()
    country = _country(country)
    if not country:
        return "", ""
    region = region.removeprefix(f"{country}-")
    return country, f"{country}-{region}" if _is_region(country, region) else ""


def _country(text: str) -> str:
    """The code of a country or a group; "" if it is not known."""
    code = text.upper()
    code = _MISTAKEN.get(code, code)
    if code in COUNTRIES or code in GROUPS:
        return code
    is_short = sum(map(str.isalpha, text)) < 3  # N/A is not Namibia
    return country_code(text) if _name(text) and not is_short else ""


def countries_of(places: Sequence[str]) -> Iterator[str]:
    """Every country that `places` name: itself, through a group or through one of its regions."""
    for place in places:
        yield from GROUPS.get(place, [place[:2]])


def compile_places(places: Sequence[str]) -> Callable[[Location], bool]:
    """The function that tells whether a location is, or could be, in one of `places`.

    A location without a country could be anywhere; one without a region could be in any region of
    its country.
    """
    regions = frozenset(place for place in places if "-" in place)
    countries = frozenset(countries_of([place for place in places if place not in regions]))
    named = frozenset(countries_of(places))
    vague = named.union(group for group, members in GROUPS.items() if members & named)

    def is_in(location: Location) -> bool:
        country, region = codes_of(location)
        if not country or country in countries or region in regions:
            return True
        return not region and country in vague

    return is_in
