"""What holds in each place when nobody says anything about a consent type."""

from collections.abc import Callable

from gateway.consent.places import GROUPS, Location, codes_of, countries_of
from gateway.consent.settings import ConsentSettings, Defaults

EVERYWHERE = ""
"""The place of those who are in none that the configuration names."""


def defaults_by_place(settings: ConsentSettings) -> dict[str, Defaults]:
    """All that holds in each place that is named, itself or through a group, and `EVERYWHERE`."""
    stated: dict[str, Defaults] = {
        place: region.default for region in settings.regions for place in region.places
    }
    table: dict[str, Defaults] = {EVERYWHERE: settings.default}
    for place in [*countries_of([*stated]), *(GROUPS.keys() & stated.keys())]:
        table[place] = {
            **settings.default,
            **_of_groups(place, stated),
            **stated.get(place, {}),
        }
    for place in stated:
        if "-" in place:
            table[place] = {**table[place[:2]], **stated[place]}
    return table


def _of_groups(country: str, stated: dict[str, Defaults]) -> Defaults:
    return {
        name: state
        for group, members in GROUPS.items()
        if group in stated and country in members
        for name, state in stated[group].items()
    }


def compile_place(table: dict[str, Defaults]) -> Callable[[Location], str]:
    """The closest place of `table` for a location: its region, its country, or `EVERYWHERE`."""

    def place_of(location: Location) -> str:
        country, region = codes_of(location)
        if region and region in table:
            return region
        return country if country in table else EVERYWHERE

    return place_of
