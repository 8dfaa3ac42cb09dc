"""The default of each consent type in each place.

A place that is unknown, or not known precisely enough, has the strictest default of all places that
it may be.
"""

from collections.abc import Callable, Mapping

from gateway.event.consent import CONSENT_TYPES
from gateway.stages.consent.places import GROUPS, Location, codes_of, countries_of
from gateway.stages.consent.settings import ConsentSettings, Defaults
from gateway.stages.consent.types import States

EVERYWHERE = ""
"""The place of visitors who are in none of the configured places."""

UNKNOWN = "?"
"""The place of visitors with an unknown location."""

_REGION_UNKNOWN = "-?"
"""Suffix of a country in which regions have defaults of their own."""


def defaults_by_place(settings: ConsentSettings) -> dict[str, States]:
    """The complete defaults of each place that can occur: the configured places, the members of
    configured groups, the countries of configured regions, every group, `EVERYWHERE` and
    `UNKNOWN`."""
    stated: dict[str, States] = {
        place: states_in(region.default) for region in settings.regions for place in region.places
    }
    general = states_in(settings.default)
    table: dict[str, States] = {EVERYWHERE: general}
    for country in countries_of([*stated]):
        table[country] = {**general, **_of_groups(country, stated), **stated.get(country, {})}
    regions = [place for place in stated if "-" in place]
    for region in regions:
        table[region] = {**table[region[:2]], **stated[region]}
    for country in {region[:2] for region in regions}:
        inside = [table[region] for region in regions if region[:2] == country]
        table[unknown_region_of(country)] = _strictest([table[country], *inside])
    for group, members in GROUPS.items():
        table[group] = _strictest([_of_country(table, member) for member in members])
    unknown = states_in(settings.unknown_place or {})
    table[UNKNOWN] = {**_strictest([*table.values()]), **unknown}
    return table


def states_in(defaults: Defaults) -> States:
    """`defaults` as a plain mapping."""
    return dict(defaults.items())


def unknown_region_of(country: str) -> str:
    """The place of visitors with a known `country` and an unknown region, if regions differ."""
    return country + _REGION_UNKNOWN


def _of_groups(country: str, stated: Mapping[str, States]) -> States:
    return {
        name: state
        for group, members in GROUPS.items()
        if group in stated and country in members
        for name, state in stated[group].items()
    }


def _of_country(table: Mapping[str, States], country: str) -> States:
    return table.get(unknown_region_of(country)) or table.get(country) or table[EVERYWHERE]


def _strictest(all_states: list[States]) -> States:
    """The strictest state of each type; a type that is missing somewhere is not granted."""
    strictest: dict[str, str] = {}
    for name in CONSENT_TYPES:
        states = {each.get(name) for each in all_states}
        if "denied" in states:
            strictest[name] = "denied"
        elif states == {"granted"}:
            strictest[name] = "granted"
    return strictest


def compile_place(table: Mapping[str, States]) -> Callable[[Location], str]:
    """A function from a location to the most specific place in `table`: its region, its country,
    or `EVERYWHERE`; `UNKNOWN` for a location without a country."""

    def place_of(location: Location) -> str:
        country, region = codes_of(location)
        if country in GROUPS:
            return country
        if not country:
            return UNKNOWN
        if not region and unknown_region_of(country) in table:
            return unknown_region_of(country)
        if region and region in table:
            return region
        return country if country in table else EVERYWHERE

    return place_of


def in_words(place: str) -> str:
    """The default of `place`, as the trace names it."""
    if place == EVERYWHERE:
        return "default"
    if place == UNKNOWN:
        return "default for an unknown place"
    if place.endswith(_REGION_UNKNOWN):
        return f"default for an unknown region of {place.removesuffix(_REGION_UNKNOWN)}"
    return f"default for {place}"
