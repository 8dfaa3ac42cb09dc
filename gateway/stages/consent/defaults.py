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
"""The place of those who are in none that the configuration names."""

UNKNOWN = "?"
"""The place of visitors with an unknown location."""

_REGION_UNKNOWN = "-?"
"""Behind a country of which regions have defaults of their own."""


def defaults_by_place(settings: ConsentSettings) -> dict[str, States]:
    """All that holds in each place that is named, itself or through a group, in every group, in
    countries of which only regions are named, `EVERYWHERE` and where the place is `UNKNOWN`."""
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
    """The same, of plain texts."""
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
    """Each type's strictest state. To be missing somewhere is stricter than to be granted."""
    strictest: dict[str, str] = {}
    for name in CONSENT_TYPES:
        states = {each.get(name) for each in all_states}
        if "denied" in states:
            strictest[name] = "denied"
        elif states == {"granted"}:
            strictest[name] = "granted"
    return strictest


def compile_place(table: Mapping[str, States]) -> Callable[[Location], str]:
    """The closest place of `table` for a location: its region, its country, `EVERYWHERE`, or
    `UNKNOWN` for one without a country."""

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
